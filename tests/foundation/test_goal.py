import itertools

import numpy as np
import pytest

from handful.foundation.config import build
from handful.foundation.errors import ConfigError, UsageError
from handful.foundation.goal import NOT_SURE, Goal, HeldOut, Mistake

CLASSES = ("first", "second", "cracked")


def random_probabilities(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(3), size=rows)


def test_costs_start_equal_and_later_lines_win() -> None:
    goal = Goal(
        mistake=1.0,
        mistakes=(
            Mistake(truth="cracked", cost=10),
            Mistake(truth="cracked", said="second", cost=4),
            Mistake(said="second", truth="first", cost=0.5),
        ),
    )
    expected = [[0, 0.5, 1], [1, 0, 1], [10, 4, 0]]
    np.testing.assert_array_equal(goal.costs(CLASSES), expected)


def test_a_class_nobody_has_is_named() -> None:
    goal = Goal(mistakes=(Mistake(truth="craked", cost=10),))
    with pytest.raises(UsageError, match=r'"craked"(.|\n)*did you mean `cracked`'):
        goal.costs(CLASSES)


def test_decisions_equal_the_naive_loop() -> None:
    goal = Goal(not_sure=0.3, mistakes=(Mistake(truth="cracked", said="first", cost=5),))
    probabilities = random_probabilities(200)
    costs = goal.costs(CLASSES)
    for row, said in zip(probabilities, goal.decide(probabilities, CLASSES), strict=True):
        expected = [sum(row[t] * costs[t, s] for t in range(3)) for s in range(3)]
        cheapest = min(range(3), key=lambda s: expected[s])
        assert said == (cheapest if expected[cheapest] <= 0.3 else NOT_SURE)


def test_a_dear_mistake_makes_the_answer_more_careful() -> None:
    probabilities = np.array([[0.8, 0.05, 0.15]])
    plain = Goal(not_sure=0.5)
    careful = Goal(not_sure=0.5, mistakes=(Mistake(truth="cracked", said="first", cost=10),))
    assert plain.decide(probabilities, CLASSES)[0] == 0
    assert careful.decide(probabilities, CLASSES)[0] == NOT_SURE


def test_accuracy_and_cost_rank_two_models_differently() -> None:
    goal = Goal(mistakes=(Mistake(truth="cracked", said="first", cost=10),))
    truth = np.array([0, 0, 0, 0, 2])
    accurate, cheap = np.array([0, 0, 0, 0, 0]), np.array([0, 0, 1, 1, 2])
    assert (accurate == truth).mean() > (cheap == truth).mean()
    assert goal.cost(truth, accurate, CLASSES).mean() > goal.cost(truth, cheap, CLASSES).mean()


def test_not_sure_costs_what_the_goal_says() -> None:
    cost = Goal(not_sure=0.2).cost(np.array([0, 1]), np.array([NOT_SURE, 0]), CLASSES)
    np.testing.assert_allclose(cost, [0.2, 1.0])


@pytest.mark.parametrize("seed", range(5))
def test_the_tuned_threshold_is_the_cheapest_of_all(seed: int) -> None:
    probabilities = random_probabilities(60, seed).round(2)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    truth = np.random.default_rng(seed).integers(0, 3, size=60)
    goal = Goal(not_sure=0.45)
    tuned = goal.tune_threshold(HeldOut(probabilities, truth, "validation"), CLASSES)
    confidence, guess = probabilities.max(axis=1), probabilities.argmax(axis=1)

    def cost_at(threshold: float) -> float:
        said = np.where(confidence >= threshold, guess, NOT_SURE)
        return float(goal.cost(truth, said, CLASSES).mean())

    cheapest = min(cost_at(t) for t in itertools.chain([2.0], confidence))
    assert cost_at(tuned.threshold) == pytest.approx(cheapest)
    assert tuned.cost == pytest.approx(cheapest)
    assert tuned.answered == pytest.approx((confidence >= tuned.threshold).mean())


def test_nothing_is_ever_tuned_on_the_test_answers() -> None:
    held_out = HeldOut(random_probabilities(5), np.zeros(5, int), "test")
    with pytest.raises(UsageError, match="test answers"):
        Goal().tune_threshold(held_out, CLASSES)


def test_limits_are_compared_and_a_missing_figure_is_said() -> None:
    goal = Goal(latency_ms=20, money_per_1000=0.5)
    assert goal.unmet(latency_ms=10, money_per_1000=0.5) == []
    slow, unknown = goal.unmet(latency_ms=30, money_per_1000=None)
    assert "50% too much" in slow
    assert "not measured" in unknown


def test_wrong_goals_are_reported_whole() -> None:
    with pytest.raises(ConfigError) as caught:
        build(Goal, {"mistake": -1, "sure_error": 0.9, "latency_ms": 0, "mistakes": [{"cost": -2}]})
    assert len(caught.value.mistakes) == 5  # fairly_sure_error stands on sure_error
