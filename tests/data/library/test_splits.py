from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.data.library.items import Item, Label, LabelKind, Part, Split
from handful.data.library.splits import Config, assign, torn
from handful.data.library.units import copies_of, units_of
from handful.foundation.errors import ConfigError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def thing(place, group="", split=None, content=None, answer=None):
    part = Part(modality="image", content_sha256=content or f"content {place}")
    labels = ()
    if answer:
        labels = (Label(task="kind", value=answer, annotator="me", kind=LabelKind.HUMAN, time=NOW),)
    return Item(
        id=f"{place:04}",
        key=str(place),
        parts={"image": part},
        group=group,
        split=split,
        labels=labels,
    )


def place(items, config=None, locked=()):
    return assign(items, config or Config(), copies_of(items), locked)


def settle(items, config=None, locked=()):
    """The items as they are after a split."""
    placed = place(items, config, locked).placed
    return [
        replace(item, split=new.split, split_reason=new.reason)
        if (new := placed.get(item.id))
        else item
        for item in items
    ]


GROUPS = st.lists(st.sampled_from(["", *"abcdefgh"]), min_size=1, max_size=60)


@given(GROUPS, st.integers(0, 5))
def test_groups_are_never_torn(groups, seed):
    items = [thing(number, group) for number, group in enumerate(groups)]
    placed = place(items, Config(test=0.4, validation=0.2, seed=seed)).placed
    assert len(placed) == len(items)
    for group in set(groups) - {""}:
        assert len({placed[item.id].split for item in items if item.group == group}) == 1


@given(GROUPS, GROUPS, st.data())
def test_nothing_ever_moves_while_the_library_grows(before, after, data):
    contents = st.sampled_from([f"c{number}" for number in range(30)])
    every = [
        thing(number, group, content=data.draw(contents))
        for number, group in enumerate([*before, *after])
    ]
    some = settle(every[: len(before)], Config(test=0.3, validation=0.2))
    grown = settle([*some, *every[len(before) :]], Config(test=0.3, validation=0.2))
    assert [item.split for item in grown[: len(before)]] == [item.split for item in some]
    assert all(item.split for item in grown)


@given(GROUPS, st.data())
def test_copies_never_lie_on_two_sides(groups, data):
    contents = st.sampled_from([f"c{number}" for number in range(12)])
    items = [
        thing(number, group, content=data.draw(contents)) for number, group in enumerate(groups)
    ]
    halves = settle(items[: len(items) // 2], Config(test=0.4))
    grown = settle([*halves, *items[len(items) // 2 :]], Config(test=0.4))
    splits = {item.id: item.split for item in grown}
    assert torn(copies_of(grown), splits) == {}


def test_the_order_of_the_items_does_not_matter():
    items = [thing(number, f"g{number % 30}", answer="ab"[number % 2]) for number in range(120)]
    assert place(items).placed == place(items[::-1]).placed


@pytest.mark.parametrize("seed", range(5))
def test_every_answer_gets_its_share_of_the_test(seed):
    sizes = {"common": 400, "some": 50, "rare": 10}
    answers = [answer for answer, size in sizes.items() for _ in range(size)]
    items = [thing(number, answer=answer) for number, answer in enumerate(answers)]
    counts = Counter(
        (item.label("kind"), item.split)
        for item in settle(items, Config(test=0.2, validation=0.1, seed=seed))
    )
    for answer, size in sizes.items():
        assert counts[answer, Split.TEST] == pytest.approx(0.2 * size, abs=1.01)
        assert counts[answer, Split.VALIDATION] == pytest.approx(0.1 * size, abs=1.01)


def test_answers_that_occur_once_are_neither_all_tested_nor_all_trained_on():
    items = [thing(number, answer=f"kind {number}") for number in range(1000)]
    assert place(items).counts[Split.TEST] == pytest.approx(200, abs=40)


def test_large_groups_are_spread_over_the_answers():
    items = [thing(number, f"g{number // 20}", answer=f"{number // 200}") for number in range(1000)]
    tested = Counter(item.label("kind") for item in settle(items) if item.split == Split.TEST)
    assert set(tested) == {"0", "1", "2", "3", "4"}
    assert all(20 <= count <= 60 for count in tested.values())


def test_with_two_groups_one_is_held_back():
    for seed in range(10):
        items = [thing(number, "ab"[number % 2]) for number in range(20)]
        counts = place(items, Config(seed=seed)).counts
        assert counts == {Split.TEST: 10, Split.TRAIN: 10}


def test_a_single_group_is_trained_on():
    assert place([thing(number, "a") for number in range(9)]).counts == {Split.TRAIN: 9}


def test_another_seed_draws_anew():
    items = [thing(number) for number in range(200)]
    assert place(items, Config(seed=0)).placed != place(items, Config(seed=1)).placed


def test_what_was_given_stays_and_draws_its_group_along():
    items = [thing(1, "g", Split.HOLDOUT), thing(2, "g"), thing(3, "other")]
    placed = place(items, Config(test=0)).placed
    assert {identity: new.split for identity, new in placed.items()} == {
        "0002": Split.HOLDOUT,
        "0003": Split.TRAIN,
    }
    assert placed["0002"].reason == 'with its group "g"'


def test_a_new_copy_gives_way_to_the_one_that_has_a_split():
    items = [
        thing(1, "a", Split.TRAIN, "same"),
        thing(2, "b", Split.TEST),
        thing(3, "b", None, "same"),
    ]
    new = place(items).placed["0003"]
    assert (new.split, new.reason) == (Split.OUT, "a copy of it is in train")


def test_an_item_without_a_group_goes_with_its_copies():
    items = [thing(1, "a", Split.TEST, "same"), thing(2, "", None, "same")]
    assert place(items).placed["0002"].split == Split.TEST
    assert set(units_of(items, copies_of(items)).values()) == {"group a"}


def test_a_few_copies_do_not_tie_all_groups_into_one():
    items = [thing(number, f"g{number % 10}", content=f"c{number // 2}") for number in range(100)]
    units = units_of(items, copies_of(items))
    assert len(set(units.values())) == 10


def test_what_was_torn_by_its_source_is_told():
    items = [
        thing(1, "g", Split.TRAIN),
        thing(2, "g", Split.TEST),
        thing(3, "", Split.TRAIN, "same"),
        thing(4, "", Split.TEST, "same"),
    ]
    found = place(items)
    assert found.torn_groups == {"group g": ("0001",)}
    assert found.torn_copies == {"copies of " + items[2].content_sha256: ("0003",)}


def test_a_locked_split_takes_nothing():
    items = [thing(number, f"g{number}", Split.TEST) for number in range(5)]
    items += [thing(10, "g1"), thing(11, "", None, "content 2")]
    items += [thing(number) for number in range(20, 60)]
    found = place(items, locked=[Split.TEST])
    assert found.counts == {Split.OUT: 2, Split.TRAIN: 40}
    assert found.placed["0010"].reason == 'with its group "g1" in test, which is locked'


def test_a_library_whose_training_is_locked_grows_by_nothing_but_tests():
    items = [thing(1, split=Split.TRAIN), *(thing(number) for number in range(10, 60))]
    counts = place(items, locked=[Split.TRAIN]).counts
    assert set(counts) == {Split.OUT, Split.TEST}


def test_a_group_named_like_a_content_is_another_unit():
    item = thing(1)
    twin = replace(item, id="2", group=item.content_sha256, parts=thing(2).parts)
    units = units_of([item, twin], copies_of([item, twin]))
    assert units["0001"] != units["2"]


@pytest.mark.parametrize(
    "settings", [{"test": -0.1}, {"test": 1.0}, {"test": 0.6, "validation": 0.5}]
)
def test_impossible_shares_are_refused(settings):
    with pytest.raises(ConfigError):
        Config(**settings)
