"""A temperature per choice of modalities: who is too firm is told so, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.learn.routes.calibrating import apply, calibrate
from handful.numerics.decide.calibrate import Temperature, log_loss

Table = NDArray[np.float64]
Subsets = dict[tuple[str, ...], Table]

ITEMS = 400


def honest(seed: int, classes: int = 3) -> tuple[Table, NDArray[np.intp]]:
    """Answers that mean what they say: each truth is drawn from its answer."""
    dice = np.random.default_rng(seed)
    said = dice.dirichlet(np.full(classes, 0.7), size=ITEMS)
    truth = (dice.random(ITEMS)[:, None] > said.cumsum(axis=1)).sum(axis=1)
    return said, np.minimum(truth, classes - 1).astype(np.intp)


def firmer(said: Table, times: float) -> Table:
    """The same answers with log-odds this many times as large."""
    raised = np.maximum(said, 1e-12) ** times
    found: Table = raised / raised.sum(axis=1, keepdims=True)
    return found


def everywhere(*names: str) -> dict[str, NDArray[np.bool_]]:
    return {name: np.ones(ITEMS, dtype=bool) for name in names}


def test_a_choice_that_is_too_firm_is_cooled_and_its_log_loss_falls() -> None:
    said, labels = honest(0)
    subsets: Subsets = {
        ("text",): said,
        ("audio",): firmer(said, 4),
        ("text", "audio"): firmer(said, 0.5),
    }
    found = calibrate(subsets, labels, everywhere("text", "audio"))
    assert found.by_subset.keys() == {"text", "audio", "audio+text"}
    assert found.by_subset["audio"] == pytest.approx(4, rel=0.3)
    assert found.by_subset["text"] == pytest.approx(1, rel=0.3)
    assert found.by_subset["audio+text"] == pytest.approx(0.5, rel=0.3)
    cooled = {subset: apply(found, subset, table) for subset, table in subsets.items()}
    for subset in (("audio",), ("text", "audio")):
        assert log_loss(cooled[subset], labels) < log_loss(subsets[subset], labels) - 0.02
        np.testing.assert_allclose(cooled[subset].sum(axis=1), 1)
    best = log_loss(said, labels)
    assert log_loss(cooled["text",], labels) == pytest.approx(best, abs=0.01)
    assert log_loss(cooled["audio",], labels) == pytest.approx(best, abs=0.01)


@pytest.mark.parametrize("own", [0.2, 1.0, 5.0])
def test_the_order_of_the_classes_never_changes(own: float) -> None:
    said, _ = honest(1, classes=5)
    cooled = apply(Temperature(1.0, {"audio": own}), ("audio",), said)
    np.testing.assert_array_equal(cooled.argsort(axis=1), said.argsort(axis=1))


@pytest.mark.parametrize("own", [0.2, 1.0, 5.0])
def test_between_two_classes_the_order_of_the_answers_never_changes(own: float) -> None:
    said, _ = honest(2, classes=2)
    said = np.clip(said, 1e-3, 1 - 1e-3)  # beyond, answers may round to the same number
    cooled = apply(Temperature(1.0, {"audio": own}), ("audio",), said)
    np.testing.assert_array_equal(cooled[:, 0].argsort(), said[:, 0].argsort())


def test_a_temperature_of_one_leaves_answers_as_they_are() -> None:
    said, _ = honest(3)
    np.testing.assert_allclose(apply(Temperature(1.0, {}), ("text",), said), said, atol=1e-9)


def test_the_choice_decides_the_temperature_and_an_unknown_one_takes_the_common() -> None:
    said, _ = honest(4)
    found = Temperature(2.0, {"audio+text": 4.0})
    own, common = firmer(said, 1 / 4), firmer(said, 1 / 2)
    for subset in (("text", "audio"), ("audio", "text"), frozenset({"text", "audio"})):
        np.testing.assert_allclose(apply(found, subset, said), own)
    for subset in (("image",), ("image", "text"), frozenset({"text"}), ()):
        np.testing.assert_allclose(apply(found, subset, said), common)


def test_rows_of_nan_stay_and_the_rest_is_as_without_them() -> None:
    said, _ = honest(5)
    gone = np.arange(ITEMS) % 3 == 0
    holed = np.where(gone[:, None], np.nan, said)
    found = Temperature(3.0, {})
    cooled = apply(found, ("text",), holed)
    assert np.isnan(cooled[gone]).all()
    np.testing.assert_array_equal(cooled[~gone], apply(found, ("text",), said[~gone]))


def test_certain_answers_stay_numbers() -> None:
    said = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    for own in (0.1, 1.0, 10.0):
        cooled = apply(Temperature(own, {}), ("text",), said)
        assert np.isfinite(cooled).all()
        np.testing.assert_allclose(cooled.sum(axis=1), 1)
        np.testing.assert_array_equal(cooled.argmax(axis=1), [0, 1])


def test_items_that_lack_a_modality_take_no_part_in_its_choices() -> None:
    said, labels = honest(6)
    present = everywhere("text", "audio")
    present["audio"] = np.arange(ITEMS) % 4 != 0
    lacking = ~present["audio"]

    def with_answers_of_the_lacking(other: Table) -> Subsets:
        changed = np.where(lacking[:, None], other, firmer(said, 3))
        return {("text",): said, ("audio",): changed, ("text", "audio"): changed}

    absurd = np.tile([0.98, 0.01, 0.01], (ITEMS, 1))
    one = calibrate(with_answers_of_the_lacking(absurd), labels, present)
    other = calibrate(with_answers_of_the_lacking(np.full((ITEMS, 3), np.nan)), labels, present)
    assert one == other
    everyone = calibrate(with_answers_of_the_lacking(absurd), labels, everywhere("text", "audio"))
    assert everyone != one


def test_with_nothing_to_learn_from_answers_stay_as_they_are() -> None:
    nothing = Temperature(1.0, {})
    labels = np.zeros(ITEMS, dtype=np.intp)
    assert calibrate({}, labels, {}) == nothing
    blank: Subsets = {("text",): np.full((ITEMS, 3), np.nan)}
    assert calibrate(blank, labels, everywhere("text")) == nothing
    nobody = {"text": np.zeros(ITEMS, dtype=bool)}
    assert calibrate({("text",): honest(7)[0]}, labels, nobody) == nothing
    none = np.zeros((0, 3))
    assert calibrate({("text",): none}, labels[:0], {"text": np.zeros(0, dtype=bool)}) == nothing
    assert apply(nothing, ("text",), none).shape == (0, 3)
