"""Every measure found: honest about what it lacks, repeatable, readable, plain JSON."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from handful.foundation.components import find, load, make
from handful.foundation.console.jsonable import jsonable
from handful.foundation.goal import Goal
from handful.foundation.predictor import Answer, Level, Predictor, Query
from handful.trust.evaluate.cases import Case
from handful.trust.evaluate.finding import Finding
from handful.trust.evaluate.measures.base import Measure
from handful.trust.evaluate.sitting import Sitting

ROOM = "handful.trust.evaluate.measures"
FOUND = find(ROOM)
TIMED = {"latency", "memory"}
"""Their figures are taken from a clock or the system and differ from one time to the next."""


class Fake:
    """Adds up the votes of its modalities."""

    name = "fake"
    classes = ("first", "second", "cracked")

    def __init__(self, modalities: Sequence[str]) -> None:
        self.modalities = tuple(modalities)

    def predict(self, queries: Sequence[Query]) -> list[Answer]:
        return [self._answer(query) for query in queries]

    def _answer(self, query: Query) -> Answer:
        votes = np.bincount([self.classes.index(v) for v in query.values()], minlength=3)
        weights = np.exp(2.0 * votes)
        chances = weights / weights.sum()
        best = int(chances.argmax())
        level = Level.SURE if chances[best] > 0.8 else Level.NOT_SURE
        return Answer(
            label=self.classes[best],
            level=level,
            probabilities=dict(zip(self.classes, chances.tolist(), strict=True)),
            shares={name: 1 / len(query) for name in query},
            error_rate=0.1 if level == Level.SURE else None,
        )


def cases_of(n: int, modalities: Sequence[str], groups: int | None, seed: int = 0) -> list[Case]:
    rng = np.random.default_rng(seed)
    cases = []
    for row in range(n):
        truth = Fake.classes[int(rng.integers(3))]
        votes = {
            name: truth if rng.random() < 0.7 else Fake.classes[int(rng.integers(3))]
            for name in modalities
        }
        group = None if groups is None else f"group {row % groups}"
        cases.append(Case(f"case {row}", votes, truth, group))
    return cases


SETTINGS = {
    "three modalities, groups": (cases_of(120, ("image", "audio", "text"), 3), 3),
    "one modality, no groups": (cases_of(60, ("text",), None), 1),
    "one case": (cases_of(1, ("image", "text"), None), 2),
    "one case in a group": (cases_of(1, ("image", "text"), 1), 2),
    "one group": (cases_of(40, ("image", "text"), 1), 2),
    "one class": (
        [Case(f"c{row}", {"text": "first"}, "first", f"g{row % 4}") for row in range(40)],
        1,
    ),
    "never right": ([Case(f"c{row}", {"text": "first"}, "second") for row in range(40)], 1),
    "a class it does not know": ([Case("c", {"text": "first"}, "fourth", "g")], 1),
}


def sitting_of(setting: str, seed: int = 0) -> Sitting:
    cases, _ = SETTINGS[setting]
    modalities = list(dict.fromkeys(name for case in cases for name in case.query))
    predictor: Predictor = Fake(modalities)
    return Sitting(predictor, cases, goal=Goal())


def measured(name: str, setting: str) -> Finding:
    settings = {"turns": 2, "calls": 3, "warm_up": 1} if name == "latency" else {}
    measure: Measure = make(ROOM, name, Measure, settings)
    return measure.measure(sitting_of(setting))


def test_the_room_is_not_empty() -> None:
    assert len(FOUND) >= 7


@pytest.mark.parametrize("name", FOUND)
def test_its_head_says_what_it_is_for(name: str) -> None:
    assert FOUND[name].summary.endswith(".")
    assert len(FOUND[name].summary) <= 100
    doc = load(ROOM, name).__doc__ or ""
    for word in ("Use when:", "Needs:", "Cost:", "Source:"):
        assert word in doc, f"{name} does not say `{word}`"


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", FOUND)
def test_it_finds_something_or_says_why_not(name: str, setting: str) -> None:
    found = measured(name, setting)
    assert found.measure == name
    assert found.meaning, "a person gets at least one sentence"
    for sentence in found.meaning:
        assert sentence.endswith(".")
        assert sentence[0].isupper() or sentence[0] == '"'
    assert bool(found.missing) != bool(found.figures or found.sheets)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", FOUND)
def test_it_survives_json(name: str, setting: str) -> None:
    found = measured(name, setting)
    text = json.dumps(jsonable(found.as_dict()), allow_nan=False)
    assert Finding.from_dict(json.loads(text)).meaning == found.meaning


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", FOUND)
def test_figures_lie_inside_their_intervals_and_have_names_of_their_own(
    name: str, setting: str
) -> None:
    found = measured(name, setting)
    names = [each.name for each in found.figures]
    assert len(set(names)) == len(names)
    for each in found.figures:
        assert each.text
        if each.value is None:
            continue
        assert each.low is None or each.low <= each.value + 1e-9
        assert each.high is None or each.high >= each.value - 1e-9
        assert each.n >= 1


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", FOUND)
def test_every_row_has_every_column(name: str, setting: str) -> None:
    found = measured(name, setting)
    assert len({sheet.name for sheet in found.sheets}) == len(found.sheets)
    for sheet in found.sheets:
        assert len(sheet.table()) == len(sheet.rows)
        for row in sheet.rows:
            assert set(row) >= {column.name for column in sheet.columns}


@pytest.mark.parametrize("name", sorted(set(FOUND) - TIMED))
def test_it_finds_the_same_again(name: str) -> None:
    setting = "three modalities, groups"
    assert measured(name, setting) == measured(name, setting)


@pytest.mark.parametrize("name", sorted(set(FOUND) - TIMED))
def test_the_order_of_the_cases_does_not_matter(name: str) -> None:
    cases = cases_of(120, ("image", "text"), 3)
    shuffled = [cases[row] for row in np.random.default_rng(1).permutation(len(cases))]
    measure: Measure = make(ROOM, name, Measure)
    one, two = (
        measure.measure(Sitting(Fake(("image", "text")), each, goal=Goal()))
        for each in (cases, shuffled)
    )
    for a, b in zip(one.figures, two.figures, strict=True):
        assert a.value == pytest.approx(b.value, abs=1e-9)
