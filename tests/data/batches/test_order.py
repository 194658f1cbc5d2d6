"""Every item once per epoch, in an order that follows from seed and epoch alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.data.batches.order import Config, batches, padding
from handful.foundation.errors import ConfigError

LENGTHS = np.random.default_rng(0).integers(1, 400, 500)


@given(
    count=st.integers(0, 300),
    size=st.integers(1, 40),
    shuffle=st.booleans(),
    by_length=st.booleans(),
    tokens=st.one_of(st.none(), st.integers(1, 5000)),
    epoch=st.integers(0, 5),
)
def test_every_item_comes_once(
    count: int, size: int, shuffle: bool, by_length: bool, tokens: int | None, epoch: int
) -> None:
    config = Config(size=size, shuffle=shuffle, by_length=by_length, tokens=tokens, seed=3)
    lengths = LENGTHS[:count]
    found = batches(count, config, epoch, lengths)
    assert sorted(np.concatenate([*found, np.zeros(0, int)]).tolist()) == list(range(count))
    assert all(1 <= len(batch) <= size for batch in found)
    if tokens is not None:
        assert all(
            len(batch) == 1 or lengths[batch].max() * len(batch) <= tokens for batch in found
        )
    again = batches(count, config, epoch, lengths)
    assert [batch.tolist() for batch in again] == [batch.tolist() for batch in found]


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return np.concatenate(batches(200, Config(seed=seed), epoch)).tolist()

    assert order(0, 0) != order(0, 1)
    assert order(0, 0) != order(1, 0)
    assert order(0, 1) != order(1, 0)


def test_without_shuffling_items_come_as_they_lie() -> None:
    found = batches(10, Config(size=4, shuffle=False), 7)
    assert [batch.tolist() for batch in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_alike_lengths_together_waste_little_and_still_mix() -> None:
    def waste(by_length: bool) -> float:
        found = batches(500, Config(size=16, by_length=by_length), 0, LENGTHS)
        return float(np.mean([padding(batch, LENGTHS) for batch in found]))

    assert waste(by_length=True) < 0.1 < 0.3 < waste(by_length=False)
    means = [LENGTHS[batch].mean() for batch in batches(500, Config(by_length=True), 0, LENGTHS)]
    assert sorted(means) != means, "long and short batches take turns"


def test_a_batch_that_is_not_full_can_be_left_out() -> None:
    found = batches(10, Config(size=4, drop_last=True), 0)
    assert [len(batch) for batch in found] == [4, 4]


@pytest.mark.parametrize(
    "wrong", [{"size": 0}, {"tokens": 0}, {"tokens": 10, "drop_last": True}], ids=str
)
def test_what_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        Config(**wrong)  # type: ignore[arg-type]
