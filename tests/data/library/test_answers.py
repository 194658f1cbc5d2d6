from datetime import UTC, datetime, timedelta

import pytest

from handful.data.library.answers import answers_of
from handful.data.library.items import Item, Label, LabelKind

START = datetime(2026, 1, 1, tzinfo=UTC)


def told(name, *said, kind=LabelKind.HUMAN):
    """An item about which people said things, oldest first, as (who, what)."""
    labels = tuple(
        Label(
            task="kind",
            value=what,
            annotator=who,
            kind=kind,
            time=START + timedelta(minutes=place),
            superseded=who in [later for later, _ in said[place + 1 :]],
        )
        for place, (who, what) in enumerate(said)
    )
    return Item(id=name, key=f"pot {name}", parts={}, labels=labels)


AGREED = [told(str(n), ("ann", "cup"), ("bob", "cup"), ("eve", "cup")) for n in range(10, 16)]


def test_one_voice_each_counts_as_it_is():
    found = answers_of([told("a", ("ann", "cup")), told("b", ("bob", "jug")), told("c")], "kind")
    assert found.counting == {"a": "cup", "b": "jug"}
    assert found.disputes == ()
    assert found.sentences() == []
    assert [(each.name, each.answers, each.compared) for each in found.annotators] == [
        ("ann", 1, 0),
        ("bob", 1, 0),
    ]


def test_what_one_person_says_later_takes_the_place_of_what_they_said():
    found = answers_of([told("a", ("ann", "cup"), ("ann", "jug"))], "kind")
    assert found.counting == {"a": "jug"}
    assert not found.disputes


def test_the_most_trusted_kind_needs_no_majority():
    imported = told("a", ("x", "cup"), ("y", "cup"), kind=LabelKind.IMPORT)
    human = told("a", ("ann", "jug"))
    item = Item(id="a", key="pot a", parts={}, labels=(*imported.labels, *human.labels))
    assert answers_of([item], "kind").counting == {"a": "jug"}


def test_most_voices_win_and_the_dispute_is_named():
    split = told("a", ("ann", "cup"), ("eve", "jug"), ("bob", "cup"))
    found = answers_of([*AGREED, split], "kind")
    assert found.counting["a"] == "cup"
    (dispute,) = found.disputes
    assert not dispute.is_open
    assert dispute.text == '"pot a": ann says cup, eve says jug and bob says cup; so cup counts.'
    assert found.sentences()[0].startswith("People do not agree about 1 items; 0 of them wait")


def test_one_against_one_waits():
    found = answers_of([*AGREED, told("a", ("ann", "cup"), ("bob", "jug"))], "kind")
    assert "a" not in found.counting
    assert found.disputes[0].is_open
    assert found.disputes[0].text.endswith("so it waits.")


def test_whoever_is_often_against_the_others_is_named_and_loses():
    against = [told(str(n), ("ann", "cup"), ("bob", "cup"), ("eve", "jug")) for n in range(20, 32)]
    found = answers_of([*AGREED, *against, told("a", ("ann", "jug"), ("eve", "cup"))], "kind")
    assert found.counting["a"] == "jug", "ann is borne out by bob, eve by nobody"
    poor = {each.name: each.trust for each in found.annotators}
    assert poor["eve"] < 0.7 < 0.9 < poor["bob"]
    assert "Often against the others: eve (" in found.sentences()[1]


@pytest.mark.parametrize("task", ["grade", ""])
def test_another_task_has_no_answers(task):
    assert answers_of(AGREED, task).counting == {}
