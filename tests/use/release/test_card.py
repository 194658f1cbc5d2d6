"""The card: every figure with its id, every gap said, text of users never acting as markup."""

from collections.abc import Callable
from typing import Any

import pytest

from handful.foundation.goal import Goal, Mistake
from handful.trust.evaluate.report import Report
from handful.use.release.card import NOT_MEASURED, plain, write_card

ABOUT: dict[str, Any] = {
    "run": "20260101-grade",
    "made_by": "handful 1.0",
    "labels": "grade",
    "classes": ["first", "second", "cracked"],
    "library": {"version": 7, "digest": "abc123"},
    "items": 12_600,
    "groups": 12,
    "labelled": {"first": 20, "cracked": 19},
    "table": [{"name": "ours", "accuracy": 0.8125, "note": None}],
    "cost": {"wall_s": 80.0, "money": 0.5, "currency": "USD"},
    "learned_from": {"licences": {"CC0-1.0": 500, "": 40}},
}
HEADINGS = [
    "# grade",
    "## What it is for",
    "## What it learned from",
    "## How good it is",
    "## How it fails",
    "## What it costs",
    "## What was not measured",
]


def section(card: str, heading: str) -> str:
    return card.partition(f"{heading}\n")[2].partition("\n## ")[0]


def test_a_card_has_its_sections_and_is_the_same_again(report: Report) -> None:
    card = write_card(ABOUT, Goal(), report)
    assert [line for line in card.splitlines() if line.startswith("#")] == HEADINGS
    assert write_card(ABOUT, Goal(), report) == card


def test_every_figure_carries_its_id(report: Report) -> None:
    good = section(write_card(ABOUT, Goal(), report), "## How good it is")
    rows = [line for line in good.splitlines() if line.startswith("| ") and "| figure" not in line]
    measured = [row for row in rows if f"`{report.id}:" in row]
    assert len(measured) == 8
    accuracy = report.figure("accuracy.accuracy")
    assert (
        f"| right answers | {accuracy.text} | 120 | 2 | `{report.id}:accuracy.accuracy` |" in good
    )
    assert "120 cases from 2 groups" in good


def test_what_it_learned_from_is_counted(report: Report) -> None:
    sources = section(write_card(ABOUT, Goal(), report), "## What it learned from")
    assert "Library version 7, digest `abc123`" in sources
    assert "Items: 12 600." in sources
    assert "Labelled: first 20, cracked 19." in sources
    assert "Groups: 12." in sources
    assert "Licences: CC0-1.0 500, unknown 40." in sources
    assert "Origins: not recorded." in sources


def test_what_it_costs(report: Report) -> None:
    costs = section(write_card(ABOUT, Goal(), report), "## What it costs")
    assert "Training took 1 min 20 s, $0.50." in costs
    assert "predicted to take an unknown amount: not recorded" in costs
    assert f"`{report.id}:latency.p90`" in costs
    assert f"`{report.id}:memory.peak`" in costs


def test_the_goal_is_told_in_words(report: Report) -> None:
    goal = Goal(mistakes=(Mistake(truth="cracked", said="first", cost=10), Mistake(cost=2)))
    purpose = section(write_card(ABOUT, goal, report), "## What it is for")
    assert "taking cracked for first costs 10, taking anything for anything costs 2" in purpose
    assert '"Sure" may be wrong in 5.0 % of cases' in purpose
    assert "one of 3 classes: first, second, cracked" in purpose


def test_failures_are_shown(report: Report) -> None:
    failures = section(write_card(ABOUT, Goal(), report), "## How it fails")
    worst = min(report.finding("accuracy").sheets[0].rows, key=lambda row: row["recall"])
    assert f"Of {worst['class']} it finds" in failures
    assert "It took " in failures
    for sentence in report.finding("modalities").meaning:
        assert sentence.split("(")[0].strip()[:30] in failures
    assert "Its promise is broken for sure answers" in failures, "90 % sure and right in 86 %"


@pytest.mark.parametrize("measure", ["corruptions", "attacks", "privacy", "poisoning", "leaks"])
def test_what_nobody_measured_is_said(report: Report, measure: str) -> None:
    questions = {
        "corruptions": "noise, blur",
        "attacks": "fool it on purpose",
        "privacy": "which items it learned from",
        "poisoning": "tampered with",
        "leaks": "leaked",
    }
    gaps = section(write_card(ABOUT, Goal(), report), "## What was not measured")
    line = next(line for line in gaps.splitlines() if questions[measure] in line)
    assert line.endswith(f"{NOT_MEASURED}.")


def test_a_measure_that_found_nothing_is_a_gap_with_its_reason(
    report_of: Callable[..., Report],
) -> None:
    card = write_card(ABOUT, Goal(), report_of(["accuracy", "groups"], groups=None))
    gaps = section(card, "## What was not measured")
    assert "served alike: not measured. Whether groups are served alike cannot be told" in gaps
    assert "How long an answer takes and what it costs: not measured." in gaps
    assert "how often it is right: " not in gaps.lower()
    good = section(card, "## How good it is")
    assert f"| distance between best and worst group | {NOT_MEASURED} |" in good
    assert f"| error of its probabilities | {NOT_MEASURED} |" in good


def test_without_an_evaluation_nothing_is_claimed() -> None:
    card = write_card({**ABOUT, "table": []}, Goal(), None)
    assert "released without an evaluation" in card
    assert "There is no evaluation, so nothing can be said." in card
    assert "Unknown: there is no evaluation." in card
    assert section(card, "## What was not measured").count(NOT_MEASURED) == 13


def test_a_bare_record_is_enough() -> None:
    card = write_card({"run": "r", "made_by": "h"}, Goal(), None)
    assert card.startswith("# items without labels\n")
    assert "Licences: not recorded." in card


def test_text_of_users_stays_text(report: Report) -> None:
    nasty = "<b>|x|</b>\n# top [a](b) `c` *d*"
    card = write_card({**ABOUT, "labels": nasty, "classes": [nasty]}, Goal(), report)
    assert "<b>" not in card
    assert "\n# top" not in card
    assert plain(nasty) in card
    assert plain("a|b\nc") == "a\\|b c"


def test_a_perfect_model_has_no_failures_to_tell(report_of: Callable[..., Report]) -> None:
    report = report_of(["memory"])
    assert "No failure was seen" in section(write_card(ABOUT, Goal(), report), "## How it fails")
