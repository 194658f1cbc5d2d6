"""The judgement: planted pairs whose better one is known."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from handful.foundation.errors import ConfigError, UsageError
from handful.foundation.goal import Goal, Mistake
from handful.numerics.stats.base import Verdict
from handful.trust.evaluate.compare import compare
from handful.trust.evaluate.finding import Figure, Finding
from handful.trust.evaluate.judgement import ACCURACY, COST, LIMIT, SLOWER
from handful.trust.evaluate.report import Report

Made = Callable[..., Report]

MISS = Goal(mistake=1, mistakes=(Mistake(truth="yes", said="no", cost=10),))


def with_times(report: Report, seconds: Sequence[float], session: str = "s") -> Report:
    turns = [row // 20 for row in range(len(seconds))]
    times = {"seconds": list(seconds), "turns": turns, "session": session}
    ordered = sorted(seconds)
    p90 = Figure(
        name="p90",
        value=ordered[int(0.9 * len(ordered)) - 1],
        unit="seconds",
        low=ordered[int(0.87 * len(ordered))],
        high=ordered[int(0.93 * len(ordered))],
    )
    return replace(
        report, findings=(Finding(measure="latency", figures=(p90,), data={"times": times}),)
    )


def test_better_in_accuracy_and_worse_in_cost_is_told_apart(report_of: Made) -> None:
    """Plant: A misses 20 of 200 "yes"; B misses none and cries wolf 40 times. Accuracy prefers
    A by 2 points, the goal prefers B by 160 per 1,000."""
    truths = ["yes"] * 200 + ["no"] * 800
    careless = ["no"] * 20 + ["yes"] * 180 + ["no"] * 800
    careful = ["yes"] * 200 + ["yes"] * 40 + ["no"] * 760
    a, b = report_of(truths, careless, name="A"), report_of(truths, careful, name="B")
    found = compare(b, a, MISS)
    assert found.line(ACCURACY).change == pytest.approx(0.02)
    assert found.line(COST).change == pytest.approx(160)
    assert found.verdict == Verdict.FAIL
    assert found.cheaper == "B"
    assert any("Accuracy and cost disagree: A is right more often" in s for s in found.meaning)
    assert any("By the goal, B is the better one" in s for s in found.meaning)
    other = compare(a, b, MISS)
    assert other.verdict == Verdict.PASS
    assert other.cheaper == "B"
    assert compare(b, a, Goal()).verdict == Verdict.PASS, "when all mistakes cost the same"


@pytest.mark.parametrize(("n", "verdict"), [(1000, Verdict.PASS), (100, Verdict.CANNOT_TELL)])
def test_identical_models_never_fail_and_few_cases_cannot_tell(
    report_of: Made, n: int, verdict: Verdict
) -> None:
    truths = ["yes", "no"] * (n // 2)
    said = ["yes"] * n
    found = compare(report_of(truths, said), report_of(truths, said), Goal())
    assert found.verdict == verdict
    assert found.cheaper == ""
    assert (found.old, found.new) == ("the old model", "the new model")
    if verdict == Verdict.CANNOT_TELL:
        assert found.smallest_detectable is not None
        assert found.smallest_detectable > 10
        assert "would show a loss from" in found.line(COST).reason


def test_a_loss_of_three_points_at_a_thousand_cases_fails(report_of: Made) -> None:
    truths = ["yes", "no"] * 500
    worse = ["no" if row < 60 and row % 2 == 0 else truth for row, truth in enumerate(truths)]
    found = compare(report_of(truths, truths), report_of(truths, worse), Goal())
    assert found.verdict == Verdict.FAIL
    assert len(found.lost) == 30
    assert found.gained == ()
    assert found.line(COST).change == pytest.approx(30)
    assert found.line('accuracy on "yes"').verdict == Verdict.FAIL
    assert found.line('accuracy on "no"').change == 0


def test_models_of_equal_worth_fail_in_at_most_a_twentieth(report_of: Made) -> None:
    rng = np.random.default_rng(11)
    truths = ["yes"] * 300
    failed = passed = 0
    for _ in range(60):
        one, two = (["yes" if right else "no" for right in rng.random(300) < 0.9] for _ in range(2))
        verdict = compare(report_of(truths, one), report_of(truths, two), Goal()).verdict
        failed += verdict == Verdict.FAIL
        passed += verdict == Verdict.PASS
    assert failed <= 8, "more than chance would do at a twentieth"
    assert passed <= 6, "300 cases with this many flips rule nothing out"


def test_graded_costs_use_every_price(report_of: Made) -> None:
    truths = ["yes"] * 200 + ["no"] * 200
    silent = report_of(truths, truths, silent=range(100))
    wrong = report_of(truths, ["no"] * 20 + ["yes"] * 180 + ["no"] * 200)
    found = compare(silent, wrong, MISS)
    assert found.line(COST).old == pytest.approx(0.2 * 100 / 400 * 1000)
    assert found.line(COST).new == pytest.approx(10 * 20 / 400 * 1000)
    assert found.verdict == Verdict.FAIL
    assert found.cheaper == "the old model"


def test_groups_are_the_witnesses(report_of: Made) -> None:
    truths = ["yes"] * 400
    groups = [f"g{row // 100}" for row in range(400)]
    worse = ["no"] * 20 + ["yes"] * 380
    alone = compare(report_of(truths, truths), report_of(truths, worse), Goal())
    assert alone.verdict == Verdict.FAIL
    grouped = compare(
        report_of(truths, truths, groups=groups), report_of(truths, worse, groups=groups), Goal()
    )
    assert grouped.verdict == Verdict.CANNOT_TELL


def test_only_shared_cases_count(report_of: Made) -> None:
    truths = ["yes"] * 100
    found = compare(report_of(truths, truths), report_of(truths, truths, first=40), Goal())
    assert found.n == 60
    assert any("80 answers stand in one report only" in sentence for sentence in found.meaning)
    with pytest.raises(UsageError, match="share no case"):
        compare(report_of(truths, truths), report_of(truths, truths, first=100), Goal())


def test_reports_that_cannot_be_paired_are_refused(report_of: Made) -> None:
    one = report_of(["yes", "no"], ["yes", "no"])
    with pytest.raises(UsageError, match="holds no single answers"):
        compare(one, replace(one, outcomes=()), Goal())
    with pytest.raises(UsageError, match=r'truth of 1 cases changed .*"c1"'):
        compare(one, report_of(["yes", "yes"], ["yes", "no"]), Goal())
    with pytest.raises(ConfigError, match="margin"):
        compare(one, one, Goal(), margin=-1)


@pytest.mark.parametrize(
    ("more", "verdict"), [(0.0, Verdict.PASS), (0.3, Verdict.FAIL)], ids=["same", "slower"]
)
def test_a_slower_fifth_fails_the_time_line_and_the_same_model_passes(
    report_of: Made, more: float, verdict: Verdict
) -> None:
    """Plant: a fifth of the calls take 30 % longer; the mean moves by 6 %."""
    rng = np.random.default_rng(2)
    base = report_of(["yes"] * 400, ["yes"] * 400)
    old = 0.010 * np.exp(rng.normal(0, 0.05, 600))
    new = 0.010 * np.exp(rng.normal(0, 0.05, 600))
    new[::5] *= 1 + more
    found = compare(with_times(base, old.tolist()), with_times(base, new.tolist()), Goal())
    line = found.line(SLOWER)
    assert line.verdict == verdict
    assert not line.decides
    assert found.verdict == Verdict.PASS
    assert any("take" in one for one in found.meaning) == (verdict == Verdict.FAIL)


def test_times_that_were_not_taken_in_turns_are_not_compared(report_of: Made) -> None:
    base = report_of(["yes"] * 400, ["yes"] * 400)
    found = compare(
        with_times(base, [0.01] * 100, "monday"), with_times(base, [0.02] * 100, "friday"), Goal()
    )
    assert SLOWER not in [line.what for line in found.lines]


@pytest.mark.parametrize(
    ("limit_ms", "verdict"), [(30, Verdict.PASS), (5, Verdict.FAIL), (19.3, Verdict.CANNOT_TELL)]
)
def test_the_limit_of_the_goal_decides(report_of: Made, limit_ms: float, verdict: Verdict) -> None:
    base = report_of(["yes"] * 400, ["yes"] * 400)
    new = with_times(base, np.linspace(0.01, 0.02, 600).tolist())
    found = compare(base, new, Goal(latency_ms=limit_ms))
    assert found.line(COST).verdict == Verdict.PASS
    line = found.line(LIMIT)
    assert line.high is not None
    assert line.low is not None
    assert line.verdict == found.verdict == verdict
