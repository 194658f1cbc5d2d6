from types import SimpleNamespace

import numpy as np
import pytest

from handful.data.library.items import Item, Split
from handful.numerics.linear.blocks import Block
from handful.use.explore.asked import CHANCE, TEACHES, Asked, asked_in, note
from handful.use.explore.asking import questions


def things(count=30):
    return [Item(id=f"{n:02}", key=f"pot {n}", parts={}) for n in range(count)]


def seen(items, said=True):
    """Three kinds of item in turn; the last ten are in doubt."""
    count = len(items)
    rows = np.eye(3)[np.arange(count) % 3] + 0.01 * np.random.default_rng(0).normal(size=(count, 3))
    sure = np.where(np.arange(count) < count - 10, 0.98, 0.52)
    table = np.stack([sure, 1 - sure], axis=1).astype(np.float32)
    latents = {"image": {"plain": Block.of(rows)}}
    return SimpleNamespace(items=items, latents=latents, said={"": table} if said else {})


def alone(items):
    return {item.id: item.id for item in items}


def ask(items, count=9, answered=(), **options):
    return questions(items, set(answered), options.pop("copies", alone(items)), count, **options)


def test_every_third_is_drawn_by_chance_and_the_others_are_in_doubt():
    items = things()
    found = ask(items, seen=seen(items), classes=("cup", "jug"))
    assert [each.why for each in found] == [TEACHES, TEACHES, CHANCE] * 3
    teaching = [each for each in found if each.why == TEACHES]
    assert {int(each.item.id) for each in teaching[:3]} <= set(range(20, 30))
    assert {int(each.item.id) % 3 for each in teaching[:3]} == {0, 1, 2}, "of every kind one"
    assert len({each.item.id for each in found}) == 9
    assert teaching[0].reason == "I would say cup (52%), and like it there are others"
    on = ask(items, seen=seen(items), classes=("cup", "jug"), start=2)
    assert [each.why for each in on[:2]] == [CHANCE, TEACHES]


def test_chance_draws_from_all_that_wait():
    items = things()
    drawn = set()
    for seed in range(60):
        found = ask(items, 3, seen=seen(items), classes=("cup", "jug"), seed=seed)
        drawn |= {each.item.id for each in found if each.why == CHANCE}
    assert len(drawn) > 20


def test_a_run_without_labels_says_what_is_typical_and_guesses_nothing():
    items = things()
    found = ask(items, 3, seen=seen(items, said=False))
    assert [each.guess for each in found] == ["", "", ""]
    assert found[0].reason == "typical of many others"


def test_without_a_run_all_is_drawn_by_chance():
    assert {each.why for each in ask(things())} == {CHANCE}


def test_tests_answered_items_and_their_copies_are_not_asked_about():
    items = things(12)
    items[0] = Item(id="00", key="pot 0", parts={}, split=Split.TEST)
    copies = alone(items) | {"01": "same", "02": "same", "03": "twin", "04": "twin"}
    found = ask(items, 30, answered=["01"], copies=copies, seen=seen(items), classes=("a", "b"))
    asked = {each.item.id for each in found}
    assert not asked & {"00", "01", "02"}
    assert len(asked & {"03", "04"}) == 1
    assert len(asked) == 8
    assert ask(items, 5, answered=[item.id for item in items]) == []


def test_what_was_asked_is_kept_with_its_reason_and_can_be_taken_back(tmp_path):
    first, second = Asked("1", TEACHES, "cup", "jug"), Asked("2", CHANCE, "", "cup")
    for each in (first, second):
        note(tmp_path, "kind", each, "me")
    note(tmp_path, "grade", Asked("1", CHANCE, "", "fine"), "me")
    assert asked_in(tmp_path, "kind") == {"1": first, "2": second}
    note(tmp_path, "kind", first, "me", undone=True)
    assert asked_in(tmp_path, "kind") == {"2": second}
    with (tmp_path / "asked.jsonl").open("a") as log:
        log.write('{"task": "kind", "item": "3", "ans')
    assert asked_in(tmp_path, "kind") == {"2": second}, "a line cut short is nobody's"
    assert asked_in(tmp_path / "none", "kind") == {}


@pytest.mark.parametrize("count", [0, 1])
def test_few_items_are_no_trouble(count):
    items = things(count)
    assert len(ask(items, seen=seen(items), classes=("a", "b"))) == count
