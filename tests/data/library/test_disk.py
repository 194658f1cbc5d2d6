"""What a full, small or read-only disk does to a library: nothing."""

import ctypes
import errno
import os
import subprocess
from contextlib import contextmanager

import pytest

from handful.data.library import writer as writer_module
from handful.data.library.ingest import Config, ingest
from handful.data.library.library import Library
from handful.data.library.media import Media
from handful.data.library.store import Table
from handful.foundation.errors import StorageError


@pytest.fixture
def source(tmp_path, note):
    for place in range(6):
        note(tmp_path / "source" / "cup" / f"{place}.txt", f"the note {place}")
    return tmp_path / "source"


def full(*_args, **_options):
    raise StorageError("Cannot write: the disk is full.") from OSError(errno.ENOSPC, "full")


def fail_from(monkeypatch, owner, name, call):
    """Let a function fail from its n-th call on, as a disk does that has become full."""
    real, calls = getattr(owner, name), []

    def sometimes(*args, **options):
        calls.append(args)
        return full() if len(calls) >= call else real(*args, **options)

    monkeypatch.setattr(owner, name, sometimes)


STEPS = [
    (Table, "append"),
    (Table, "delete"),
    (writer_module, "note_version"),
    (writer_module, "write_card"),
]


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize(("owner", "name"), STEPS)
def test_a_disk_that_fills_up_at_any_step_costs_nothing(
    library, source, note, monkeypatch, owner, name, call
):
    config = Config(batch_items=2, threads=1)
    ingest(library, source, labels_from_folders="kind", config=config)
    for place in range(6):
        note(source / "cup" / f"{place}.txt", f"another note {place}")
        note(source / "cup" / f"new {place}.txt", f"a new note {place}")
    fail_from(monkeypatch, owner, name, call)
    with pytest.raises(StorageError, match="full"):
        ingest(library, source, labels_from_folders="kind", config=config)
    monkeypatch.undo()
    again = Library.open(library.folder)
    assert len(again.items()) >= 6
    assert len({item.key for item in again.items()}) == len(again.items())
    assert all(item.label("kind") == "cup" for item in again.items())
    report = ingest(again, source, labels_from_folders="kind", config=config)
    assert report.quarantined == 0
    texts = [item.words["und"] for item in again.items()]
    assert sorted(texts) == sorted(
        [f"another note {place}" for place in range(6)]
        + [f"a new note {place}" for place in range(6)]
    )


def test_a_copy_that_cannot_be_kept_leaves_no_item(library, tmp_path, picture, monkeypatch):
    import zipfile

    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(picture(tmp_path / "1.png"), "1.png")
    monkeypatch.setattr(Media, "keep", full)
    with pytest.raises(StorageError):
        ingest(library, tmp_path / "all.zip")
    monkeypatch.undo()
    assert library.items(with_quarantined=True) == []
    assert ingest(library, tmp_path / "all.zip").items_added == 1


def can_mount():
    if os.geteuid() != 0:
        return False
    probe = ["unshare", "--mount", "true"]
    try:
        return subprocess.run(probe, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not can_mount(), reason="only root may mount a small disk")
def test_a_disk_that_is_really_full_costs_nothing(tmp_path, note):
    source, disk = tmp_path / "source", tmp_path / "disk"
    for place in range(200):
        note(source / f"{place:03}.txt", f"{place} " + "long words " * 400)
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)], check=True)
    try:
        library = Library.create(disk / "library")
        with pytest.raises(StorageError, match="full"):
            ingest(library, source, config=Config(batch_items=10))
        again = Library.open(disk / "library")
        kept = [item.key for item in again.items()]
        assert kept == [f"{place:03}" for place in range(len(kept))]
        assert 0 < len(kept) < 200
        subprocess.run(["mount", "-o", "remount,size=9m", str(disk)], check=True)
        ingest(again, source)
        assert len(again.items()) == 200
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@contextmanager
def like_anybody():
    """Let root, too, be refused by a folder's rights: drop its override in this thread."""
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)
    before, during = (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
    assert libc.capget(head, before) == 0
    during[:] = before[:]
    during[0] &= ~0b110  # the effective set without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
    assert libc.capset(head, during) == 0
    try:
        yield
    finally:
        libc.capset(head, before)


@contextmanager
def read_only(folder):
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in [*folders, *files]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with like_anybody():
            yield
    finally:
        for path in [*folders, *files]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_read_only_library_can_be_read_and_says_why_it_is_not_written(library, source):
    ingest(library, source)
    with read_only(library.folder):
        again = Library.open(library.folder)
        assert len(again.items()) == 6
        with pytest.raises(StorageError, match="permission was denied"):
            ingest(again, source)
        with pytest.raises(StorageError, match="permission was denied"):
            again.label({again.items()[0].id: "cup"}, task="kind", annotator="ann")
        for act in (again.undo, lambda: again.tag("first"), lambda: again.trim(keep=1)):
            with pytest.raises(StorageError, match="permission was denied"):
                act()
        assert [each.version for each in again.history()] == [1, 2]
        assert len(again.diff().added) == 6
        assert again.history_cost().versions == (1,)
    assert Library.open(library.folder).version == library.version


def test_a_library_cannot_be_made_in_a_read_only_folder(tmp_path):
    (tmp_path / "closed").mkdir()
    with read_only(tmp_path / "closed"), pytest.raises(StorageError, match="permission"):
        Library.create(tmp_path / "closed" / "library")


def test_unreadable_files_are_named_and_the_others_go_on(library, source):
    (source / "cup" / "3.txt").chmod(0)
    with like_anybody():
        report = ingest(library, source, config=Config(threads=1))
    assert report.reasons == {"file/no_permission": 1}
    assert report.ok == 5
