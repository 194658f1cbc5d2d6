"""Times are taken one call at a time, in turns, in an order that favours nobody."""

import time
from collections.abc import Sequence

import numpy as np

from handful.foundation.predictor import Answer, Query
from handful.numerics.stats.quantiles import percentile
from handful.trust.evaluate.timing import Plan, Timer


class Clock:
    """Stands still unless somebody works."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Worker:
    """Takes as long as a list says, call after call."""

    classes = ("a",)
    modalities = ("text",)

    def __init__(self, name: str, clock: Clock, seconds: Sequence[float], log: list[str]) -> None:
        self.name = name
        self.clock = clock
        self.seconds = list(seconds)
        self.log = log

    def predict(self, queries: Sequence[Query]) -> list[Answer]:
        self.log.append(f"{self.name}{queries[0]['text']}")
        self.clock.now += self.seconds.pop(0)
        return []


def timer_of(seconds: Sequence[Sequence[float]], log: list[str], queries: int = 4) -> Timer:
    clock = Clock()
    workers = [Worker("ab"[place], clock, each, log) for place, each in enumerate(seconds)]
    asked = [{"text": number} for number in range(queries)]
    return Timer(workers, [asked] * len(workers), clock=clock)


def test_two_predictors_answer_the_same_questions_in_turns() -> None:
    log: list[str] = []
    timer = timer_of([[1.0] * 20, [2.0] * 20], log)
    plan = Plan(warm_up=1, turns=3, calls=2, limit_s=1e9)
    times = timer.times(0, plan)
    assert log[:2] == ["a0", "b0"], "warm-up comes first"
    assert log[2:] == ["a0", "a1", "b0", "b1", "b2", "b3", "a2", "a3", "a0", "a1", "b0", "b1"]
    assert times.seconds.tolist() == [1.0] * 6
    assert times.turns.tolist() == [0, 0, 1, 1, 2, 2]
    other = timer.times(1, plan)
    assert other.seconds.tolist() == [2.0] * 6
    assert other.session == times.session
    assert len(log) == 14, "asking again measures nothing again"


def test_warm_up_calls_are_not_counted() -> None:
    timer = timer_of([[9.0, 9.0, 1.0, 1.0]], [])
    times = timer.times(0, Plan(warm_up=2, turns=1, calls=2, limit_s=1e9))
    assert times.seconds.tolist() == [1.0, 1.0]


def test_no_turn_begins_after_the_limit_but_all_finish_the_last() -> None:
    timer = timer_of([[1.0] * 99, [1.0] * 99], [])
    plan = Plan(warm_up=0, turns=50, calls=5, limit_s=15.0)
    first, second = timer.times(0, plan), timer.times(1, plan)
    assert len(first.seconds) == len(second.seconds) == 10


def test_timers_of_their_own_have_sessions_of_their_own() -> None:
    plan = Plan(warm_up=0, turns=1, calls=1, limit_s=1.0)
    assert (
        timer_of([[1.0]], []).times(0, plan).session != timer_of([[1.0]], []).times(0, plan).session
    )


def test_a_drift_of_the_machine_meets_both_alike() -> None:
    """The machine slows down fivefold; in turns, the two predictors still look alike."""
    clock, log = Clock(), []

    class Drifting(Worker):
        def predict(self, queries: Sequence[Query]) -> list[Answer]:
            self.clock.now += 1.0 + (self.clock.now - 100.0) / 500
            return []

    workers = [Drifting(name, clock, [], log) for name in "ab"]
    timer = Timer(workers, [[{"text": 0}]] * 2, clock=clock)
    plan = Plan(warm_up=0, turns=40, calls=10, limit_s=1e9)
    one, two = timer.times(0, plan), timer.times(1, plan)
    assert one.seconds[-1] > 4 * one.seconds[0]
    assert abs(np.median(two.seconds) / np.median(one.seconds) - 1) < 0.03


def test_a_sleep_on_a_fifth_of_the_calls_lifts_p90_and_hardly_the_median() -> None:
    class Sleeper:
        classes = ("a",)
        modalities = ("text",)

        def __init__(self, name: str, more_s: float) -> None:
            self.name = name
            self.more_s = more_s
            self.calls = 0

        def predict(self, queries: Sequence[Query]) -> list[Answer]:
            self.calls += 1
            time.sleep(0.001 + (self.more_s if self.calls % 5 == 0 else 0.0))
            return []

    timer = Timer([Sleeper("old", 0.0), Sleeper("new", 0.02)], [[{"text": 0}]] * 2)
    plan = Plan(warm_up=0, turns=10, calls=10, limit_s=30)
    old, new = timer.times(0, plan), timer.times(1, plan)
    assert percentile(new.seconds, 0.9) > 0.02 > percentile(new.seconds, 0.5)
    assert percentile(new.seconds, 0.9) > 1.5 * percentile(old.seconds, 0.5)
