import json
from dataclasses import replace

import pytest

from handful.data.library.card import HISTORY
from handful.data.library.history import by_change, read_history
from handful.data.library.ingest import Config, ingest
from handful.data.library.library import Library
from handful.data.library.splits import Config as Splits
from handful.data.library.splitting import assign_splits
from handful.foundation.errors import UsageError


def test_every_version_says_what_made_it_and_what_it_did(library, item, label):
    first, _ = library.add([item("a", labels=(label(),)), item("b")])
    library.label({first: "jug"}, task="kind", annotator="ann")
    assign_splits(library, Splits(test=0.5))
    library.undo()
    told = [
        (each.version, each.made_by, each.added, each.changed, each.gone, each.labels, each.items)
        for each in library.history()
    ]
    assert told == [
        (1, "create", 0, 0, 0, 0, 0),
        (2, "add", 2, 0, 0, 1, 2),
        (3, "label kind by ann", 0, 0, 0, 1, 2),
        (4, "split by group, seed 0", 0, 2, 0, 0, 2),
        (5, "undo to version 3", 0, 2, 0, 0, 2),
    ]
    assert all(each.time and each.digest for each in library.history())
    assert library.history()[-1].digest == library.digest() == library.history()[2].digest


def test_a_version_tells_the_bytes_of_the_tables_it_reads(library, item):
    library.add([item("a", text="some words " * 1000)])
    files = [path for path in library.folder.rglob("data/*.lance") if path.is_file()]
    assert library.history()[0].bytes == 0
    assert library.history()[-1].bytes == sum(path.stat().st_size for path in files)


def test_a_long_change_is_many_versions_and_folds_into_one(library, tmp_path, note):
    for place in range(7):
        note(tmp_path / "source" / f"{place}.txt", f"the note {place}")
    ingest(library, tmp_path / "source", config=Config(batch_items=2, threads=1))
    library.add([])
    versions = library.history()
    assert [each.began for each in versions] == [0, 1, 1, 1, 1]
    assert [(each.version, each.added) for each in versions[1:]] == [(2, 2), (3, 2), (4, 2), (5, 1)]
    (_, change) = by_change(versions)
    assert (change.version, change.began, change.added) == (5, 1, 7)
    assert change.made_by == f"add {tmp_path / 'source'}"


def test_tags_name_versions_wherever_a_version_is_asked_for(library, item):
    library.add([item("a")])
    assert library.tag("first") == 2
    library.add([item("b")])
    assert library.tag("now") == 3
    assert library.tag("Ende-1.0", "first") == 2
    assert library.tags() == {"Ende-1.0": 2, "first": 2, "now": 3}
    assert library.history()[1].tags == ("Ende-1.0", "first")
    assert library.diff("first", "now").added[0].key == "b"
    assert library.undo("first") == 4
    assert [each.key for each in library.items()] == ["a"]


def test_the_same_tag_again_is_nothing_and_elsewhere_is_refused(library, item):
    library.add([item("a")])
    library.tag("first")
    lines = (library.folder / HISTORY).read_bytes()
    assert library.tag("first", 2) == 2
    assert (library.folder / HISTORY).read_bytes() == lines
    with pytest.raises(UsageError, match=r"names version 2 already[\s\S]*--remove"):
        library.tag("first", 1)
    assert library.untag("first") == 2
    assert library.tag("first", 1) == 1
    assert library.tags() == {"first": 1}


@pytest.mark.parametrize("name", ["", "3", "3a", "-x", "--remove", "a b", "a/b", "a\n", "a" * 65])
def test_what_is_no_name_is_refused(library, name):
    with pytest.raises(UsageError, match="begins with a letter"):
        library.tag(name)
    assert library.tags() == {}


def test_a_name_is_the_same_however_its_letters_are_written(library):
    library.tag("Gl\u00fchen")
    assert library.tag("Glu\u0308hen") == 1
    assert library.untag("Glu\u0308hen") == 1
    assert library.tag("器") == 1


def test_an_unknown_version_or_tag_gets_a_near_one(library, item):
    library.add([item("a")])
    with pytest.raises(UsageError, match="nothing is tagged yet"):
        library.undo("frist")
    library.tag("first")
    for act in (library.undo, library.diff, library.untag, lambda name: library.tag("x", name)):
        with pytest.raises(UsageError, match=r'"frist"[\s\S]*did you mean `first`'):
            act("frist")
    for act in (library.undo, library.diff, lambda name: library.tag("x", name)):
        with pytest.raises(UsageError, match="has no version 9; it has 1 to 2"):
            act("9")
    with pytest.raises(UsageError, match="has no version 9"):
        Library.open(library.folder, 9)


def test_a_tag_opens_its_version(library, item):
    library.add([item("a")])
    library.tag("first")
    library.add([item("b")])
    assert [each.key for each in Library.open(library.folder, "first").items()] == ["a"]
    library.tag("newest")
    Library.open(library.folder, "newest").add([item("c")])
    assert [each.key for each in Library.open(library.folder).items()] == ["a", "b", "c"]
    past = Library.open(library.folder, "first")
    for act in (past.undo, lambda: past.tag("x"), lambda: past.trim(keep=1)):
        with pytest.raises(UsageError, match="is past"):
            act()


def test_a_line_cut_short_is_no_fact(library, item):
    library.add([item("a")])
    library.tag("first")
    with (library.folder / HISTORY).open("ab") as torn:
        torn.write(b'{"tag": "second", "at": 2, "ti')
    assert library.tags() == {"first": 2}
    library.tag("third")
    assert library.tags() == {"first": 2, "third": 2}


def test_a_version_that_never_counted_is_not_in_the_history(library, item):
    library.add([item("a")])
    ghost = replace(library.card, version=3, items_version=99)
    with (library.folder / HISTORY).open("a") as log:
        log.write(json.dumps({name: getattr(ghost, name) for name in ghost.__slots__}) + "\n")
    assert [card.version for card in read_history(library.folder).cards] == [1, 2]
    assert [each.version for each in library.history()] == [1, 2]
