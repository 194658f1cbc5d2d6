"""Latency with a clock that only moves when somebody works."""

from collections.abc import Sequence
from typing import Any

import pytest

from handful.foundation.goal import Goal
from handful.foundation.hardware.power import Tariff
from handful.foundation.predictor import Answer, Query
from handful.trust.evaluate.cases import Case
from handful.trust.evaluate.finding import Figure
from handful.trust.evaluate.measures.latency import Config, Latency, money_per_1000
from handful.trust.evaluate.sitting import Conditions, Sitting


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def slow(scripted: Any, answer: Any) -> Any:
    """A sitting whose calls take as many seconds as the list says, again and again."""

    class Slow(scripted):
        def predict(self, queries: Sequence[Query]) -> list[Answer]:
            self.clock.now += self.seconds[len(self.calls) % len(self.seconds)]
            return super().predict(queries)

    def made(seconds: list[float], goal: Goal | None = None) -> Sitting:
        predictor = Slow({"a": answer("yes")})
        predictor.clock, predictor.seconds = Clock(), seconds
        conditions = Conditions(clock=predictor.clock, tariff=Tariff(price_per_hour=3.6))
        cases = [Case("a", {"text": "a"}, "yes")]
        return Sitting(predictor, cases, goal=goal or Goal(), conditions=conditions)

    return made


def known(finding: Any) -> dict[str, Figure]:
    return {each.name: each for each in finding.figures}


def test_percentiles_are_measured_values(slow: Any) -> None:
    """Eight calls of ten take 1 ms, two take 3 ms."""
    found = Latency(Config(warm_up=0)).measure(slow([0.001] * 8 + [0.003] * 2))
    figures = known(found)
    assert figures["p50"].value == pytest.approx(0.001)
    assert figures["p90"].value == pytest.approx(0.003)
    assert figures["p99"].value == pytest.approx(0.003)
    assert figures["p50"].n == 400
    assert figures["first_answer"].value == pytest.approx(0.001)
    assert len(found.data["times"]["seconds"]) == 400


def test_too_few_calls_do_not_bound_the_slowest_hundredth(slow: Any) -> None:
    found = Latency(Config(warm_up=0, turns=5, calls=10)).measure(slow([1.0]))
    assert known(found)["p99"].high is None
    assert any("do not bound" in sentence for sentence in found.meaning)
    found = Latency(Config(warm_up=0)).measure(slow([0.001]))
    assert known(found)["p99"].high is not None


def test_a_slow_predictor_gets_fewer_calls(slow: Any) -> None:
    found = Latency(Config(warm_up=0, limit_s=5.0)).measure(slow([1.0]))
    assert known(found)["p50"].n == 20


def test_limits_of_the_goal(slow: Any) -> None:
    goal = Goal(latency_ms=2)
    found = Latency(Config(warm_up=0)).measure(slow([0.001] * 8 + [0.003] * 2, goal))
    assert any("The goal is not met: `latency_ms`" in sentence for sentence in found.meaning)
    found = Latency(Config(warm_up=0)).measure(slow([0.001], goal))
    assert not any("not met" in sentence for sentence in found.meaning)


def test_core_time_and_money_are_those_of_the_batches(slow: Any) -> None:
    sitting = slow([1.0])
    found = known(Latency(Config(warm_up=0)).measure(sitting))
    cost = sitting.asked.cost
    assert found["core_time"].value == pytest.approx(cost.cpu_s)
    assert found["money_per_1000"].value == pytest.approx(money_per_1000(sitting.asked))
    assert money_per_1000(sitting.asked) == pytest.approx(1000 * cost.money)
    assert found["money_per_1000"].note == "EUR"
