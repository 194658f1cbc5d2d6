import numpy as np
import pytest

from handful.foundation.goal import Goal, Mistake
from handful.learn.routes.arms import OURS, Arm
from handful.learn.routes.table import lines, sentences

LABELS = np.repeat([0, 1], 100)


def arm(name: str, right: np.ndarray, confidence: float = 0.9) -> Arm:
    said = np.where(right, LABELS, 1 - LABELS)
    held_out = np.where(said[:, None] == np.arange(2), confidence, 1 - confidence)
    return Arm(name=name, held_out=held_out, cpu_s=1.0)


def wrong(*rows: int) -> np.ndarray:
    right = np.ones(200, bool)
    right[list(rows)] = False
    return right


def test_accuracy_interval_and_cost_of_every_arm() -> None:
    table = lines([arm(OURS, wrong(0, 100))], LABELS, ("a", "b"), None, Goal(not_sure=0.5))
    assert table[0].accuracy == 0.99
    assert table[0].low < 0.99 < table[0].high
    assert table[0].cost == pytest.approx(100 * 2 / 200)


def test_the_cost_follows_the_goal_and_not_the_accuracy() -> None:
    goal = Goal(not_sure=5, mistakes=(Mistake(truth="b", said="a", cost=10),))
    arms = [arm("missed", wrong(100), 0.99), arm("alarmed", wrong(0, 1, 2), 0.99)]
    missed, alarmed = lines(arms, LABELS, ("a", "b"), None, goal)
    assert missed.accuracy > alarmed.accuracy
    assert missed.cost > alarmed.cost


def test_fusion_that_wins_is_told_from_fusion_that_does_not() -> None:
    weak = arm("image alone", wrong(*range(0, 200, 4)))
    deaf = arm("audio alone", wrong(*range(80)))
    won = sentences([arm(OURS, wrong(0)), weak, deaf], LABELS, None)
    assert any("more than chance explains" in sentence for sentence in won)
    lost = sentences([arm(OURS, wrong(*range(90))), weak, weak], LABELS, None)
    assert not any("does not help" in sentence for sentence in lost)  # one single modality only
    audio = arm("audio alone", wrong(*range(50)))
    lost = sentences([arm(OURS, wrong(*range(90))), weak, audio], LABELS, None)
    assert any("does not help here" in sentence for sentence in lost)


def test_a_model_that_learned_nothing_and_a_better_baseline_are_said() -> None:
    ours, same = arm(OURS, wrong(*range(100))), arm("majority", wrong(*range(100)))
    better = arm("boosting", wrong(0))
    said = sentences([ours, same, better], LABELS, None)
    assert any("learned nothing yet" in sentence for sentence in said)
    assert any("boosting did better" in sentence for sentence in said)
