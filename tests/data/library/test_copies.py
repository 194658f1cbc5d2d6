import shutil

import pytest

from handful.data.library.copies import clusters, conflicts, conflicts_with, telling
from handful.data.library.ingest import ingest
from handful.data.library.items import Rights, Split


@pytest.fixture
def told(library, item):
    """Two copies of which different things are said, and the conflicts between them."""

    def tell(first, second):
        library.add([item("a", text="same", **first), item("b", text="same", **second)])
        (copies,) = clusters(library.items())
        return list(conflicts(copies))

    return tell


def test_equal_labels_splits_groups_and_licences_are_no_conflict(told, label):
    same = {"labels": (label("cup"),), "split": Split.TEST, "group": "g"}
    assert told(same, same) == []


def test_what_nobody_said_contradicts_nothing(told, label):
    said = {"labels": (label("cup"),), "split": Split.TEST, "group": "g"}
    assert told(said, {"rights": Rights()}) == []


def test_what_takes_part_in_nothing_lies_in_no_other_split(told):
    assert told({"split": Split.TEST}, {"split": Split.OUT}) == []


@pytest.mark.parametrize(
    ("first", "second", "about", "values"),
    [
        ({"split": Split.TEST}, {"split": Split.TRAIN}, "split", ("test", "train")),
        ({"group": "g"}, {"group": "h"}, "group", ("g", "h")),
        (
            {"rights": Rights(licence="MIT")},
            {"rights": Rights(licence="CC0-1.0")},
            "licence",
            ("MIT", "CC0-1.0"),
        ),
    ],
)
def test_each_kind_of_conflict_is_told_with_both_names(told, first, second, about, values):
    (conflict,) = told(first, second)
    assert conflict.about == about
    assert conflict.said == (("a", values[0]), ("b", values[1]))
    assert conflict.sentence == (
        f'"a" has the {about} {values[0]}, while the same content is {values[1]} in "b".'
    )


def test_a_conflict_of_labels_names_the_task(told, label):
    (conflict,) = told({"labels": (label("cup"),)}, {"labels": (label("jug"),)})
    assert (conflict.about, conflict.task, len(conflict.items)) == ("label", "kind", 2)
    assert conflict.sentence == (
        '"a" has the label kind cup, while the same content is jug in "b".'
    )


def test_items_of_one_name_are_told_apart_by_their_source(library, item):
    library.add(
        [item("a", text="same", source=source, group=source) for source in ("/one", "/two")]
    )
    (conflict,) = conflicts(clusters(library.items())[0])
    assert [name for name, _ in conflict.said] == ["/one/a", "/two/a"]


def test_many_values_are_cut_short(library, item):
    library.add([item(key, text="same", group=f"g{key}") for key in "abcdefg"])
    (conflict,) = conflicts(clusters(library.items())[0])
    assert conflict.sentence.endswith(", and 3 more.")


def test_words_tell_nothing_beside_a_picture_and_silence_never_does(
    library, tmp_path, picture, note
):
    import numpy as np
    import soundfile

    source = tmp_path / "source"
    for place, key in enumerate("ab"):
        picture(source / f"{key}.png", seed=place)
        note(source / f"{key}.txt", "the same words")
        soundfile.write(source / f"{key}.wav", np.zeros(800), 8000)
    ingest(library, source)
    assert clusters(library.items()) == []
    first = library.items()[0]
    assert telling(first.parts) == (first.parts["image"].content_sha256,)


def test_add_reports_the_conflicts_of_what_came_and_of_nothing_else(library, tmp_path, picture):
    one, two = tmp_path / "one", tmp_path / "two"
    picture(one / "cup" / "a.png", seed=1)
    (one / "jug").mkdir()
    shutil.copy(one / "cup" / "a.png", one / "jug" / "b.png")
    report = ingest(library, one, labels_from_folders="kind", licence="MIT")
    assert [each.sentence for each in report.conflicts] == [
        '"cup/a" has the label kind cup, while the same content is jug in "jug/b".'
    ]
    assert ingest(library, one, labels_from_folders="kind", licence="MIT").conflicts == ()
    picture(two / "other.png", seed=2)
    assert ingest(library, two).conflicts == ()
    # Another name, another packing, another source, other terms: the pixels are the same.
    from PIL import Image

    Image.open(one / "cup" / "a.png").save(two / "c.bmp")
    report = ingest(library, two, licence="CC0-1.0")
    assert {(each.about, len(each.items)) for each in report.conflicts} == {
        ("label", 2),
        ("licence", 3),
    }
    assert len(library.items()) == 4, "nothing was merged"


def test_no_contents_no_conflicts(library, item):
    library.add([item("a"), item("b")])
    assert conflicts_with(library, set()) == []
    assert conflicts_with(library, {"nobody has this"}) == []
