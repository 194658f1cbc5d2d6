"""Plans add up, keep to budgets, and survive being written down."""

import json
import math
from dataclasses import replace

import pytest

from handful.foundation.budget import seconds
from handful.foundation.errors import InputError
from handful.foundation.hardware import Tariff
from handful.learn.train.counts import Counts, Files, Pace
from handful.learn.train.history import Lessons
from handful.learn.train.plan import (
    Estimate,
    Plan,
    Prices,
    budget_text,
    choose,
    enough,
    estimate,
    finish,
)

IMAGE = Files(
    items=100,
    fresh=40,
    labelled=60,
    widths={"hog": 5000},
    fitted_on=100,
    read_s=0.01,
    encode_s=0.02,
    fit_s=0.5,
)
COUNTS = Counts(
    files={"image": IMAGE},
    items=100,
    labelled=60,
    classes=3,
    groups=12,
    rungs=("kernel_sum",),
    baselines=("boosting", "majority"),
)


def way(
    counts: Counts = COUNTS, pace: Pace | None = None, lessons: Lessons | None = None
) -> Estimate:
    return estimate("fast", counts, pace or Pace(), lessons or Lessons())


def plan(found: Estimate, budget_s: float | None = 60.0, tariff: Tariff | None = None) -> Plan:
    return finish(
        found,
        Lessons(),
        Prices(tariff or Tariff()),
        labels="grade",
        blocks={"image": ("hog",)},
        why="Because.",
        because="Fast towers.",
        budget_s=budget_s,
        smallest_s=10.0,
        advice=("more time",),
    )


def test_stages_add_up() -> None:
    found = way()
    assert [stage.name for stage in found.stages] == [
        "encode image",
        "align",
        "ladder",
        "baselines",
        "save",
    ]
    assert found.cpu_s == pytest.approx(sum(stage.cpu_s for stage in found.stages))
    assert found.wall_s == pytest.approx(sum(stage.wall_s for stage in found.stages))
    bare = {part: cpu_s for part, cpu_s in found.bare.items() if part != "memory"}
    assert found.cpu_s == pytest.approx(sum(bare.values()))


def test_leaving_the_baselines_out_saves_their_stage() -> None:
    without = way(replace(COUNTS, baselines=()))
    stage = next(stage for stage in way().stages if stage.name == "baselines")
    assert way().cpu_s - without.cpu_s == pytest.approx(stage.cpu_s)


def test_without_labels_nothing_is_learned_from_them() -> None:
    nothing = replace(
        COUNTS, labelled=0, classes=0, groups=0, files={"image": replace(IMAGE, labelled=0)}
    )
    assert [stage.part for stage in way(nothing).stages] == ["encode", "align", "save"]
    assert plan(way(nothing)).baselines == ()


def test_encoding_is_reading_fitting_and_the_fresh_files() -> None:
    all_cached = way(replace(COUNTS, files={"image": replace(IMAGE, fresh=0)}))
    saved = way().stages[0].cpu_s - all_cached.stages[0].cpu_s
    assert saved == pytest.approx(40 * (0.01 + 0.02) + 4.5e-8 * 40 * 5000)
    assert "all 100 are in the cache" in all_cached.stages[0].note
    assert way().stages[0].note == "40 of 100 to encode"


def test_a_busy_machine_takes_longer_on_the_wall_and_as_much_core_time() -> None:
    idle, busy = way(), way(pace=Pace(share=0.25))
    assert busy.cpu_s == pytest.approx(idle.cpu_s)
    assert busy.stages[2].wall_s == pytest.approx(4 * idle.stages[2].wall_s)
    assert busy.free_s == pytest.approx(idle.free_s)
    assert way(pace=Pace(threads=4)).wall_s < idle.wall_s


def test_the_past_corrects_its_part_only() -> None:
    twice = way(lessons=Lessons(ratios={"ladder": 2.0}))
    assert twice.stages[2].cpu_s == pytest.approx(2 * way().stages[2].cpu_s)
    assert twice.stages[1].cpu_s == pytest.approx(way().stages[1].cpu_s)
    assert twice.bare == way().bare


def cheap(wall_s: float) -> Estimate:
    return way()._replace(wall_s=wall_s)


def test_the_best_that_fits_is_chosen_and_the_quickest_when_none_does() -> None:
    ways = [cheap(90.0), cheap(40.0), cheap(60.0), cheap(20.0)]
    assert choose(ways, 100.0) is ways[0]
    assert choose(ways, 90.0) is ways[0]
    assert choose(ways, 89.0) is ways[1]
    assert choose(ways, 30.0) is ways[3]
    assert choose(ways, 1.0) is ways[3]


@pytest.mark.parametrize(
    ("needed", "round_one", "text"),
    [
        (0.2, 10.0, "10s"),
        (41.0, 50.0, "50s"),
        (61.0, 120.0, "2min"),
        (1300.0, 1800.0, "30min"),
        (3600.0, 3600.0, "1h"),
    ],
)
def test_budgets_are_round_enough_and_readable(needed: float, round_one: float, text: str) -> None:
    assert enough(needed) == round_one >= needed
    assert budget_text(round_one) == text
    assert seconds(text) == round_one


def test_whether_it_fits_and_how_sure_that_is() -> None:
    found = plan(way(), budget_s=way().wall_s)
    assert found.fits
    assert not plan(way(), budget_s=0.9 * way().wall_s).fits
    assert plan(way(), budget_s=None).fits
    assert found.wall_low_s < found.wall_s < found.wall_high_s
    assert math.sqrt(found.wall_low_s * found.wall_high_s) == pytest.approx(found.wall_s)
    busy = plan(way(pace=Pace(share=0.25)))
    assert busy.wall_low_s == pytest.approx(found.wall_low_s, rel=0.05)


def test_energy_and_money_follow_the_tariff() -> None:
    found = plan(way(), tariff=Tariff(price_per_kwh=0.36, price_per_hour=3.6, watts_per_core=5.0))
    assert found.energy_j == pytest.approx(5.0 * found.cpu_s)
    assert found.money == pytest.approx(found.energy_j * 1e-7 + found.wall_s * 1e-3)
    assert found.energy_mode == "estimated"


def test_a_plan_survives_being_written_down() -> None:
    found = plan(way())
    data = json.loads(json.dumps(found.as_dict()))
    assert Plan.from_dict(data) == found
    assert data["disk_bytes"] == found.cache_bytes + found.run_bytes
    assert data["fits"] is found.fits


@pytest.mark.parametrize("damage", ["stages", "wall_s", "blocks"])
def test_a_damaged_plan_is_refused(damage: str) -> None:
    data = plan(way()).as_dict()
    del data[damage]
    with pytest.raises(InputError, match="kept plan cannot be used"):
        Plan.from_dict(data)
