"""The cost model: monotone, additive, and equal to a naive sum over turns and rungs."""

import math
from dataclasses import replace
from typing import Any

import pytest

from handful.learn.train import costs
from handful.learn.train.costs import Lesson
from handful.learn.train.counts import Counts, Files, Pace, Work

PACE = Pace()


def files(items: int, labelled: int, width: int = 1000) -> Files:
    return Files(
        items=items,
        fresh=items,
        labelled=labelled,
        widths={"hog": width},
        fitted_on=min(items, 400),
        read_s=0.001,
        encode_s=0.01,
        fit_s=1.0,
    )


def lesson(
    items: float,
    classes: int = 4,
    folds: int = 5,
    has_shared: bool = False,
    network_s: float = 20.0,
) -> Lesson:
    return Lesson(
        items={"text": items, "image": items / 2},
        classes=classes,
        folds=folds,
        widths={"text": 2000, "image": 9000},
        has_shared=has_shared,
        network_s=network_s,
    )


def counts(**changes: Any) -> Counts:
    base = Counts(
        files={"image": files(500, 300)},
        items=500,
        labelled=300,
        classes=4,
        groups=40,
        rungs=("kernel_sum", "logistic_joint"),
        baselines=("majority", "boosting"),
    )
    return replace(base, **changes)


@pytest.mark.parametrize("name", [*costs.RUNGS, "a_rung_of_tomorrow"])
def test_more_items_or_classes_never_cost_less(name: str) -> None:
    # Plenty for networks: attention is not tried where its budget is small for the items.
    by_items = [
        PACE.seconds(costs.rung(name, lesson(items, network_s=600)))
        for items in (20, 100, 500, 3000)
    ]
    by_classes = [
        PACE.seconds(costs.rung(name, lesson(300, classes, network_s=600)))
        for classes in (2, 5, 40)
    ]
    assert by_items == sorted(by_items)
    assert by_classes == sorted(by_classes)
    assert by_items[0] > 0


def test_attention_costs_nothing_where_its_budget_buys_too_few_passes() -> None:
    little, plenty = (
        costs.rung("attention_fusion", lesson(450, network_s=budget)) for budget in (2, 60)
    )
    assert PACE.seconds(little) < 0.01 < 10 < PACE.seconds(plenty)


def test_shared_latents_are_tried_at_three_weights() -> None:
    alone = PACE.seconds(costs.rung("logistic_joint", lesson(200)))
    shared = PACE.seconds(costs.rung("logistic_joint", lesson(200, has_shared=True)))
    assert shared == pytest.approx(3 * alone)


def test_twice_the_speed_is_half_the_time() -> None:
    work = Work(numbers_s=3.0, steps_s=1.0)
    quick = Pace(gflops=2 * PACE.gflops, mops=2 * PACE.mops)
    assert PACE.seconds(work) == pytest.approx(4.0)
    assert quick.seconds(work) == pytest.approx(2.0)
    assert replace(PACE, gflops=2 * PACE.gflops).seconds(work) == pytest.approx(1.5 + 0.5**0.5)


def test_baselines_are_learned_in_every_turn() -> None:
    part = Lesson(items={"image": 240.0}, classes=4, folds=5, widths={"image": 1000})
    one = sum(PACE.seconds(costs.rung(name, part)) for name in ("majority", "boosting"))
    assert PACE.seconds(costs.baselines(counts())) == pytest.approx(5 * one)


def test_a_ladder_of_one_modality_is_its_turns_and_the_last_choice() -> None:
    told = counts(rungs=("kernel_sum",))
    turn = PACE.seconds(costs.ridge(240, 4, 5))
    last = PACE.seconds(costs.ridge(300, 4, 5))
    around = PACE.seconds(costs.kernels(told)) + PACE.seconds(costs.deal(told))
    decide = 7e-5 * 300 * 2 + PACE.seconds(costs.answers(told))
    assert PACE.seconds(costs.ladder(told)) == pytest.approx(around + 5 * turn + last + decide)


def test_two_modalities_are_also_tried_alone_by_the_rungs_that_speak_of_one() -> None:
    both = counts(
        files={"text": files(500, 300), "image": files(500, 300)},
        rungs=("kernel_sum", "calibrated_product"),
        pairs=500,
    )
    shy = replace(both, shy=("calibrated_product",))
    single = Lesson(
        items={"text": 240.0}, classes=4, folds=5, widths={"text": 1000}, has_shared=True
    )
    saved = 2 * 5 * PACE.seconds(costs.rung("calibrated_product", single))
    difference = PACE.seconds(costs.ladder(both)) - PACE.seconds(costs.ladder(shy))
    assert difference == pytest.approx(saved)


def test_too_few_groups_leave_only_the_last_choice() -> None:
    assert counts(groups=2).turns == 0
    assert PACE.seconds(costs.baselines(counts(groups=2))) == 0
    assert PACE.seconds(costs.ladder(counts(groups=2))) < PACE.seconds(costs.ladder(counts()))
    assert counts(groups=4).turns == 4


def test_fits_that_take_samples_cost_no_more_samples_once_they_have_all() -> None:
    known = costs.FITS["fisher_colour"]
    full = costs.fit("fisher_colour", 400)
    half = costs.fit("fisher_colour", known.full_at // 2)
    assert full is not None
    assert half is not None
    assert PACE.seconds(full) == pytest.approx(
        PACE.seconds(known.work) + 400 * known.file_s, rel=1e-9
    )
    assert PACE.seconds(half) < PACE.seconds(full)
    assert costs.fit("lab", 400) is None


def test_aligning_more_modalities_or_items_costs_more() -> None:
    one = PACE.seconds(costs.align(counts()))
    pair = counts(files={"text": files(500, 300), "image": files(500, 300)}, pairs=400)
    assert PACE.seconds(costs.align(pair)) > 2 * one
    without = PACE.seconds(costs.align(replace(pair, pairs=0)))
    assert without == pytest.approx(2 * one)
    sizes = [PACE.seconds(costs.align(counts(files={"image": files(n, 0)}))) for n in (9, 90, 900)]
    assert sizes == sorted(sizes)


def test_rows_in_the_cache_are_only_read() -> None:
    fresh, cached = costs.keep(100, 100, 5000), costs.keep(100, 0, 5000)
    assert PACE.seconds(fresh) > PACE.seconds(cached) > 0
    assert math.isclose(fresh.numbers_s - cached.numbers_s, 4.5e-8 * 100 * 5000)


def test_a_network_costs_no_more_than_it_is_given() -> None:
    long = replace(lesson(5000), network_s=100.0)
    short = replace(lesson(5000), network_s=2.0)
    more = PACE.seconds(costs.rung("conv_scratch", long))
    assert more > PACE.seconds(costs.rung("conv_scratch", short))
    assert costs.network_s(300.0) == 3.0
    assert (costs.network_s(1.0), costs.network_s(1e6)) == (2.0, 60.0)
