"""Which views agree, and which two are worth having both: planted answers must be found."""

import numpy as np
import pytest

from handful.learn.routes.comparing import Comparison, Pair, View, _compared

RANDOM = np.random.default_rng(1)
N = 160
ANSWERS = np.array([f"class {place % 4}" for place in range(N)])
GROUPS = np.array([f"group {place // 8}" for place in range(N)])
ALL = np.ones(N, dtype=bool)


def planted() -> dict[View, tuple[np.ndarray, np.ndarray]]:
    """Two views see the answer by unlike details, one repeats the first, one is noise."""
    shape = np.eye(4)[np.arange(N) % 4] * 4
    one = np.hstack([shape + RANDOM.normal(size=(N, 4)), RANDOM.normal(size=(N, 3))])
    other = np.hstack([shape + RANDOM.normal(size=(N, 4)), RANDOM.normal(size=(N, 3))])
    twin = one + 0.01 * RANDOM.normal(size=one.shape)
    noise = RANDOM.normal(size=(N, 7))
    views = {"one": one, "other": other, "twin": twin, "noise": noise}
    return {View("image", name): (rows, ALL) for name, rows in views.items()}


def names(pair: Pair) -> set[str]:
    return {pair.first.name, pair.second.name}


def test_twins_agree_most_and_noise_with_nothing() -> None:
    found = _compared(planted(), None, GROUPS, N)
    assert names(found.pairs[0]) == {"one", "twin"}
    assert found.pairs[0].neighbours > 0.9
    assert found.pairs[0].geometry > 0.99
    noisy = [pair for pair in found.pairs if "noise" in names(pair)]
    assert all(abs(pair.neighbours) < 0.08 and abs(pair.geometry) < 0.1 for pair in noisy)


@pytest.mark.parametrize("by", ["labels", "modalities", "views"])
def test_worth_having_both_are_two_good_views_that_differ(by: str) -> None:
    seen = planted()
    if by == "modalities":
        shape = np.eye(4)[np.arange(N) % 4] * 4
        seen[View("audio", "sound")] = (shape + RANDOM.normal(size=(N, 4)), ALL)
    found = _compared(seen, ANSWERS if by == "labels" else None, GROUPS, N)
    assert found.judged_by == by
    best = found.worth_both()["image"]
    assert "other" in names(best)
    assert "noise" not in names(best)
    assert any("worth having both" in sentence for sentence in found.sentences())


def test_views_are_compared_on_the_items_that_have_both() -> None:
    seen = planted()
    half = np.arange(N) < N // 2
    hidden = seen[View("image", "one")][0].copy()
    hidden[~half] = np.nan
    seen = {
        View("image", "one"): (hidden, half),
        View("audio", "other"): seen[View("image", "twin")],
    }
    (pair,) = _compared(seen, None, GROUPS, N).pairs
    assert pair.items == N // 2
    assert pair.neighbours > 0.9
    assert pair.worth is None


def test_neighbours_of_one_group_say_nothing_of_labels() -> None:
    """A view that knows groups alone must not look good where groups have one answer."""
    answers = np.array([f"class {place // 8 % 4}" for place in range(N)])
    by_group = np.eye(N // 8)[np.arange(N) // 8] * 9 + RANDOM.normal(size=(N, N // 8)) * 0.1
    by_answer = np.eye(4)[np.arange(N) // 8 % 4] * 4 + RANDOM.normal(size=(N, 4))
    seen = {
        View("image", "group"): (by_group, ALL),
        View("image", "answer"): (by_answer, ALL),
    }
    (pair,) = _compared(seen, answers, GROUPS, N).pairs
    assert pair.worth == 0.0


def test_a_comparison_is_plain_data() -> None:
    found = _compared(planted(), ANSWERS, GROUPS, N)
    assert isinstance(found, Comparison)
    told = found.as_dict()
    assert len(told["pairs"]) == 6
    assert told["worth_both"]["image"]["worth"] > 0
