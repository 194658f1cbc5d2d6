"""Accuracy against counts done by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from handful.foundation.predictor import Answer, Level
from handful.numerics.stats.proportions import exact_share, share_interval
from handful.trust.evaluate.finding import Figure, Finding
from handful.trust.evaluate.measures.accuracy import Accuracy, Config
from handful.trust.evaluate.sitting import Sitting

Sit = Callable[..., Sitting]
Say = Callable[..., Answer]


def figures(finding: Finding) -> dict[str, Figure]:
    return {each.name: each for each in finding.figures}


def unequal(answer: Say) -> tuple[list[str], list[Answer]]:
    """90 "no", all found; 10 "yes", 3 of them found."""
    truths = ["no"] * 90 + ["yes"] * 10
    said = ["no"] * 90 + ["yes"] * 3 + ["no"] * 7
    return truths, [answer(name) for name in said]


def test_figures_are_the_counts(sit: Sit, answer: Say) -> None:
    found = Accuracy(Config()).measure(sit(*unequal(answer)))
    known = figures(found)
    exact = exact_share(93, 100)
    assert known["accuracy"].value == pytest.approx(0.93)
    assert (known["accuracy"].low, known["accuracy"].high) == pytest.approx((exact.low, exact.high))
    assert known["balanced"].value == pytest.approx((1.0 + 0.3) / 2)
    assert known["commonest_class"].value == pytest.approx(0.9)
    assert known["commonest_class"].note == "no"
    assert known["answered"].value == 1.0
    assert known["among_answered"].value == pytest.approx(0.93)
    assert known["balanced"].low is not None
    assert 0.3 < known["balanced"].low < 0.65


def test_recall_precision_and_confusion(sit: Sit, answer: Say) -> None:
    found = Accuracy(Config()).measure(sit(*unequal(answer)))
    classes, confusion = found.sheets
    rows = {row["class"]: row for row in classes.rows}
    assert rows["yes"]["recall"] == pytest.approx(0.3)
    assert rows["yes"]["precision"] == 1.0
    assert rows["no"]["precision"] == pytest.approx(90 / 97)
    assert rows["yes"]["low"] < 0.3 < rows["yes"]["high"]
    assert found.data["confusion"] == [[90, 0], [7, 3]]
    assert [row["truth"] for row in confusion.rows] == ["no", "yes"]
    assert confusion.rows[1] == {"truth": "yes", "said_0": 7, "said_1": 3}


def test_many_classes_show_the_commonest_mistakes(sit: Sit, answer: Say) -> None:
    classes = ["a", "b", "c"]
    truths = ["a"] * 5 + ["b"] * 5 + ["c"] * 5
    said = ["a", "a", "b", "b", "b"] + ["b"] * 4 + ["c"] + ["c"] * 5
    sitting = sit(truths, [answer(name, classes=classes) for name in said], classes=classes)
    sheet = Accuracy(Config(whole_matrix=2)).measure(sitting).sheets[1]
    assert [(row["truth"], row["said"], row["n"]) for row in sheet.rows] == [
        ("a", "b", 3),
        ("b", "c", 1),
    ]
    assert sheet.rows[0]["share"] == pytest.approx(0.6)


def test_groups_widen_the_interval(sit: Sit, answer: Say) -> None:
    """Ten groups that are all right or all wrong are ten witnesses, not a hundred."""
    truths = ["yes"] * 100
    answers = [answer("yes" if row // 10 < 7 else "no") for row in range(100)]
    groups = [f"g{row // 10}" for row in range(100)]
    alone = figures(Accuracy(Config()).measure(sit(truths, answers)))["accuracy"]
    grouped = figures(Accuracy(Config()).measure(sit(truths, answers, groups)))["accuracy"]
    wanted = share_interval([row // 10 < 7 for row in range(100)], groups)
    assert (grouped.low, grouped.high) == pytest.approx((wanted.low, wanted.high))
    assert grouped.groups == 10
    assert alone.low is not None
    assert grouped.low is not None
    assert grouped.low < alone.low - 0.1


def test_not_sure_counts_in_accuracy_but_not_among_answered(sit: Sit, answer: Say) -> None:
    answers = [answer("yes")] * 6 + [answer("no", 0.5, level=Level.NOT_SURE)] * 4
    found = Accuracy(Config()).measure(sit(["yes"] * 10, answers))
    known = figures(found)
    assert known["accuracy"].value == pytest.approx(0.6)
    assert known["answered"].value == pytest.approx(0.6)
    assert known["among_answered"].value == 1.0
    assert any("says not sure" in sentence for sentence in found.meaning)


def test_a_predictor_that_never_answers_is_no_error(sit: Sit, answer: Say) -> None:
    found = Accuracy(Config()).measure(
        sit(["yes"] * 5, [answer("yes", 0.5, level=Level.NOT_SURE)] * 5)
    )
    assert figures(found)["among_answered"].value is None


@pytest.mark.parametrize(
    ("right_of_hundred", "words"),
    [(20, "worse than no model"), (52, "do not prove it better"), (90, None)],
)
def test_it_is_held_against_the_commonest_class(
    sit: Sit, answer: Say, right_of_hundred: int, words: str | None
) -> None:
    truths = ["yes", "no"] * 50
    flipped = {"yes": "no", "no": "yes"}
    said = [t if row < right_of_hundred else flipped[t] for row, t in enumerate(truths)]
    meaning = " ".join(
        Accuracy(Config()).measure(sit(truths, [answer(one) for one in said])).meaning
    )
    for each in ("worse than no model", "do not prove it better"):
        assert (each in meaning) == (each == words)


def test_a_class_it_never_learned_is_named(sit: Sit, answer: Say) -> None:
    found = Accuracy(Config()).measure(sit(["no", "else"], [answer("no")] * 2))
    assert any('"else"' in sentence for sentence in found.meaning)
    rows: Any = {row["class"]: row for row in found.sheets[0].rows}
    assert rows["else"]["recall"] == 0
    assert rows["else"]["precision"] is None
