import json
import os
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from handful.data.library.card import HISTORY
from handful.data.library.ingest import ingest
from handful.data.library.library import Library
from handful.data.library.rows import items_to_rows
from handful.data.library.writer import tables_in
from handful.foundation.errors import BusyError, ProjectError, UsageError
from handful.foundation.project import Project


def size(folder):
    """All that lies there, but for the history itself, which grows by a line."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != HISTORY]
    return sum(path.stat().st_size for path in files)


def holds(folder, words):
    return any(words in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def keys(library):
    return [each.key for each in library.items()]


@pytest.fixture
def grown(library, item):
    """Five versions; the last holds less than the one before."""
    for key in "abc":
        library.add([item(key, text=f"{key} words " * 500)])
    library.undo()
    return library


def test_what_history_costs_is_what_a_trim_frees_to_the_byte(grown):
    before = size(grown.folder)
    cost = grown.history_cost()
    assert size(grown.folder) == before
    assert cost.versions == (1, 2, 3, 4)
    assert cost.bytes > 0
    assert not cost.is_done
    freed = grown.trim(keep=1)
    assert (freed.versions, freed.bytes, freed.is_done) == (cost.versions, cost.bytes, True)
    assert size(grown.folder) == before - cost.bytes
    assert keys(grown) == keys(Library.open(grown.folder)) == ["a", "b"]
    assert grown.history_cost().bytes == 0
    assert grown.trim(keep=1).versions == ()


def test_the_words_that_only_old_versions_held_are_gone_from_the_disk(grown):
    assert any(
        b"c words" in path.read_bytes() for path in grown.folder.rglob("*.lance") if path.is_file()
    )
    grown.trim(keep=1)
    for path in grown.folder.rglob("*"):
        assert path.is_dir() or b"c words" not in path.read_bytes()


def test_a_trimmed_version_says_so_and_what_is_left(grown):
    grown.tag("second", 2)
    reader = Library.open(grown.folder, 4)
    grown.trim(keep=1)
    left = r'Version 4 .* was trimmed on \d{4}-\d\d-\d\d.*left are 2 \(tag "second"\) and 5'
    for act in (
        lambda: Library.open(grown.folder, 4),
        lambda: grown.undo(4),
        lambda: grown.diff(4),
        lambda: grown.tag("x", 4),
        lambda: reader.items(),
        lambda: reader.quarantined(),
    ):
        with pytest.raises(UsageError, match=left):
            act()
    with pytest.raises(UsageError, match="Version 4 of the library was trimmed"):
        grown.undo()
    assert [each.is_trimmed for each in grown.history()] == [True, False, True, True, False]
    assert [each.bytes is None for each in grown.history()] == [True, False, True, True, False]


def test_tagged_versions_stay(grown):
    grown.tag("second", 2)
    assert grown.history_cost().kept == {2: ('tag "second"',), 5: ("the newest",)}
    grown.trim(keep=1)
    assert keys(Library.open(grown.folder, "second")) == ["a"]
    grown.untag("second")
    grown.trim(keep=1)
    with pytest.raises(UsageError, match="trimmed"):
        Library.open(grown.folder, 2)


def test_the_last_changes_can_be_kept(grown):
    digest = Library.open(grown.folder, 4).digest()
    trimming = grown.trim(keep=2)
    assert trimming.kept == {4: ("among the last 2",), 5: ("the newest", "among the last 2")}
    grown.undo()
    assert grown.digest() == digest


def test_versions_inside_a_long_change_are_not_counted_as_changes(library, item):
    library.add([item("a")])
    with library.writing("add") as writer:
        for key in "bcd":
            writer.commit([item(key, id=writer.fresh_id())])
    assert tuple(library.trim(keep=2).kept) == (2, 5)
    library.undo()
    assert keys(library) == ["a"]


@pytest.mark.parametrize("keep", [0, -1])
def test_at_least_the_newest_is_kept(grown, keep):
    with pytest.raises(UsageError, match="At least 1"):
        grown.trim(keep=keep)
    with pytest.raises(UsageError, match="At least 1"):
        grown.history_cost(keep)


def test_versions_that_runs_and_releases_learned_from_stay(tmp_path, item):
    project = Project.create(tmp_path / "shop")
    library = Library.create(project.library)
    for key in "abcd":
        library.add([item(key)])
    run = project.runs / "grade-1"
    run.mkdir(parents=True)
    told = {"library": {"version": 2, "digest": "d"}, "state": "started"}
    (run / "manifest.json").write_text(json.dumps(told))
    (project.runs / "killed-before-its-manifest").mkdir()
    release = project.releases / ("ab" * 32)
    release.mkdir(parents=True)
    (release / "about.json").write_text(json.dumps({"library": {"version": 3}}))
    assert library.history_cost().kept == {
        2: ("run grade-1",),
        3: ("release abababababab",),
        5: ("the newest",),
    }
    library.trim(keep=1)
    assert [keys(Library.open(library.folder, version)) for version in (2, 3, 5)] == [
        ["a"],
        ["a", "b"],
        ["a", "b", "c", "d"],
    ]
    (run / "manifest.json").write_text("{")
    with pytest.raises(ProjectError, match=r"grade-1[\s\S]*Nothing was trimmed"):
        library.trim(keep=1)
    assert keys(Library.open(library.folder, 2)) == ["a"]


def test_copies_of_media_go_with_the_last_version_that_reads_them(library, tmp_path, picture):
    for name in ("one", "two"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.write(picture(tmp_path / f"{name}.png", seed=len(name) + ord(name[0])), "p.png")
        ingest(library, tmp_path / f"{name}.zip")
    library.undo()
    left_over = library.folder / "media/sha256/aa/.unfinished-1234"
    left_over.parent.mkdir(parents=True, exist_ok=True)
    left_over.write_bytes(b"left by a killed writer")
    before, cost = size(library.folder), library.history_cost()
    assert cost.media_files == 2
    library.trim(keep=1)
    assert size(library.folder) == before - cost.bytes
    (kept,) = library.items()
    assert library.read_part(kept, "image").shape == (12, 16, 3)
    assert len([path for path in (library.folder / "media").rglob("*") if path.is_file()]) == 1
    assert (tmp_path / "two.png").exists()


def test_what_killed_writers_left_goes_too(grown, item):
    tables = tables_in(grown.folder)
    tables.items.append(items_to_rows([item("ghost", id="ghost", text="ghostly words " * 99)]))
    assert holds(grown.folder, b"ghostly words")
    grown.trim(keep=1)
    assert keys(Library.open(grown.folder)) == ["a", "b"]
    assert not holds(grown.folder, b"ghostly words")
    grown.add([item("d")])
    assert keys(grown) == ["a", "b", "d"]


def test_nothing_is_trimmed_while_somebody_writes(grown):
    other = Library.open(grown.folder)
    with grown.writing("add"), pytest.raises(BusyError, match=f"process {os.getpid()} runs `add`"):
        other.trim(keep=1)
    assert len(grown.history_cost().versions) == 4


def test_a_trim_that_was_cut_short_is_finished_by_the_next(grown, monkeypatch):
    from handful.data.library.store import Table

    before = grown.history_cost()
    monkeypatch.setattr(Table, "forget", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        grown.trim(keep=1)
    monkeypatch.undo()
    with pytest.raises(UsageError, match="trimmed"):
        Library.open(grown.folder, 4)
    assert keys(Library.open(grown.folder)) == ["a", "b"]
    assert grown.history_cost().bytes == before.bytes
    assert grown.trim(keep=1).bytes == before.bytes


def until_free(act):
    while True:
        try:
            return act()
        except BusyError:
            time.sleep(0.002)


def test_readers_and_writers_at_once_see_whole_versions(library, item):
    """Two writers add, undo and trim; readers meet only states that were committed."""
    seen: dict[int, int] = {}
    missed: list[str] = []
    done = threading.Event()

    def write(name):
        mine = Library.open(library.folder)
        for turn in range(4):
            pair = [item(f"{name}{turn}"), item(f"{name}{turn} too")]
            until_free(lambda: mine.add(pair))  # noqa: B023 - called at once
            until_free(mine.undo)
            until_free(mine.undo)
            until_free(lambda: mine.trim(keep=3))

    def read():
        while not done.is_set():
            try:
                reader = Library.open(library.folder)
                count = len(reader.items())
                reader.history()
                reader.history_cost()
            except UsageError as error:
                missed.append(str(error))
            else:
                assert count % 2 == 0
                assert seen.setdefault(reader.version, count) == count

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        writers = [pool.submit(write, name) for name in "xy"]
        wait(writers)
        done.set()
        for thread in (*writers, *readers):
            thread.result()
    assert all("trimmed" in each for each in missed)
    assert len(seen) > 3
    newest = Library.open(library.folder)
    assert len(newest.items()) == newest.counts()["items"]
    assert newest.version >= 25
