import pytest

from handful.foundation.errors import ConfigError

NAME = "label_balance"


def make(bench, dice, kinds, batches=None):
    for place, kind in enumerate(kinds):
        facts = {"batch": batches[place]} if batches else {}
        bench.item(f"{kind}{place}", dice, kind=kind, image="", audio="", **facts)


def test_balanced_labels_are_no_finding(bench, dice, found):
    make(bench, dice, ["cup", "jug"] * 6)
    assert found(NAME) == {}


def test_no_labels_are_noted(bench, dice, found):
    make(bench, dice, ["", ""])
    assert found(NAME) == {"None of 2 items has a label": []}


def test_one_class_is_serious(bench, dice, found):
    make(bench, dice, ["cup"] * 3)
    assert list(found(NAME)) == ['All 3 labels of "kind" say "cup"']


def test_few_labels_are_told_by_class(bench, dice, found):
    make(bench, dice, ["cup"] * 6 + ["jug"] * 4)
    assert found(NAME) == {
        '1 of 2 classes of "kind" have fewer than 5 labels: jug (4)': [
            "jug6",
            "jug7",
            "jug8",
            "jug9",
        ]
    }
    assert found(NAME, few=4) == {}


def test_uneven_labels_are_told(bench, dice, found):
    make(bench, dice, ["cup"] * 20 + ["jug"] * 2)
    title = '"kind" is uneven: "cup" has 20 labels, the rarest class 2'
    assert found(NAME, few=2) == {title: ["jug20", "jug21"]}
    assert found(NAME, few=2, uneven=11) == {}


def test_a_class_from_one_group_is_serious(bench, dice, found):
    kinds = ["cup", "jug"] * 8 + ["lid"] * 6
    batches = [f"b{place % 4}" for place in range(16)] + ["b9"] * 6
    make(bench, dice, kinds, batches)
    (title,) = found(NAME)
    assert title == '1 of 3 classes of "kind" come almost only from one group: "lid" in "b9"'
    assert found(NAME)[title] == [f"lid{place}" for place in range(16, 22)]


def test_a_class_from_nearly_one_group_is_still_told(bench, dice, found):
    kinds = ["cup", "jug"] * 10 + ["lid"] * 6
    batches = [f"b{place % 5}" for place in range(20)] + ["b9"] * 5 + ["b0"]
    make(bench, dice, kinds, batches)
    assert any("one group" in title for title in found(NAME))


def test_groups_that_have_one_class_each_are_fine_when_there_are_many(bench, dice, found):
    make(bench, dice, ["cup", "jug"] * 8, [f"b{place}" for place in range(16)])
    assert found(NAME) == {}


def test_a_single_group_says_nothing_about_classes(bench, dice, found):
    make(bench, dice, ["cup", "jug"] * 6, ["b0"] * 12)
    assert found(NAME) == {}


def test_impossible_settings_are_refused(bench, dice, found):
    make(bench, dice, ["cup"])
    with pytest.raises(ConfigError) as caught:
        found(NAME, few=0, uneven=1, group_share=2, group_lift=0)
    assert len(caught.value.mistakes) == 4
