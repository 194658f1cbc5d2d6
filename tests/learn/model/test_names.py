"""Class names as places among items: what they are like, and when they are believed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.learn.model.names import Names, spoken
from handful.numerics.linear.blocks import Block

CENTRES = np.eye(4, 6, dtype=np.float32)


def places(labels: NDArray[np.intp], noise: float = 0.2) -> Block:
    dice = np.random.default_rng(0)
    rows = CENTRES[labels] + noise * dice.normal(size=(len(labels), 6))
    return Block.of(rows.astype(np.float32))


def test_names_are_read_as_words() -> None:
    assert spoken(["sports-cars", "fruit/apple", "--"]) == [
        {"und": "sports cars"},
        {"und": "fruit apple"},
        {"und": "--"},
    ]


def test_likeness_is_the_cosine_less_the_mean_over_names_in_spreads() -> None:
    items = places(np.array([0, 1, 2, 3, 3, 3]))
    names = Names.of(Block.of(CENTRES), items)
    assert names is not None
    cosines = np.array(
        [[item @ name / np.linalg.norm(item) for name in CENTRES] for item in items.values]
    )
    wanted = cosines - cosines.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(names.likeness(items), wanted / names.spread, atol=1e-5)
    assert names.likeness(items).std() == pytest.approx(1, rel=1e-5)


def test_a_name_that_says_nothing_is_like_no_item() -> None:
    silent = Block(values=CENTRES, present=np.array([True, True, False, True]))
    names = Names.of(silent, places(np.array([0, 1, 2, 3])))
    assert names is not None
    assert names.known.tolist() == [True, True, False, True]
    assert (names.likeness(places(np.array([2, 0])))[:, 2] == 0).all()


@pytest.mark.parametrize("known", [0, 1])
def test_fewer_than_two_names_are_none(known: int) -> None:
    block = Block(values=CENTRES, present=np.arange(4) < known)
    assert Names.of(block, places(np.array([0, 1]))) is None


def test_names_tell_where_they_point_to_labels_and_not_where_they_are_shuffled() -> None:
    labels = np.arange(8, dtype=np.intp) % 4
    items = places(labels)
    names = Names.of(Block.of(CENTRES), items)
    assert names is not None
    assert names.tell(items, labels)
    assert not names.tell(items, (labels + 1) % 4)
    assert not names.tell(None, labels)


def test_one_labelled_item_proves_nothing() -> None:
    items = places(np.array([0, 1]))
    names = Names.of(Block.of(CENTRES), items)
    assert names is not None
    assert not names.tell(items.take(np.array([0])), np.array([0]))


def test_arrays_come_back() -> None:
    items = places(np.array([0, 1, 2, 3]))
    names = Names.of(Block.of(CENTRES), items)
    assert names is not None
    back = Names.from_arrays(names.arrays())
    np.testing.assert_array_equal(back.likeness(items), names.likeness(items))
