"""Climbing the ladder: no leaks, fair choices, every row of the table, and what cannot be kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.foundation.errors import InputError, MissingExtraError
from handful.learn.model.latents import Config as LatentsConfig
from handful.learn.model.latents import Latents
from handful.learn.routes import adapt, arms, calibrating, ladder
from handful.learn.routes.adapt import Climb, climb
from handful.learn.routes.arms import OURS, Arm
from handful.learn.rungs.base import Evidence, Head, Learned, Lesson, Rung
from handful.learn.rungs.majority import Config as MajorityConfig
from handful.learn.rungs.majority import Majority, MajorityHead
from handful.numerics.linear import folds
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.folds import Folds, split
from handful.numerics.linear.kernels import Config as KernelConfig
from handful.numerics.linear.kernels import KernelSum, Parts

FAST: ladder.Settings = {
    "attention_fusion": {"budget_s": 0.1},
    "boosting": {"rounds": 5},
    "conv_scratch": {"budget_s": 0.1, "batch": 8},
}
Values = dict[str, NDArray[np.float64]]
Presence = dict[str, NDArray[np.bool_]]


def lesson_of(
    values: Values, labels: NDArray[np.integer], present: Presence | None = None, extra: int = 0
) -> Lesson:
    """A lesson on the first items; the last `extra` ones are there without labels."""
    count = len(labels)
    held = present or {name: np.ones(count + extra, dtype=bool) for name in values}
    views = {
        name: {"only": Block(values=table.astype(np.float32), present=held[name])}
        for name, table in values.items()
    }
    own = {name: {"only": named["only"].take(np.arange(count))} for name, named in views.items()}
    latents = Latents.fit(views, LatentsConfig(width=16))
    kernels = KernelSum.fit(own, KernelConfig(), seed=0)
    evidence = Evidence(kernels=kernels.train(), latents=latents.of(own), views=own)
    classes = tuple(f"class {number}" for number in range(int(labels.max()) + 1))
    return Lesson(evidence=evidence, labels=labels.astype(np.intp), classes=classes, folds=None)


def arm(found: Climb, name: str) -> Arm:
    return next(arm for arm in found.arms if arm.name == name)


def accuracy(said: NDArray[np.float64], labels: NDArray[np.integer]) -> float:
    return float((said.argmax(axis=1) == labels).mean())


def noise(items: int, seed: int, width: int = 6) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(items, width))


# --- nothing leaks -------------------------------------------------------------------------


def burst(groups: int, each: int) -> tuple[Lesson, NDArray[np.intp]]:
    """Pictures taken in bursts: they show which burst it is and nothing of the class."""
    group_of = np.repeat(np.arange(groups), each)
    own = np.random.default_rng(1).normal(size=(groups, 8))
    labels = np.random.default_rng(2).permutation(np.arange(groups) % 2)[group_of]
    picture = 5 * own[group_of] + 0.1 * noise(len(labels), 3, 8)
    return lesson_of({"image": picture, "text": noise(len(labels), 4)}, labels), group_of


def test_what_tells_groups_apart_is_worth_nothing_on_unseen_groups() -> None:
    lesson, group_of = burst(groups=60, each=3)
    honest = climb(lesson, group_of, count=3, settings=FAST)
    fooled = climb(lesson, None, count=3, settings=FAST, with_baselines=False)
    assert accuracy(arm(fooled, OURS).held_out, lesson.labels) > 0.9
    assert accuracy(arm(honest, OURS).held_out, lesson.labels) < 0.7
    for name in ("image alone", "kernel_sum", "logistic_joint", "calibrated_product"):
        assert accuracy(arm(honest, name).held_out, lesson.labels) < 0.7
    said = arm(honest, OURS).held_out[np.arange(len(lesson)), lesson.labels]
    assert np.log(said).mean() > np.log(0.5) - 0.25  # and it knows that it does not know


class _BlindFolds:
    """Folds that do not depend on labels, so that labels can be changed without moving them."""

    @staticmethod
    def split(labels: Any, groups: Any, **wanted: int) -> Folds:
        return folds.split(None, groups, **wanted)

    @staticmethod
    def nested(labels: Any, groups: Any, **wanted: int) -> list[folds.Nested]:
        return folds.nested(None, groups, **wanted)


def test_the_labels_of_held_out_groups_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapt, "fold_room", _BlindFolds)
    lesson, group_of = burst(groups=20, each=2)
    before = climb(lesson, group_of, count=3, settings=FAST)
    assert before.folds is not None
    held_out = before.folds.assignment == 0
    turned = np.where(held_out, 1 - lesson.labels, lesson.labels)
    after = climb(replace(lesson, labels=turned), group_of, count=3, settings=FAST)
    for one, other in zip(before.arms, after.arms, strict=True):
        np.testing.assert_array_equal(one.held_out[held_out], other.held_out[held_out])


# --- fusion and sharing --------------------------------------------------------------------


def test_modalities_that_each_know_one_thing_win_together() -> None:
    labels = np.arange(120) % 4
    text, image = 3.0 * (labels % 2), 3.0 * (labels // 2)
    values = {"text": noise(120, 0), "image": noise(120, 1)}
    values["text"][:, 0] += text
    values["image"][:, 0] += image
    found = climb(lesson_of(values, labels), None, count=3, settings=FAST)
    ours = accuracy(arm(found, OURS).held_out, labels)
    alone = max(accuracy(arm(found, f"{name} alone").held_out, labels) for name in values)
    assert alone < 0.6
    assert ours > alone + 0.25


def shared_world(seed: int, labelled: int, extra: int) -> tuple[Lesson, Lesson]:
    """What both modalities tell is the class; what each sees alone is large and says nothing.

    Returns:
        The lesson with unlabelled pairs, and the same labels without them.
    """
    dice = np.random.default_rng(seed)
    count = labelled + extra
    labels = np.arange(count) % 4
    centres = dice.normal(size=(4, 3)) * 2
    values = {}
    for name in ("text", "image"):
        common = centres[labels] + 0.6 * dice.normal(size=(count, 3))
        values[name] = np.hstack([common, 5 * dice.normal(size=(count, 13))])
    few = {name: table[:labelled] for name, table in values.items()}
    return (
        lesson_of(values, labels[:labelled], extra=extra),
        lesson_of(few, labels[:labelled]),
    )


def test_unlabelled_pairs_help_where_modalities_share_the_class() -> None:
    gains = []
    for seed in range(2):
        paired, unpaired = shared_world(seed, labelled=20, extra=200)
        with_pairs = climb(paired, None, count=3, with_baselines=False)
        without = climb(unpaired, None, count=3, with_baselines=False)
        gains.append(
            accuracy(arm(with_pairs, OURS).held_out, paired.labels)
            - accuracy(arm(without, OURS).held_out, unpaired.labels)
        )
    assert np.mean(gains) > 0.2


# --- the table -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lacking() -> tuple[Lesson, NDArray[np.intp], Climb]:
    """Three modalities that tell the class, each missing from some items."""
    labels = np.arange(60) % 3
    values, present = {}, {}
    dice = np.random.default_rng(5)
    for seed, name in enumerate(("text", "image", "audio")):
        values[name] = noise(60, seed) + 2 * np.eye(3, 6)[labels]
        present[name] = dice.random(60) < 0.7
    present["text"] |= ~(present["image"] | present["audio"])
    lesson = lesson_of(values, labels, present)
    groups = (np.arange(60) // 3).astype(np.intp)
    return lesson, groups, climb(lesson, groups, count=3, settings=FAST)


def test_every_way_has_a_row_and_every_item_an_answer(
    lacking: tuple[Lesson, NDArray[np.intp], Climb],
) -> None:
    _, _, found = lacking
    assert [each.name for each in found.arms] == [
        OURS,
        "text alone",
        "image alone",
        "audio alone",
        "average",
        "kernel_sum",
        "kernel_pairs",
        "logistic_joint",
        "calibrated_product",
        "prototypes",
        "boosting",
        "concatenation",
        "late_fusion",
        "majority",
    ]
    for each in found.arms:
        assert each.held_out.shape == (60, 3)
        np.testing.assert_allclose(each.held_out.sum(axis=1), 1, atol=1e-9)
        assert each.cpu_s >= 0
    assert arm(found, "logistic_joint").note.startswith("penalty")
    assert arm(found, OURS).cpu_s > 0


def test_single_modalities_say_the_prior_of_items_that_lack_them(
    lacking: tuple[Lesson, NDArray[np.intp], Climb],
) -> None:
    lesson, _, found = lacking
    assert found.folds is not None
    image = lesson.evidence.present("image")
    said = arm(found, "image alone").held_out
    for train, test in found.folds:
        counts = np.bincount(lesson.labels[train], minlength=3) + 1
        blind = test[~image[test]]
        np.testing.assert_allclose(said[blind], np.tile(counts / counts.sum(), (len(blind), 1)))
    assert accuracy(said[image], lesson.labels[image]) > 0.6


def test_a_single_modality_is_what_it_would_be_without_the_others(
    lacking: tuple[Lesson, NDArray[np.intp], Climb],
) -> None:
    lesson, groups, found = lacking
    assert found.folds is not None
    train, test = next(iter(found.folds))
    alone = lesson.evidence.alone("image")
    rows, seen = (part[alone.present("image")[part]] for part in (train, test))
    inner = split(lesson.labels[train], groups[train], items=len(train), count=3, seed=0)
    held = alone.present("image")[train]
    own = Lesson(
        evidence=alone.take(rows, rows),
        labels=lesson.labels[rows],
        classes=lesson.classes,
        folds=replace(inner, assignment=inner.assignment[held]),
    )
    able = [rung for rung in ladder.rungs(baselines=False) if not rung.needs_several]
    chosen = ladder.choose(able, own, groups[rows])
    expected = chosen.learned.head.probabilities(alone.take(seen, rows))
    np.testing.assert_allclose(arm(found, "image alone").held_out[seen], expected, atol=1e-12)


def test_answers_for_every_subset(lacking: tuple[Lesson, NDArray[np.intp], Climb]) -> None:
    lesson, _, found = lacking
    assert len(found.subsets) == 7
    for subset, said in found.subsets.items():
        held = np.any([lesson.evidence.present(name) for name in subset], axis=0)
        assert np.isnan(said[~held]).all()
        np.testing.assert_allclose(said[held].sum(axis=1), 1, atol=1e-9)
        assert accuracy(said[held], lesson.labels[held]) > 0.55
    everything = ("text", "image", "audio")
    assert found.temperature is not None
    whole = calibrating.apply(found.temperature, everything, arm(found, OURS).held_out)
    np.testing.assert_allclose(found.subsets[everything], whole)


def test_the_final_head_learned_from_all_labels(
    lacking: tuple[Lesson, NDArray[np.intp], Climb],
) -> None:
    lesson, _, found = lacking
    said = found.learned.head.probabilities(lesson.evidence)
    assert accuracy(said, lesson.labels) > accuracy(arm(found, OURS).held_out, lesson.labels)
    assert found.learned.held_out is not None
    assert not found.rung.is_baseline
    assert found.reason
    assert found.notes == ()


def test_the_same_seed_gives_the_same_table(
    lacking: tuple[Lesson, NDArray[np.intp], Climb],
) -> None:
    lesson, groups, found = lacking
    again = climb(lesson, groups, count=3, settings=FAST)
    for one, other in zip(found.arms, again.arms, strict=True):
        np.testing.assert_array_equal(one.held_out, other.held_out)
    assert found.rung.name == again.rung.name


def test_without_baselines_no_modality_has_a_row_of_its_own() -> None:
    labels = np.arange(30) % 2
    values = {name: noise(30, seed) for seed, name in enumerate(("text", "image"))}
    lesson = lesson_of(values, labels)
    found = climb(lesson, None, count=3, with_baselines=False)
    names = [each.name for each in found.arms]
    rungs = ladder.able(ladder.rungs(baselines=False), lesson)
    without_pairs = [r.name for r in rungs if r.name != "attention_fusion"]  # from 100 labels on
    assert names == [OURS, *without_pairs]
    assert list(found.subsets) == [("text",), ("image",), ("text", "image")]


def test_one_modality_has_no_row_of_its_own() -> None:
    labels = np.arange(30) % 2
    values = {"text": noise(30, 0) + 2 * np.eye(2, 6)[labels]}
    found = climb(lesson_of(values, labels), None, count=3, with_baselines=False)
    assert [each.name for each in found.arms] == [
        OURS,
        "average",
        "kernel_sum",
        "logistic_joint",
        "calibrated_product",
        "prototypes",
    ]
    assert list(found.subsets) == [("text",)]


def test_progress_counts_up_to_the_end() -> None:
    labels = np.arange(30) % 2
    steps: list[tuple[str, int, int]] = []
    climb(
        lesson_of({"text": noise(30, 0), "image": noise(30, 1)}, labels),
        None,
        count=3,
        settings=FAST,
        on_step=lambda what, done, total: steps.append((what, done, total)),
    )
    done = [step for _, step, _ in steps]
    assert done == sorted(done)
    assert {total for *_, total in steps} == {steps[-1][1]}
    assert steps[0][0] == "measuring ours on held-out groups"
    assert steps[-1][0] == "learned"


# --- what cannot be kept -------------------------------------------------------------------


@pytest.mark.parametrize("groups", [1, 2])
def test_too_few_groups_give_notes_and_no_table(groups: int) -> None:
    labels = np.arange(24) // 2 % 2
    values = {"text": noise(24, 0) + 3 * np.eye(2, 6)[labels], "image": noise(24, 1)}
    lesson = lesson_of(values, labels)
    found = climb(lesson, np.arange(24) % groups)
    assert found.arms == ()
    assert found.subsets == {}
    assert found.folds is None
    assert "nothing was measured" in " ".join(found.notes).lower()
    said = found.learned.head.probabilities(lesson.evidence)
    assert accuracy(said, labels) > 0.8
    assert (found.learned.held_out is None) == (groups == 1)


def test_a_class_that_lives_in_one_group_gives_a_note() -> None:
    labels = np.repeat([0, 1], 12)
    lesson = lesson_of({"text": noise(24, 0), "image": noise(24, 1)}, labels)
    found = climb(lesson, np.repeat([0, 1, 2, 3], [4, 4, 4, 12]))
    assert found.arms == ()
    assert any("too few classes" in note for note in found.notes)


def test_one_label_per_class_measures_nothing_and_guesses_well() -> None:
    labels = np.arange(3)
    values = {name: noise(43, seed) for seed, name in enumerate(("text", "image"))}
    found = climb(lesson_of(values, labels, extra=40), None)
    assert found.arms == ()
    assert found.rung.name in ("average", "kernel_sum")
    assert "few" in found.reason
    assert found.learned.held_out is None


def test_two_labels_per_class() -> None:
    labels = np.arange(6) % 3
    values = {name: noise(46, seed) for seed, name in enumerate(("text", "image"))}
    lesson = lesson_of(values, labels, extra=40)
    found = climb(lesson, None, count=3, settings=FAST)
    for each in found.arms:
        np.testing.assert_allclose(each.held_out.sum(axis=1), 1, atol=1e-9)


def test_one_class_is_refused() -> None:
    lesson = lesson_of({"text": noise(12, 0)}, np.arange(12) % 2)
    with pytest.raises(InputError, match="one class"):
        climb(replace(lesson, labels=np.zeros(12, dtype=np.intp)), None)


def test_a_modality_that_one_fold_lacks() -> None:
    labels = np.arange(40) % 2
    values = {name: noise(40, seed) for seed, name in enumerate(("text", "image"))}
    groups = np.arange(40) // 8
    present = {"text": np.ones(40, dtype=bool), "image": groups != 2}
    found = climb(lesson_of(values, labels, present), groups, settings=FAST)
    said = arm(found, "image alone").held_out
    assert np.isfinite(said).all()
    assert np.isnan(found.subsets["image",][groups == 2]).all()
    assert np.isfinite(found.subsets["image",][groups != 2]).all()


class _Broken(Rung):
    """Fails as a rung without its extra does."""

    is_baseline = True

    def learn(self, lesson: Lesson) -> Learned:
        raise MissingExtraError("Training a small network", "torch", "train")

    def restore(self, arrays: Any) -> Head:
        raise NotImplementedError

    @property
    def name(self) -> str:
        return "broken_rung"


def with_rungs(monkeypatch: pytest.MonkeyPatch, change: Callable[[Rung], Rung | None]) -> None:
    """Let `climb` find other rungs; `change` gives each its stand-in, or None to drop it."""
    real = ladder.rungs

    def stand_ins(*, baselines: bool, settings: ladder.Settings | None = None) -> list[Rung]:
        found = [change(rung) for rung in real(baselines=baselines, settings=settings)]
        return [rung for rung in found if rung is not None]

    monkeypatch.setattr(arms, "rungs", stand_ins)


def test_a_baseline_without_its_extra_is_left_out_with_one_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_rungs(monkeypatch, lambda rung: _Broken(None) if rung.name == "majority" else rung)
    labels = np.arange(24) % 2
    found = climb(lesson_of({"text": noise(24, 0)}, labels), None, settings=FAST)
    assert "broken_rung" not in [each.name for each in found.arms]
    assert "boosting" in [each.name for each in found.arms]
    notes = [note for note in found.notes if "torch" in note]
    assert notes == [
        'Broken rung was left out. Training a small network needs "torch", which is not installed.'
    ]


def test_a_rung_that_cannot_learn_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.arange(30) % 2
    lesson = lesson_of({"text": noise(30, 0) + 2 * np.eye(2, 6)[labels]}, labels)
    bare = replace(lesson, evidence=replace(lesson.evidence, kernels=Parts({}, {}, {})))
    found = climb(bare, None, with_baselines=False)
    assert "kernel_sum" not in [each.name for each in found.arms]
    assert accuracy(arm(found, OURS).held_out, labels) > 0.7


def test_no_rung_that_can_learn_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with_rungs(monkeypatch, lambda rung: _Broken(None))
    with pytest.raises(MissingExtraError, match="torch"):
        climb(lesson_of({"text": noise(24, 0)}, np.arange(24) % 2), None)


def test_interrupting_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Majority):
        def learn(self, lesson: Lesson) -> Learned:
            raise KeyboardInterrupt

    with_rungs(monkeypatch, lambda rung: Interrupted(MajorityConfig()))
    with pytest.raises(KeyboardInterrupt):
        climb(lesson_of({"text": noise(24, 0)}, np.arange(24) % 2), None)


def test_rungs_that_need_files_stay_out_when_there_are_none(
    lacking: tuple[Lesson, NDArray[np.intp], Climb],
) -> None:
    assert "conv_scratch" in [rung.name for rung in ladder.rungs(baselines=True)]
    _, _, found = lacking
    assert "conv_scratch" not in [each.name for each in found.arms]
    assert found.notes == ()


# --- the choice ----------------------------------------------------------------------------


class _Fixed(Rung):
    """Says what it was told to say."""

    def __init__(self, height: int, held_out: NDArray[np.float64] | None, chosen: int = 0) -> None:
        super().__init__(None)
        self.place = height
        self.held_out = held_out
        self.chosen = chosen

    def choices(self, lesson: Lesson) -> int:
        return self.chosen

    def learn(self, lesson: Lesson) -> Learned:
        return Learned(head=MajorityHead(lesson.prior), held_out=self.held_out)

    def restore(self, arrays: Any) -> Head:
        raise NotImplementedError

    @property
    def name(self) -> str:
        return f"height_{self.place}"


def chosen_among(*held_out: NDArray[np.float64] | None, groups: Any = None) -> str:
    lesson = lesson_of({"text": noise(40, 0)}, np.arange(40) % 2)
    rungs = [_Fixed(place, said) for place, said in enumerate(held_out)]
    return ladder.choose(rungs, lesson, groups).rung.name


def saying(right: NDArray[np.floating]) -> NDArray[np.float64]:
    """Held-out answers that give the right classes these probabilities."""
    said = np.empty((40, 2))
    labels = np.arange(40) % 2
    said[np.arange(40), labels] = right
    said[np.arange(40), 1 - labels] = 1 - right
    return said


def test_what_choosing_on_few_answers_flatters_is_taken_off() -> None:
    """Both are right on all; the second a little firmer, having chosen nine things on 40 labels."""
    lesson = lesson_of({"text": noise(40, 0)}, np.arange(40) % 2)
    plain, firmer = saying(np.full(40, 0.80)), saying(np.full(40, 0.83))
    for chosen, expected in ((0, "height_1"), (9, "height_0")):
        rungs = [_Fixed(0, plain), _Fixed(1, firmer, chosen)]
        assert ladder.choose(rungs, lesson, None).rung.name == expected


def test_nearer_to_the_truth_counts_and_not_a_few_answers_that_were_hopeless() -> None:
    """One says .9 and, of two items in forty, a millionth; the other .6 throughout."""
    firm = np.full(40, 0.9)
    firm[[3, 20]] = 1e-6
    careful = np.full(40, 0.6)
    assert np.log(careful).mean() > np.log(firm).mean()
    assert chosen_among(saying(careful), saying(firm)) == "height_1"


def test_the_lowest_rung_within_chance_of_the_best_is_chosen() -> None:
    dice = np.random.default_rng(0)
    base = dice.uniform(0.4, 0.8, 40)
    hardly_better = base + dice.normal(0.002, 0.1, 40).clip(-0.3, 0.15)
    clearly_better = base + 0.15
    assert chosen_among(saying(base), saying(hardly_better)) == "height_0"
    assert chosen_among(saying(base), saying(clearly_better)) == "height_1"
    assert chosen_among(saying(clearly_better), saying(base)) == "height_0"


def test_items_of_one_group_count_once() -> None:
    gain = np.where(np.arange(40) < 10, 0.15, -0.02)  # better on a quarter of the items only
    base = np.full(40, 0.6)
    one_group = np.where(np.arange(40) < 10, 0, np.arange(40))
    assert chosen_among(saying(base), saying(base + gain)) == "height_1"
    assert chosen_among(saying(base), saying(base + gain), groups=one_group) == "height_0"


def test_a_rung_without_held_out_answers_is_no_match_for_one_with() -> None:
    assert chosen_among(None, saying(np.full(40, 0.4))) == "height_1"
    assert chosen_among(None, None) == "height_0"


def test_standard_error_over_groups_is_that_of_group_sums() -> None:
    dice = np.random.default_rng(0)
    values = dice.normal(size=12)
    plain = ladder._standard_error(values, None)
    assert plain == pytest.approx(values.std(ddof=1) / 12**0.5)
    assert ladder._standard_error(np.repeat(values, 3), np.repeat(np.arange(12), 3)) == (
        pytest.approx(plain)
    )
    assert ladder._standard_error(values, np.zeros(12)) == float("inf")
