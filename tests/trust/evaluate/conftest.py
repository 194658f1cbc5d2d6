"""Predictors whose true figures are known, because a script says what they say."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from handful.foundation.goal import Goal
from handful.foundation.predictor import Answer, Level, Query
from handful.trust.evaluate.cases import Case
from handful.trust.evaluate.report import Outcome, Report
from handful.trust.evaluate.sitting import Sitting


def answer(
    label: str,
    confidence: float = 1.0,
    classes: Sequence[str] = ("no", "yes"),
    level: Level = Level.SURE,
    error_rate: float | None = None,
) -> Answer:
    others = [name for name in classes if name != label]
    probabilities = {name: (1 - confidence) / len(others) for name in others}
    probabilities[label] = confidence
    return Answer(label=label, level=level, probabilities=probabilities, error_rate=error_rate)


class Scripted:
    """Answers by a script; the text of a query is the id of its case."""

    modalities = ("text",)

    def __init__(
        self,
        script: Mapping[str, Answer],
        name: str = "scripted",
        classes: Sequence[str] = ("no", "yes"),
    ) -> None:
        self.script = script
        self.name = name
        self.classes = tuple(classes)
        self.calls: list[int] = []

    def predict(self, queries: Sequence[Query]) -> list[Answer]:
        self.calls.append(len(queries))
        return [self.script[query["text"]] for query in queries]


class Voter:
    """Says what most of its modalities say; the first in order breaks ties."""

    def __init__(self, modalities: Sequence[str], name: str = "voter") -> None:
        self.modalities = tuple(modalities)
        self.name = name
        self.classes = ("no", "yes")
        self.asked: list[tuple[str, ...]] = []

    def predict(self, queries: Sequence[Query]) -> list[Answer]:
        answers = []
        for query in queries:
            self.asked.append(tuple(query))
            votes = list(query.values())
            label = max(dict.fromkeys(votes), key=votes.count)
            answers.append(answer(label, 0.9))
        return answers


def sit(
    truths: Sequence[str],
    answers: Sequence[Answer],
    groups: Sequence[str | None] | None = None,
    goal: Goal | None = None,
    classes: Sequence[str] = ("no", "yes"),
    **more: Any,
) -> Sitting:
    ids = [f"c{number}" for number in range(len(truths))]
    cases = [
        Case(name, {"text": name}, truth, group)
        for name, truth, group in zip(ids, truths, groups or [None] * len(ids), strict=True)
    ]
    predictor = Scripted(dict(zip(ids, answers, strict=True)), classes=classes)
    return Sitting(predictor, cases, goal=goal or Goal(), **more)


def report_of(
    truths: Sequence[str],
    said: Sequence[str],
    *,
    name: str = "model",
    groups: Sequence[str | None] | None = None,
    silent: Sequence[int] = (),
    first: int = 0,
    classes: Sequence[str] = ("no", "yes"),
) -> Report:
    """A report of single answers only; the rows in `silent` say not sure."""
    outcomes = tuple(
        Outcome(
            id=f"c{row + first}",
            truth=truth,
            group=group,
            modalities=("text",),
            label=label,
            level=str(Level.NOT_SURE if row in silent else Level.SURE),
            probabilities={one: float(one == label) for one in classes},
            shares={},
            error_rate=None,
        )
        for row, (truth, label, group) in enumerate(
            zip(truths, said, groups or [None] * len(truths), strict=True)
        )
    )
    return Report(
        predictor=name,
        classes=tuple(classes),
        modalities=("text",),
        goal=Goal(),
        seed=0,
        created="2026-01-01T00:00:00+00:00",
        made_by="handful 0",
        code="0" * 12,
        cases="0" * 64,
        n=len(truths),
        groups=None,
        findings=(),
        outcomes=outcomes,
    )


@pytest.fixture(name="report_of")
def _report_of() -> Callable[..., Report]:
    return report_of


@pytest.fixture(name="answer")
def _answer() -> Callable[..., Answer]:
    return answer


@pytest.fixture(name="sit")
def _sit() -> Callable[..., Sitting]:
    return sit


@pytest.fixture
def scripted() -> type[Scripted]:
    return Scripted


@pytest.fixture
def voter() -> type[Voter]:
    return Voter
