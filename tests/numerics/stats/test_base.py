"""Groups and columns: what is accepted, and what the refusals say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from handful.foundation.errors import ConfigError, UsageError
from handful.numerics.stats.base import (
    check_level,
    group_codes,
    right_vector,
    score_vector,
)


def test_groups_are_numbered_alike_for_text_and_numbers() -> None:
    assert group_codes(["b", "a", "b"], 3).tolist() == [1, 0, 1]
    assert group_codes(np.array([7, 3, 7]), 3).tolist() == [1, 0, 1]
    assert group_codes(np.array(["b", "a", "b"], dtype=object), 3).tolist() == [1, 0, 1]


def test_without_groups_each_row_stands_alone() -> None:
    assert group_codes(None, 4).tolist() == [0, 1, 2, 3]


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40))
def test_codes_run_from_zero_and_keep_groups_apart(labels: list[int]) -> None:
    codes = group_codes(labels, len(labels))
    assert set(codes.tolist()) == set(range(len(set(labels))))
    same_label = np.equal.outer(labels, labels)
    assert np.array_equal(same_label, np.equal.outer(codes, codes))


@pytest.mark.parametrize(
    "labels", [np.array(["a", None, "b"], dtype=object), np.array([1.0, np.nan, 2.0])]
)
def test_a_row_without_a_group_is_named(labels: NDArray[np.generic]) -> None:
    with pytest.raises(UsageError, match="Row 1 has no group"):
        group_codes(labels, 3)


def test_groups_of_another_length_are_refused() -> None:
    with pytest.raises(UsageError, match="each of 3 rows"):
        group_codes(["a", "b"], 3)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([], "at least one row"),
        ([[1.0, 2.0]], "shape"),
        ([1.0, np.nan, np.inf], "row 1 holds nan"),
        (["right", "wrong"], "something else"),
    ],
)
def test_unusable_scores_are_refused(values: ArrayLike, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        score_vector(values)


def test_right_wrong_takes_only_zero_and_one() -> None:
    assert right_vector([True, False, 1]).tolist() == [1.0, 0.0, 1.0]
    with pytest.raises(UsageError, match=r"row 2 holds 0\.5"):
        right_vector([0, 1, 0.5])


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_levels_are_shares(level: float) -> None:
    with pytest.raises(ConfigError, match="`level` must be between 0 and 1"):
        check_level(level)
