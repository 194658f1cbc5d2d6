"""Groups: a planted one is found, random ones are left in peace, small ones are not judged."""

from collections.abc import Callable

import numpy as np
import pytest

from handful.foundation.predictor import Answer
from handful.numerics.stats.base import Verdict
from handful.trust.evaluate.measures.groups import ALIKE, BETTER, WORSE, Config, Groups
from handful.trust.evaluate.sitting import Sitting

Sit = Callable[..., Sitting]
Say = Callable[..., Answer]


def answers_of(answer: Say, right: np.ndarray) -> list[Answer]:
    return [answer("yes" if each else "no", 0.9) for each in right]


def test_a_group_served_badly_is_found(sit: Sit, answer: Say) -> None:
    groups = ["bad"] * 100 + ["one"] * 100 + ["two"] * 100 + ["few"] * 10
    right = np.ones(310, dtype=bool)
    right[:40] = False
    right[100:110] = False
    found = Groups(Config()).measure(sit(["yes"] * 310, answers_of(answer, right), groups))
    rows = {row["group"]: row for row in found.sheets[0].rows}
    assert rows["bad"]["accuracy"] == pytest.approx(0.6)
    assert rows["bad"]["verdict"] == WORSE
    assert rows["two"]["verdict"] == BETTER
    assert rows["one"]["verdict"] == ALIKE
    assert rows["few"]["verdict"] == Verdict.CANNOT_TELL
    assert [row["group"] for row in found.sheets[0].rows] == ["bad", "one", "two", "few"]
    gap, worst = found.figures
    assert gap.value == pytest.approx(0.4)
    assert gap.low is not None
    assert 0.1 < gap.low < 0.4
    assert worst.note == "bad"
    meaning = " ".join(found.meaning)
    assert '"bad"' in meaning
    assert '1 small group: "few"' in meaning


def test_random_groups_are_hardly_ever_blamed(sit: Sit, answer: Say) -> None:
    rng = np.random.default_rng(5)
    blamed = 0
    for _ in range(25):
        groups = [f"g{each}" for each in rng.integers(5, size=300)]
        right = rng.random(300) < 0.8
        found = Groups(Config()).measure(sit(["yes"] * 300, answers_of(answer, right), groups))
        blamed += any(row["verdict"] == WORSE for row in found.sheets[0].rows)
    assert blamed <= 3


@pytest.mark.parametrize(
    ("groups", "why"),
    [
        ([None] * 80, "no groups are known"),
        (["a"] * 80, "all cases are of one group"),
        ([f"g{row % 8}" for row in range(80)], "the largest of 8 groups has 10 cases"),
    ],
)
def test_what_cannot_be_told_is_said(
    sit: Sit, answer: Say, groups: list[str | None], why: str
) -> None:
    found = Groups(Config()).measure(sit(["yes"] * 80, [answer("yes")] * 80, groups))
    assert why in found.missing
    assert found.figures == ()


def test_cases_without_a_group_take_no_part(sit: Sit, answer: Say) -> None:
    groups = ["a"] * 40 + ["b"] * 40 + [None] * 40
    right = np.array([True] * 80 + [False] * 40)
    found = Groups(Config()).measure(sit(["yes"] * 120, answers_of(answer, right), groups))
    assert sum(row["n"] for row in found.sheets[0].rows) == 80
    assert found.figures[0].value == 0


def test_many_groups_are_bounded_by_their_intervals(sit: Sit, answer: Say) -> None:
    """Twenty groups, one of them always wrong and the rest always right: the gap is 1."""
    groups = [f"g{row // 40:02}" for row in range(800)]
    right = np.arange(800) >= 40
    gap = Groups(Config()).measure(sit(["yes"] * 800, answers_of(answer, right), groups)).figures[0]
    assert gap.value == 1.0
    assert gap.low is not None
    assert 0.6 < gap.low < 0.8
    assert gap.high == 1.0


def test_one_large_group_among_small_ones(sit: Sit, answer: Say) -> None:
    groups = ["large"] * 40 + ["small"] * 5
    found = Groups(Config()).measure(sit(["yes"] * 45, [answer("yes")] * 45, groups))
    assert found.figures[0].value is None
    assert found.meaning
