"""Prototypes against a naive loop, and names that stand in for labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.foundation.errors import InputError
from handful.learn.rungs import prototypes, zero_shot
from handful.learn.rungs.base import Evidence, Lesson
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.folds import Folds
from handful.numerics.linear.kernels import Parts

CLASSES = ("bowl", "mug", "vase")
TOLD = np.eye(3, 5, dtype=np.float32)


def evidence(labels: NDArray[np.intp], told: float = 1.0, seed: int = 0) -> Evidence:
    """Pictures whose own numbers are noise; what they predict points to their class."""
    dice = np.random.default_rng(seed)
    plain = dice.normal(size=(len(labels), 4)).astype(np.float32)
    predicted = told * TOLD[labels] + 0.3 * dice.normal(size=(len(labels), 5))
    named = {"plain": Block.of(plain), "predicted": Block.of(predicted.astype(np.float32))}
    return Evidence(kernels=Parts({}, {}, {}), latents={"image": named}, views={})


def lesson(labels: NDArray[np.intp], names: NDArray[np.float32] | None = TOLD) -> Lesson:
    return Lesson(
        evidence=evidence(labels),
        labels=labels,
        classes=CLASSES,
        folds=None,
        names=None if names is None else Block.of(names),
    )


def made() -> prototypes.Prototypes:
    return prototypes.Prototypes(prototypes.Config())


def right(said: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    return float((said.argmax(axis=1) == labels).mean())


UNSEEN = np.arange(90, dtype=np.intp) % 3
ONE_EACH = np.arange(3, dtype=np.intp)


def test_without_names_it_is_the_cosine_with_class_means() -> None:
    labels = np.array([0, 1, 2, 0, 1, 2])
    taught = lesson(labels, names=None)
    head = made().learn(taught).head
    assert isinstance(head, prototypes.PrototypesHead)
    blocks = {
        "image/plain": taught.evidence.latents["image"]["plain"].values,
        "predicted": taught.evidence.latents["image"]["predicted"].values,
    }
    columns = []
    for name, values in blocks.items():
        centred = values - values.mean(axis=0)
        length = 1.5 if name == "predicted" else 1.0
        columns.append(centred * length / np.sqrt((centred**2).sum(axis=1).mean()))
    rows = np.concatenate(columns, axis=1)
    scores = np.empty((6, 3))
    for item in range(6):
        for number in range(3):
            mean = rows[labels == number].mean(axis=0)
            scores[item, number] = (
                rows[item] @ mean / np.linalg.norm(rows[item]) / np.linalg.norm(mean)
            )
    wanted = np.exp(scores / 0.2)
    wanted /= wanted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(head.probabilities(taught.evidence), wanted, rtol=1e-4)


def test_names_that_point_to_the_labels_help_with_one_label_per_class() -> None:
    unseen = evidence(UNSEEN, seed=1)
    with_names = made().learn(lesson(ONE_EACH)).head.probabilities(unseen)
    without = made().learn(lesson(ONE_EACH, names=None)).head.probabilities(unseen)
    assert right(with_names, UNSEEN) > right(without, UNSEEN) + 0.05


def test_names_that_point_elsewhere_are_not_believed() -> None:
    turned = lesson(ONE_EACH, names=TOLD[[1, 2, 0]])
    plain = lesson(ONE_EACH, names=None)
    assert not made().is_first_guess(turned)
    np.testing.assert_array_equal(
        made().learn(turned).head.probabilities(turned.evidence),
        made().learn(plain).head.probabilities(plain.evidence),
    )


@pytest.mark.parametrize(("names", "wanted"), [(TOLD, True), (TOLD[[1, 2, 0]], False)])
def test_held_out_answers_choose_whether_names_count(
    names: NDArray[np.float32], wanted: bool
) -> None:
    labels = np.arange(18, dtype=np.intp) % 3
    taught = replace(
        lesson(labels, names), folds=Folds(np.arange(18, dtype=np.intp) // 3 % 3, 3, ())
    )
    head = made().learn(taught).head
    assert isinstance(head, prototypes.PrototypesHead)
    assert (head.names is not None) == wanted


def test_a_class_that_has_a_name_and_no_label_is_found() -> None:
    labels = np.array([0, 1, 0, 1])
    unseen = evidence(UNSEEN, seed=1)
    said = made().learn(lesson(labels)).head.probabilities(unseen)
    assert right(said[UNSEEN == 2], UNSEEN[UNSEEN == 2]) > 0.5


def test_names_alone_need_no_label() -> None:
    nothing = np.zeros(0, dtype=np.intp)
    taught = replace(lesson(nothing), evidence=evidence(UNSEEN))
    head = zero_shot.ZeroShot(zero_shot.Config()).learn(taught).head
    assert right(head.probabilities(evidence(UNSEEN, seed=1)), UNSEEN) > 0.9


def test_names_that_say_nothing_are_refused() -> None:
    silent = lesson(ONE_EACH, names=np.zeros((3, 5), dtype=np.float32))
    with pytest.raises(InputError, match="say nothing that the texts"):
        zero_shot.ZeroShot(zero_shot.Config()).learn(silent)
