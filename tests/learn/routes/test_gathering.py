from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from handful.data.library.items import Consent, Item, Label, LabelKind, Part, Split
from handful.data.library.library import Library
from handful.data.library.twins.look import Twins
from handful.foundation.errors import UsageError
from handful.learn.routes.gathering import gather

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def thing(key, group="", split=None, content="", answer="a"):
    content = content or f"content of {key}"
    part = Part(modality="image", content_sha256=content, path=f"/{key}.png")
    said = Label(task="kind", value=answer, annotator="me", kind=LabelKind.HUMAN, time=NOW)
    labels = (said,) if answer else ()
    return Item(id="", key=key, parts={"image": part}, group=group, split=split, labels=labels)


@pytest.fixture
def library(tmp_path):
    return Library.create(tmp_path / "library")


def keys(learned):
    return [item.key for item in learned.items]


PLAIN = [thing("1", answer="a"), thing("2", answer="b")]


def test_nothing_held_back_is_learned_from(library):
    held = [thing(str(split), split=split) for split in (Split.TEST, Split.HOLDOUT, Split.OUT)]
    free = [thing("t", split=Split.TRAIN), thing("v", split=Split.VALIDATION)]
    library.add([*PLAIN, *held, *free])
    assert keys(gather(library, "kind")) == ["1", "2", "t", "v"]


def test_a_copy_of_what_is_held_back_is_not_learned_from(library):
    library.add([*PLAIN, thing("test", split=Split.TEST, content="x"), thing("y", content="y")])
    library.add([thing("equal", content="x"), thing("train", split=Split.TRAIN, content="x2")])
    assert keys(gather(library, "kind")) == ["1", "2", "y", "train"]
    twins = Twins(frozenset({("x", "x2")}), frozenset({"x", "x2", "y"}))
    learned = gather(library, "kind", twins=twins)
    assert keys(learned) == ["1", "2", "y"]
    assert learned.left_out.sentences() == [
        "2 items were not trained on, because copies of them are held back for a test."
    ]


def test_copies_stay_on_one_side_of_every_fold(library):
    library.add([*PLAIN, thing("c1", content="c1"), thing("c2", content="c2"), thing("d")])
    twins = Twins(frozenset({("c1", "c2")}), frozenset({"c1", "c2"}))
    groups = dict(
        zip(["1", "2", "c1", "c2", "d"], gather(library, "kind", twins=twins).groups, strict=True)
    )
    assert groups["c1"] == groups["c2"]
    assert len(set(groups.values())) == 4


def test_named_answers_are_possible_though_no_item_has_them(library):
    library.add([*PLAIN, thing("3", answer="c")])
    learned = gather(library, "kind", names=["b", "z"])
    assert learned.classes == ("a", "b", "c", "z")
    assert learned.labels.tolist() == [0, 1, 2]


def test_labels_of_one_answer_alone_are_left_for_the_names(library):
    library.add([thing("1", answer="a"), thing("2", answer="a"), thing("3", answer=None)])
    learned = gather(library, "kind", names=["a", "b"])
    assert (learned.classes, len(learned.rows), len(learned.items)) == (("a", "b"), 0, 3)


@pytest.mark.parametrize("names", [["a"], ["a", "a"], ["a", ""]])
def test_two_different_names_are_needed(library, names):
    library.add(PLAIN)
    with pytest.raises(UsageError, match="two or more are needed"):
        gather(library, "kind", names=names)


def test_of_copies_in_several_groups_the_labelled_ones_of_one_are_kept(library):
    library.add([*PLAIN, thing("a", "g", content="a", answer=None)])
    library.add([thing("b", "h", content="b"), thing("rest", "g")])
    learned = gather(library, "kind", twins=Twins(frozenset({("a", "b")}), frozenset({"a", "b"})))
    assert keys(learned) == ["1", "2", "b", "rest"]
    assert learned.left_out.in_groups == 1
    assert len(set(learned.groups.tolist())) == 4


def test_whose_consent_has_expired_is_not_learned_from(library):
    asked = replace(thing("anna"), consent=Consent(subjects=("anna",), expires="2026-03-01"))
    library.add([*PLAIN, asked])
    assert keys(gather(library, "kind", day=date(2026, 3, 1))) == ["1", "2", "anna"]
    learned = gather(library, "kind", day=date(2026, 3, 2))
    assert keys(learned) == ["1", "2"]
    assert learned.left_out.sentences() == [
        "1 items were not trained on, because the consent of the people in them has expired."
    ]
