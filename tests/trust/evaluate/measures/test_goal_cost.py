"""Costs against sums done by hand, and the plant: better in accuracy, worse in cost."""

from collections.abc import Callable

import pytest

from handful.foundation.goal import Goal, Mistake
from handful.foundation.predictor import Answer, Level
from handful.trust.evaluate.measures.goal_cost import (
    AS_IT_SPEAKS,
    BEST_GUESS,
    BY_GOAL,
    PERSON,
    Config,
    GoalCost,
)
from handful.trust.evaluate.sitting import Sitting

Sit = Callable[..., Sitting]
Say = Callable[..., Answer]

# Calling a "yes" a "no" costs ten.
GOAL = Goal(mistake=1, not_sure=0.2, mistakes=(Mistake(truth="yes", said="no", cost=10),))


def test_the_cost_is_the_sum_of_mistakes_and_silences(sit: Sit, answer: Say) -> None:
    truths = ["yes"] * 4 + ["no"] * 6
    answers = [
        answer("yes", 0.9),
        answer("no", 0.9),  # 10
        answer("no", 0.6, level=Level.NOT_SURE),  # 0.2
        answer("yes", 0.9),
        answer("yes", 0.9),  # 1
        *[answer("no", 0.9)] * 5,
    ]
    found = GoalCost(Config()).measure(sit(truths, answers, goal=GOAL))
    cost = found.figures[0]
    assert cost.value == pytest.approx((10 + 0.2 + 1) / 10 * 1000)
    assert cost.low is not None
    assert cost.low >= 0
    ways = {row["way"]: row for row in found.sheets[0].rows}
    assert ways[AS_IT_SPEAKS]["cost"] == pytest.approx(1120)
    assert ways[BEST_GUESS]["cost"] == pytest.approx((10 + 10 + 1) / 10 * 1000)
    assert ways[PERSON]["cost"] == pytest.approx(200)
    assert ways['always say "yes"']["cost"] == pytest.approx(600)
    assert ways[AS_IT_SPEAKS]["answered"] == pytest.approx(0.9)
    assert ways[AS_IT_SPEAKS]["right"] == pytest.approx(0.7)
    # At 90 % "no" the risk of a "yes" costs 1.0 and a person 0.2; at 90 % "yes" it is 0.1.
    assert ways[BY_GOAL]["answered"] == pytest.approx(0.3)
    dearest = found.sheets[1].rows
    assert (dearest[0]["truth"], dearest[0]["said"], dearest[0]["n"]) == ("yes", "no", 1)
    assert dearest[0]["share"] == pytest.approx(10 / 11.2)
    assert sum(row["cost"] for row in dearest) == pytest.approx(1120)


def test_where_accuracy_and_cost_disagree_is_said(sit: Sit, answer: Say) -> None:
    """Always guessing is right more often; leaving the doubtful ones costs less."""
    truths = ["no"] * 70 + ["yes"] * 30
    doubtful = answer("no", 0.6, level=Level.NOT_SURE)
    answers = [answer("no", 0.99)] * 60 + [doubtful] * 20 + [answer("yes", 0.99)] * 20
    found = GoalCost(Config()).measure(sit(truths, answers, goal=GOAL))
    ways = {row["way"]: row for row in found.sheets[0].rows}
    assert ways[BEST_GUESS]["right"] == pytest.approx(0.9)
    assert ways[AS_IT_SPEAKS]["right"] == pytest.approx(0.8)
    assert ways[AS_IT_SPEAKS]["cost"] == pytest.approx(20 * 0.2 * 10)
    assert ways[BEST_GUESS]["cost"] == pytest.approx(10 * 10 * 10)
    assert ways[AS_IT_SPEAKS]["rank_by_cost"] == 1
    assert ways[BEST_GUESS]["rank_by_right"] == 1
    assert any("Accuracy and cost disagree" in sentence for sentence in found.meaning)


def test_agreement_is_not_called_disagreement(sit: Sit, answer: Say) -> None:
    answers = [answer("yes", 0.99)] * 50 + [answer("no", 0.99)] * 50
    found = GoalCost(Config()).measure(sit(["yes"] * 50 + ["no"] * 50, answers, goal=GOAL))
    assert found.figures[0].value == 0
    assert not any("disagree" in sentence for sentence in found.meaning)
    assert found.sheets[1].rows == ()


@pytest.mark.parametrize(("wrong", "words"), [(60, "more than it saves"), (20, "do not prove")])
def test_it_is_held_against_a_person(sit: Sit, answer: Say, wrong: int, words: str) -> None:
    answers = [answer("no", 0.9)] * wrong + [answer("yes", 0.9)] * (100 - wrong)
    found = GoalCost(Config()).measure(sit(["yes"] * 100, answers, goal=Goal(not_sure=0.2)))
    assert any(words in sentence for sentence in found.meaning)
