"""The whole suite: it sees only a predictor, and the same seed gives the same figures."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from handful.foundation.errors import UsageError
from handful.foundation.goal import Goal
from handful.foundation.hardware.power import Tariff
from handful.foundation.predictor import Answer, Predictor, Query
from handful.numerics.stats.base import Verdict
from handful.trust.evaluate.cases import Case, digest_of
from handful.trust.evaluate.judgement import COST, SLOWER
from handful.trust.evaluate.measures.accuracy import Accuracy
from handful.trust.evaluate.measures.accuracy import Config as AccuracyConfig
from handful.trust.evaluate.measures.latency import Config as LatencyConfig
from handful.trust.evaluate.measures.latency import Latency
from handful.trust.evaluate.suite import evaluate, evaluate_both

MEASURES = ["accuracy", "calibration", "goal_cost", "groups", "latency", "memory", "modalities"]


@pytest.fixture
def cases() -> list[Case]:
    return [
        Case(f"c{row}", {"image": "yes", "text": "yes" if row % 5 else "no"}, "yes", f"g{row % 2}")
        for row in range(400)
    ]


def test_everything_is_measured_unless_told_otherwise(voter: Any, cases: list[Case]) -> None:
    predictor: Predictor = voter(("text", "image"), name="the model")
    report = evaluate(predictor, cases, goal=Goal(), seed=3)
    assert [finding.measure for finding in report.findings] == MEASURES
    assert report.not_measured == {}
    assert (report.predictor, report.seed, report.n, report.groups) == ("the model", 3, 400, 2)
    assert report.cases == digest_of(cases)
    assert len(report.outcomes) == 400
    assert report.figure("accuracy.accuracy").value == pytest.approx(0.8)
    assert report.figure("modalities.part_image").value is not None
    assert len(report.code) == 12


def test_the_same_seed_gives_the_same_figures(voter: Any, cases: list[Case]) -> None:
    chosen = [name for name in MEASURES if name not in ("latency", "memory")]
    one, two = (
        evaluate(voter(("text", "image")), cases, goal=Goal(), seed=1, measures=chosen)
        for _ in range(2)
    )
    assert one.findings == two.findings
    assert one.outcomes == two.outcomes


def test_measures_by_name_or_ready_made(voter: Any, cases: list[Case]) -> None:
    mine = Accuracy(AccuracyConfig(whole_matrix=2))
    report = evaluate(voter(("text",)), cases, goal=Goal(), measures=[mine, "memory"])
    assert [finding.measure for finding in report.findings] == ["accuracy", "memory"]
    with pytest.raises(UsageError, match="acuracy") as caught:
        evaluate(voter(("text",)), cases, goal=Goal(), measures=["acuracy"])
    assert "accuracy" in caught.value.hint
    for wrong in (["accuracy", mine], []):
        with pytest.raises(UsageError, match="once"):
            evaluate(voter(("text",)), cases, goal=Goal(), measures=wrong)


def test_progress_reaches_its_end(voter: Any, cases: list[Case]) -> None:
    told: list[Any] = []
    evaluate(voter(("text", "image")), cases, goal=Goal(), on_progress=lambda *x: told.append(x))
    assert told[-1] == ("measuring", 7, 7)
    assert ("answering", 400, 400) in told
    assert ("timing single answers", 20, 20) in told
    assert ("answering from text alone", 400, 400) in told
    assert all(done <= total for _, done, total in told)


def test_the_tariff_prices_answers(voter: Any, cases: list[Case]) -> None:
    chosen = [Latency(LatencyConfig(turns=1, calls=1, warm_up=0))]
    tariff = Tariff(price_per_hour=1e6, currency="USD")
    report = evaluate(voter(("text",)), cases, goal=Goal(), measures=chosen, tariff=tariff)
    money = report.figure("latency.money_per_1000")
    assert money.note == "USD"
    assert money.value is not None
    assert money.value > 0.1


def test_two_are_measured_in_turns_and_judged(voter: Any, cases: list[Case]) -> None:
    both = evaluate_both(
        voter(("text", "image"), name="old"),
        voter(("image", "text"), name="new"),
        cases,
        goal=Goal(),
        measures=["accuracy", Latency(LatencyConfig(turns=4, calls=5))],
    )
    assert (both.old.predictor, both.new.predictor) == ("old", "new")
    sessions = [each.finding("latency").data["times"]["session"] for each in both[:2]]
    assert sessions[0] == sessions[1]
    assert both.judgement.verdict == Verdict.PASS
    assert both.judgement.line(COST).change == pytest.approx(-200)
    assert both.judgement.line(SLOWER).change is not None
    assert both.judgement.gained == tuple(case.id for case in cases if case.query["text"] == "no")


def test_the_first_answer_is_timed_before_anything_is_warm(
    scripted: Any, answer: Callable[..., Answer]
) -> None:
    order: list[str] = []

    class Telling(scripted):
        def predict(self, queries: Sequence[Query]) -> list[Answer]:
            order.append(f"{self.name} {len(queries)}")
            return super().predict(queries)

    script = {"a": answer("yes"), "b": answer("no")}
    cases = [Case(name, {"text": name}, "yes") for name in "ab"]
    chosen = [Latency(LatencyConfig(turns=2, calls=1, warm_up=1))]
    evaluate_both(
        Telling(script, name="old"),
        Telling(script, name="new"),
        cases,
        goal=Goal(),
        measures=chosen,
    )
    assert order[:4] == ["old 1", "old 2", "new 1", "new 2"]
    assert order[4:] == ["old 1", "new 1", "old 1", "new 1", "new 1", "old 1"]
