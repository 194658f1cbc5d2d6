import time
from dataclasses import replace

import pytest

from handful.data.library.ingest import Config, ingest
from handful.data.library.items import Split
from handful.data.library.library import Library
from handful.data.library.splits import Config as Splits
from handful.data.library.splitting import assign_splits
from handful.data.library.store import Table
from handful.foundation.errors import BusyError, StorageError, UsageError


def keys(library):
    return [each.key for each in library.items(with_quarantined=True)]


@pytest.fixture
def lived_in(library, item, label):
    """A library with every kind of change, and the digest of each version."""
    first, second = library.add([item("a", labels=(label(),)), item("b", group="g")])
    library.label({first: "jug", second: "cup"}, task="kind", annotator="ann")
    with library.writing("mend") as writer:
        writer.commit(changed=[replace(library.item(second), group="h", split=Split.TEST)])
    library.add([item("c")])
    assign_splits(library, Splits(test=0.5))
    return library


def digests(library):
    return [each.digest for each in library.history()]


def test_undo_goes_back_to_the_state_before_the_last_change(lived_in):
    before = digests(lived_in)
    assert lived_in.undo() == 7
    assert lived_in.digest() == before[-2]
    assert lived_in.items()[0].label("kind") == "jug"
    assert keys(lived_in) == ["a", "b", "c"]
    assert digests(lived_in)[:-1] == before


def test_undo_of_an_undo_is_the_state_before_it(lived_in):
    before = lived_in.digest()
    for again in range(3):
        lived_in.undo()
        assert lived_in.digest() != before
        lived_in.undo()
        assert lived_in.digest() == before
        assert lived_in.version == 8 + 2 * again


def test_every_version_can_be_gone_back_to_from_any_other(lived_in):
    known = digests(lived_in)
    for version in (4, 1, 6, 2, 5, 3, 1, 5):
        lived_in.undo(version)
        assert lived_in.digest() == known[version - 1]
        fresh = Library.open(lived_in.folder)
        assert fresh.digest() == fresh._hash() == known[version - 1]
        past = Library.open(lived_in.folder, version)
        assert fresh.items(with_quarantined=True) == past.items(with_quarantined=True)
        assert fresh.counts() == past.counts()
    assert [Library.open(lived_in.folder, v).digest() for v in range(1, 7)] == known


def test_work_goes_on_after_an_undo(lived_in, item):
    lived_in.undo(2)
    (identity,) = lived_in.add([item("d")])
    lived_in.label({identity: "plate"}, task="kind", annotator="ann")
    assert keys(lived_in) == ["a", "b", "d"]
    assert lived_in.item(identity).label("kind") == "plate"
    assert lived_in.items()[0].label("kind") == "cup"
    lived_in.undo(6)
    assert keys(lived_in) == ["a", "b", "c"]
    assert lived_in.items()[0].label("kind") == "jug"


def test_a_long_change_is_undone_whole(library, tmp_path, note):
    for place in range(9):
        note(tmp_path / "source" / f"{place}.txt", f"the note {place}")
    ingest(library, tmp_path / "source", config=Config(batch_items=2, threads=1))
    assert library.version > 3
    empty = Library.open(library.folder, 1).digest()
    library.undo()
    assert (len(library), library.digest()) == (0, empty)
    report = ingest(library, tmp_path / "source")
    assert report.items_added == 9


def test_a_change_that_was_interrupted_is_undone_whole(library, item):
    def stop_in_the_midst():
        with library.writing("add") as writer:
            for key in "abc":
                writer.commit([item(key, id=writer.fresh_id())])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_in_the_midst()
    assert library.version == 4
    library.add([item("d")])
    library.undo()
    assert keys(library) == ["a", "b", "c"]
    library.undo(1)
    assert keys(library) == []


def test_nothing_to_undo_is_said(library):
    with pytest.raises(UsageError, match="nothing to undo"):
        library.undo()
    with pytest.raises(UsageError, match="Version 1 is what the library holds now"):
        library.undo(1)
    assert library.version == 1


def test_undo_waits_for_nobody(lived_in):
    other = Library.open(lived_in.folder)
    with lived_in.writing("add"), pytest.raises(BusyError, match="runs `add`"):
        other.undo()
    with lived_in.writing("add"), pytest.raises(BusyError, match="wait until it is done"):
        other.tag("x")


@pytest.mark.parametrize("step", ["rewind", "note_version", "write_card"])
def test_a_disk_that_refuses_any_step_changes_nothing(lived_in, monkeypatch, step):
    from handful.data.library import writer as module

    owner = Table if step == "rewind" else module
    real, before = getattr(owner, step), lived_in.digest()
    calls = []

    def refuse(*args):
        calls.append(args)
        if len(calls) == (4 if step == "rewind" else 1):  # two rewinds open every write
            raise StorageError("Cannot write: the disk is full.")
        return real(*args)

    monkeypatch.setattr(owner, step, refuse)
    with pytest.raises(StorageError, match="full"):
        lived_in.undo(2)
    monkeypatch.undo()
    assert Library.open(lived_in.folder).digest() == before
    assert lived_in.undo(2) == 7
    assert keys(lived_in) == ["a", "b"]


def test_undo_writes_no_rows(library, item):
    library.add([item(f"{place}", text="many words " * 50) for place in range(300)])
    size = sum(path.stat().st_size for path in library.folder.rglob("data/*.lance"))
    library.undo()
    library.undo()
    assert sum(path.stat().st_size for path in library.folder.rglob("data/*.lance")) == size
    assert len(library) == 300


@pytest.mark.slow
def test_ten_thousand_changed_items_are_undone_within_a_second(library, item, label):
    library.add([item(f"{place}", labels=(label(),)) for place in range(10_000)])
    before = library.digest()
    with library.writing("mend") as writer:
        every = library.items()
        writer.commit(changed=[replace(each, group="g") for each in every])
    start = time.process_time()
    library.undo()
    assert time.process_time() - start < 1  # other work on the machine is not counted
    assert library.digest() == before
