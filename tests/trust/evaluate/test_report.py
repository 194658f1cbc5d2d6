"""The report on disk: what is saved comes back, and what was altered is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handful.foundation.errors import NewerFormatError, ProjectError, UsageError
from handful.foundation.goal import Goal, Mistake
from handful.foundation.predictor import Level
from handful.trust.evaluate.cases import Case
from handful.trust.evaluate.report import ANSWERS, REPORT, Report
from handful.trust.evaluate.suite import evaluate

Made = Callable[..., Report]


@pytest.fixture
def report(voter: Any) -> Report:
    cases = [
        Case(f"c{row}", {"image": "yes", "text": "no"}, "yes" if row % 3 else "no", f"g{row % 4}")
        for row in range(40)
    ]
    goal = Goal(mistakes=(Mistake(truth="yes", said="no", cost=10),))
    return evaluate(voter(("image", "text")), cases, goal=goal)


def test_what_is_saved_comes_back(report: Report, tmp_path: Path) -> None:
    path = report.save(tmp_path)
    again = Report.load(tmp_path)
    assert path == tmp_path / REPORT
    assert again.as_dict() == report.as_dict()
    assert again.outcomes == report.outcomes
    assert again.id == report.id
    assert len(report.id) == 12
    assert again.goal == report.goal
    assert json.loads(path.read_text())["kind"] == "report"


def test_figures_are_found_by_name(report: Report) -> None:
    assert report.figure("accuracy.accuracy").value == pytest.approx(26 / 40)
    with pytest.raises(UsageError, match=r"no figure \"accuracy.balancd\"") as caught:
        report.figure("accuracy.balancd")
    assert "accuracy.balanced" in caught.value.hint
    with pytest.raises(UsageError, match='holds no "speed"'):
        report.finding("speed")
    assert report.has("accuracy")
    assert not report.has("groups"), "ten cases a group are too few"
    assert "groups" in report.not_measured
    assert len(report.sheets) >= 8
    assert all(sentence.endswith((".", "?")) for sentence in report.meaning)


def test_an_outcome_gives_the_answer_back(report_of: Made) -> None:
    answer = report_of(["yes"], ["no"], silent=[0]).outcomes[0].answer
    assert (answer.label, answer.level, answer.confidence) == ("no", Level.NOT_SURE, 1.0)


def test_the_id_knows_every_answer(report_of: Made) -> None:
    one = report_of(["yes", "no"], ["yes", "no"])
    assert one.id == report_of(["yes", "no"], ["yes", "no"]).id
    assert one.id != report_of(["yes", "no"], ["yes", "yes"]).id


def test_a_report_without_answers_can_be_read(report: Report, tmp_path: Path) -> None:
    report.save(tmp_path)
    (tmp_path / ANSWERS).unlink()
    assert Report.load(tmp_path).outcomes == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / REPORT).write_text("{"),
        lambda folder: (folder / REPORT).write_text("[1]"),
        lambda folder: (folder / REPORT).write_text('{"kind": "report", "format": 1}'),
        lambda folder: (folder / REPORT).unlink(),
        lambda folder: (folder / ANSWERS).write_text("{}\n"),
    ],
)
def test_a_damaged_report_is_refused(
    report: Report, tmp_path: Path, change: Callable[[Path], Any]
) -> None:
    report.save(tmp_path)
    change(tmp_path)
    with pytest.raises(ProjectError, match=r"damaged|holds no report"):
        Report.load(tmp_path)


def test_a_newer_report_is_refused_by_name(report: Report, tmp_path: Path) -> None:
    report.save(tmp_path)
    content = json.loads((tmp_path / REPORT).read_text())
    (tmp_path / REPORT).write_text(json.dumps({**content, "format": 99}))
    with pytest.raises(NewerFormatError, match=REPORT):
        Report.load(tmp_path)


def test_saving_twice_replaces(report: Report, tmp_path: Path) -> None:
    report.save(tmp_path)
    replace(report, predictor="another").save(tmp_path)
    assert Report.load(tmp_path).predictor == "another"
    assert sorted(path.name for path in tmp_path.iterdir()) == [REPORT, ANSWERS]
