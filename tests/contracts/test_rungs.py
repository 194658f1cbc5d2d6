"""What every rung must hold to, whatever it does inside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load, save

from handful.data.modalities.base import MODALITIES, Sound
from handful.foundation.components import find, make
from handful.foundation.errors import InputError, UsageError
from handful.foundation.hardware.extras import find_module
from handful.learn.model.latents import Config as LatentsConfig
from handful.learn.model.latents import Latents
from handful.learn.routes.lesson import views_of
from handful.learn.rungs.base import Evidence, Learned, Lesson, Rung, usable_folds
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.folds import split
from handful.numerics.linear.kernels import Config as KernelConfig
from handful.numerics.linear.kernels import KernelSum

pytestmark = pytest.mark.timeout(400)  # the network from scratch trains; busy machines are slow

ROOM = "handful.learn.rungs"
SETTINGS: dict[str, dict[str, Any]] = {
    "boosting": {"rounds": 20},
    "attention_fusion": {"fewest": 2, "batch": 36, "budget_s": 2.5, "width": 16},
    "conv_scratch": {"budget_s": 0.5, "batch": 12},
}
NEEDS_TORCH = {"attention_fusion", "conv_scratch"}
NAMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name in NEEDS_TORCH and not find_module("torch").is_installed, reason="needs torch"
        ),
    )
    for name in find(ROOM)
]
CLASSES = ("bowl", "mug", "vase")
CHOICES = [each for size in (1, 2, 3) for each in combinations(MODALITIES, size)]

Views = dict[str, dict[str, Block]]


@dataclass(frozen=True, kw_only=True)
class World:
    """Items of three classes that every modality tells apart, most lacking something."""

    views: Views
    inputs: dict[str, list[Any]]
    labels: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> World:
        views = {m: {n: b.take(rows) for n, b in named.items()} for m, named in self.views.items()}
        inputs = {m: [values[row] for row in rows] for m, values in self.inputs.items()}
        return World(views=views, inputs=inputs, labels=self.labels[rows])

    def without(self, modality: str, rows: NDArray[np.bool_]) -> World:
        """The same world, some items lacking one modality more."""
        named = {
            name: Block(values=block.values, present=block.present & ~rows)
            for name, block in self.views[modality].items()
        }
        held = [
            None if gone else value for gone, value in zip(rows, self.inputs[modality], strict=True)
        ]
        return replace(
            self, views={**self.views, modality: named}, inputs={**self.inputs, modality: held}
        )

    def with_garbage(self, garbage: float) -> World:
        """The same world with other contents where nothing is present."""
        views: Views = {}
        for modality, named in self.views.items():
            views[modality] = {}
            for name, block in named.items():
                values = block.values.copy()
                values[~block.present] = garbage
                views[modality][name] = Block(values=values, present=block.present)
        return replace(self, views=views)


def world(items: int, classes: int = 3, seed: int = 0) -> World:
    dice = np.random.default_rng(seed)
    labels = np.arange(items) % classes
    present = {name: dice.random(items) < 0.7 for name in MODALITIES}
    lacking = ~np.any(list(present.values()), axis=0)
    present["text"] |= lacking
    centres = np.random.default_rng(99).normal(size=(2, 3, len(CLASSES), 12))
    views: Views = {}
    for place, name in enumerate(MODALITIES):
        views[name] = {}
        for part, view in enumerate(("first", "second")):
            values = 2 * centres[part, place][labels] + dice.normal(size=(items, 12))
            values = values.astype(np.float32)
            views[name][view] = Block(values=values, present=present[name])
    inputs: dict[str, list[Any]] = {
        "text": [{"en": f"a {CLASSES[k]} {dice.integers(99)}"} for k in labels.tolist()],
        "image": [_picture(k, dice) for k in labels.tolist()],
        "audio": [_sound(k, dice) for k in labels.tolist()],
    }
    for name in MODALITIES:
        inputs[name] = [
            v if held else None for v, held in zip(inputs[name], present[name], strict=True)
        ]
    return World(views=views, inputs=inputs, labels=labels.astype(np.intp))


def called(classes: tuple[str, ...]) -> dict[str, Block]:
    """Text views of class names."""
    centres = np.random.default_rng(99).normal(size=(2, 3, len(CLASSES), 12))
    places = [CLASSES.index(name) if name in CLASSES else 0 for name in classes]
    return {
        view: Block.of((2 * centres[part, 0][places]).astype(np.float32))
        for part, view in enumerate(("first", "second"))
    }


def _picture(label: int, dice: np.random.Generator) -> NDArray[np.uint8]:
    picture = dice.integers(0, 80, (16, 16, 3)).astype(np.uint8)
    picture[..., label] += 150
    return picture


def _sound(label: int, dice: np.random.Generator) -> Sound:
    time = np.arange(1600) / 16_000
    tone = np.sin(2 * np.pi * 400 * 3**label * time) + 0.1 * dice.normal(size=len(time))
    return Sound(tone.astype(np.float32), 16_000)


class School:
    """Latents and kernels learned once, and evidence of any items against them."""

    def __init__(self, everything: World, labelled: World) -> None:
        config = LatentsConfig(width=8)
        self.latents = Latents.fit(everything.views, config, seed=0)
        self.views = views_of(labelled.views, np.arange(len(labelled.labels)))
        self.kernels = KernelSum.fit(self.views, KernelConfig(), seed=0)
        self.labelled = labelled

    def evidence(self, items: World) -> Evidence:
        return Evidence(
            kernels=self.kernels.cross(self.kernels.known(items.views)),
            latents=self.latents.of(items.views),
            views=items.views,
            inputs=items.inputs,
        )

    def names(self, classes: tuple[str, ...]) -> Block | None:
        """The class names as texts that look like the middle of their class; others say nothing."""
        told = self.latents.of({"text": called(classes)}).get("text", {}).get("predicted")
        known = np.array([name in CLASSES for name in classes])
        return told and Block(values=told.values, present=known)

    def lesson(self, *, folds: bool = True, classes: tuple[str, ...] = CLASSES) -> Lesson:
        labels = self.labelled.labels
        known = self.evidence(self.labelled)
        evidence = replace(known, kernels=self.kernels.train(), views=self.views)
        dealt = split(labels, None, items=len(labels), count=3) if folds else None
        return Lesson(
            evidence=evidence,
            labels=labels,
            classes=classes,
            folds=usable_folds(dealt, labels),
            seed=3,
            names=self.names(classes),
        )


def rung_of(name: str) -> Rung:
    rung = make(ROOM, name, Rung, SETTINGS.get(name))
    assert isinstance(rung, Rung)
    return rung


def require_distribution(found: NDArray[np.float64], items: int, classes: int) -> None:
    assert found.shape == (items, classes)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)


@cache
def everything() -> World:
    return world(90)


@cache
def school() -> School:
    return School(everything(), everything().take(np.arange(36)))


@cache
def unseen() -> World:
    return everything().take(np.arange(36, 90))


@cache
def taught(name: str) -> Learned:
    return rung_of(name).learn(school().lesson())


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_answers_are_distributions_and_better_than_chance(name: str) -> None:
    learned = taught(name)
    found = learned.head.probabilities(school().evidence(unseen()))
    require_distribution(found, 54, 3)
    right = float((found.argmax(axis=1) == unseen().labels).mean())
    if name == "majority":
        np.testing.assert_allclose(found, 1 / 3)
    else:
        assert right > 0.6
    if learned.held_out is not None:
        require_distribution(learned.held_out, 36, 3)


def test_held_out_answers_are_not_the_answers_of_training(name: str) -> None:
    learned = taught(name)
    if learned.held_out is None:
        assert rung_of(name).is_baseline, "a rung that can be chosen must be comparable"
        return
    if name == "majority":  # it looks at nothing but counts, which are alike in all folds here
        return
    own = learned.head.probabilities(school().lesson().evidence)
    assert np.abs(own - learned.held_out).max() > 1e-6


@pytest.mark.parametrize("garbage", [np.nan, 1e6])
def test_what_an_absent_modality_would_hold_changes_nothing(name: str, garbage: float) -> None:
    before = taught(name).head.probabilities(school().evidence(unseen()))
    other = School(everything().with_garbage(garbage), school().labelled.with_garbage(garbage))
    after = (
        rung_of(name)
        .learn(other.lesson())
        .head.probabilities(other.evidence(unseen().with_garbage(garbage)))
    )
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("chosen", CHOICES, ids="+".join)
def test_hiding_modalities_is_the_same_as_not_having_them(
    name: str, chosen: tuple[str, ...]
) -> None:
    head = taught(name).head
    hidden = head.probabilities(school().evidence(unseen()).only(chosen))
    without = unseen()
    for modality in set(MODALITIES) - set(chosen):
        without = without.without(modality, np.ones(54, dtype=bool))
    require_distribution(hidden, 54, 3)
    np.testing.assert_allclose(
        hidden, head.probabilities(school().evidence(without)), rtol=1e-6, atol=1e-9
    )


def test_items_do_not_influence_one_another(name: str) -> None:
    head = taught(name).head
    together = head.probabilities(school().evidence(unseen()))
    rows = np.array([20, 3, 41])
    few = head.probabilities(school().evidence(unseen().take(rows)))
    np.testing.assert_allclose(few, together[rows], rtol=1e-4, atol=1e-6)


def test_an_item_with_nothing_gets_the_prior(name: str) -> None:
    found = taught(name).head.probabilities(school().evidence(unseen()).only(()))
    np.testing.assert_allclose(found, np.tile(school().lesson().prior, (54, 1)), atol=1e-12)


def test_arrays_come_back_from_a_file(name: str) -> None:
    rung, head = rung_of(name), taught(name).head
    evidence = school().evidence(unseen())
    try:
        arrays = head.arrays()
    except UsageError:
        assert rung.is_baseline, "a rung that can be chosen must be kept"
        with pytest.raises(UsageError):
            rung.restore({})
        return
    kept = {path: np.asarray(array, order="C") for path, array in arrays.items()}
    back = rung.restore(load(save(kept)))
    np.testing.assert_array_equal(back.probabilities(evidence), head.probabilities(evidence))


def test_the_same_seed_gives_the_same_answers(name: str) -> None:
    evidence = school().evidence(unseen())
    again = rung_of(name).learn(school().lesson())
    np.testing.assert_array_equal(
        again.head.probabilities(evidence), taught(name).head.probabilities(evidence)
    )
    if again.held_out is not None:
        np.testing.assert_array_equal(again.held_out, taught(name).held_out)


def test_two_classes(name: str) -> None:
    both = world(60, classes=2, seed=1)
    two = School(both, both.take(np.arange(24)))
    head = rung_of(name).learn(two.lesson(classes=CLASSES[:2])).head
    found = head.probabilities(two.evidence(both.take(np.arange(24, 60))))
    require_distribution(found, 36, 2)
    if name != "majority":
        assert (found.argmax(axis=1) == both.labels[24:]).mean() > 0.7


def test_a_class_that_one_modality_never_shows(name: str) -> None:
    silent = everything().without("audio", everything().labels == 1)
    lame = School(silent, silent.take(np.arange(36)))
    head = rung_of(name).learn(lame.lesson()).head
    seen_and_heard = unseen()  # now a mug is heard as well
    found = head.probabilities(lame.evidence(seen_and_heard))
    require_distribution(found, 54, 3)
    mugs = seen_and_heard.labels == 1
    if not rung_of(name).is_baseline:
        assert (found[mugs].argmax(axis=1) == 1).mean() > 0.5


@pytest.mark.parametrize("per_class", [1, 2])
def test_labels_too_few_to_hold_any_out(name: str, per_class: int) -> None:
    full = np.flatnonzero(
        np.all([everything().views[m]["first"].present for m in MODALITIES], axis=0)
    )
    labels = everything().labels
    rows = np.concatenate([full[labels[full] == k][:per_class] for k in range(3)])
    small = School(everything(), everything().take(rows))
    learned = rung_of(name).learn(small.lesson(folds=False))
    assert learned.held_out is None
    require_distribution(learned.head.probabilities(small.evidence(unseen())), 54, 3)


def test_a_class_name_without_labels_is_unlikely_but_possible(name: str) -> None:
    lesson = school().lesson(classes=(*CLASSES, "plate"))
    found = rung_of(name).learn(lesson).head.probabilities(school().evidence(unseen()))
    require_distribution(found, 54, 4)
    assert (found[:, 3] < 0.2).all()


def test_one_class_is_refused(name: str) -> None:
    if name == "majority":
        return
    lesson = replace(school().lesson(), labels=np.zeros(36, dtype=np.intp))
    with pytest.raises(InputError, match="one class"):
        rung_of(name).learn(lesson)


def test_heights_order_the_ladder() -> None:
    ours = [rung_of(str(param.values[0])) for param in NAMES if param.values[0] not in NEEDS_TORCH]
    heights = [rung.height for rung in ours if not rung.is_baseline]
    assert len(set(heights)) == len(heights)


@pytest.mark.parametrize("shares", [True, False])
def test_one_rung_is_the_first_guess(shares: bool) -> None:
    lesson = replace(school().lesson(folds=False), names=None)
    if not shares:
        latents = {name: {"plain": b["plain"]} for name, b in lesson.evidence.latents.items()}
        lesson = replace(lesson, evidence=replace(lesson.evidence, latents=latents))
    assert lesson.shares_something == shares
    ours = [rung_of(str(param.values[0])) for param in NAMES if param.values[0] not in NEEDS_TORCH]
    guesses = [rung.name for rung in ours if rung.is_first_guess(lesson)]
    assert guesses == (["kernel_pairs"] if shares else ["kernel_sum"])


def test_a_rung_made_of_others_learns_what_joining_them_gives(name: str) -> None:
    rung = rung_of(name)
    if not rung.made_of:
        with pytest.raises(NotImplementedError):
            rung.join({})
        return
    joined = rung.join({part: taught(part) for part in rung.made_of})
    alone, evidence = taught(name), school().evidence(unseen())
    np.testing.assert_array_equal(joined.held_out, alone.held_out)
    np.testing.assert_array_equal(
        joined.head.probabilities(evidence), alone.head.probabilities(evidence)
    )
    assert joined.note == alone.note


def test_a_modality_that_no_label_has(name: str) -> None:
    """Labels on texts and pictures only; then somebody asks with a sound."""
    mute = everything().take(np.arange(36)).without("audio", np.ones(36, dtype=bool))
    lame = School(everything(), mute)
    head = rung_of(name).learn(lame.lesson()).head
    found = head.probabilities(lame.evidence(unseen()))
    require_distribution(found, 54, 3)
    if not rung_of(name).is_baseline:
        assert (found.argmax(axis=1) == unseen().labels).mean() > 0.6
    heard = head.probabilities(lame.evidence(unseen()).only(("audio",)))
    require_distribution(heard, 54, 3)
