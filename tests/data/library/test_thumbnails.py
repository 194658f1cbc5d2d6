import multiprocessing
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from handful.data.library import taking
from handful.data.library import thumbnails as module
from handful.data.library.ingest import ingest
from handful.data.library.thumbnails import Thumbnails
from handful.data.operators.thumbnail import of_value
from handful.foundation.errors import StorageError


@pytest.fixture
def shop(tmp_path, picture, sound, note):
    for number in range(3):
        picture(tmp_path / "shop" / f"{number}.png", number)
        sound(tmp_path / "shop" / f"{number}.wav", number)
        note(tmp_path / "shop" / f"{number}.txt")
    return tmp_path / "shop"


NAMES = [f"{number:064x}" for number in range(300)]


def some(count=300):
    return {name: name.encode() * 3 for name in NAMES[:count]}


def test_what_was_put_is_found(tmp_path):
    small = Thumbnails(tmp_path)
    assert small.get(NAMES[0]) is None
    assert small.put(some())
    assert small.get_many([*NAMES, "ff" * 32]) == some()
    assert small.names() == set(NAMES)
    assert small.verify() == (300, ())


def test_adding_files_makes_the_thumbnail_of_each_content(library, shop):
    ingest(library, shop)
    small = Thumbnails(library.folder)
    items = library.items()
    expected = {
        part.content_sha256: of_value(library.read_part(item, name))
        for item in items
        for name, part in item.parts.items()
        if part.usable and name != "text"
    }
    assert len(expected) > 2
    assert small.get_many(list(expected)) == expected
    assert small.names() == set(expected)


def test_a_second_add_makes_none_and_a_deleted_file_is_made_anew_for_what_changes(
    library, shop, picture
):
    ingest(library, shop)
    small = Thumbnails(library.folder)
    small.path.unlink()
    ingest(library, shop)
    assert small.names() == set()
    picture(shop / "another.png", 77)
    ingest(library, shop)
    assert len(small.names()) == 1


def test_what_is_deleted_is_gone_from_the_disk(tmp_path):
    small = Thumbnails(tmp_path)
    small.put({NAMES[1]: b"a face nobody may see" * 400, **some()})
    small.put({NAMES[1]: b"a face nobody may see" * 400})
    assert b"nobody may see" in small.path.read_bytes()
    assert small.delete([NAMES[1], "ff" * 32]) == 1
    left = b"".join(path.read_bytes() for path in small.path.parent.iterdir())
    assert b"nobody may see" not in left
    assert small.get(NAMES[1]) is None
    assert len(small.names()) == 299


def test_a_damaged_entry_is_named_and_never_shown(tmp_path):
    small = Thumbnails(tmp_path)
    small.put(some(3))
    with sqlite3.connect(small.path) as base:
        base.execute(
            "UPDATE thumbnails SET data = x'00' WHERE content = ?", [bytes.fromhex(NAMES[1])]
        )
    base.close()
    assert small.get(NAMES[1]) is None
    assert small.verify() == (2, (NAMES[1],))


def test_thumbnails_of_another_maker_are_not_taken_for_ours(tmp_path, monkeypatch):
    small = Thumbnails(tmp_path)
    small.put(some(1))
    monkeypatch.setattr(module, "_MAKER", b"another!")
    assert small.get(NAMES[0]) is None
    small.put({NAMES[0]: b"new"})
    assert small.get(NAMES[0]) == b"new"
    assert small.delete([NAMES[0]]) == 2, "all that was ever made of it"


def test_a_file_that_is_no_database_is_made_anew(tmp_path):
    small = Thumbnails(tmp_path)
    small.path.parent.mkdir()
    small.path.write_bytes(b"rubbish" * 1000)
    assert small.get(NAMES[0]) is None
    assert small.verify() == (0, ())
    assert small.put(some(2))
    assert small.get_many(NAMES) == some(2)


def test_a_place_that_cannot_be_written_stops_no_ingest(library, shop):
    (library.folder / "derived").write_bytes(b"")
    report = ingest(library, shop)
    assert report.items_added
    assert Thumbnails(library.folder).names() == set()


def test_what_cannot_be_deleted_is_said(tmp_path):
    small = Thumbnails(tmp_path)
    small.put(some(1))
    holder = sqlite3.connect(small.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_WAIT_S", 0.05)
        with pytest.raises(StorageError, match="cannot be deleted"):
            small.delete(NAMES)
        assert small.get(NAMES[0]) is None
        assert not small.put(some(1))
    holder.close()
    assert small.get(NAMES[0])


def test_threads_and_forks_share_no_connection(tmp_path):
    small = Thumbnails(tmp_path)
    small.put(some())
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(small.get, NAMES))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(small.get, (NAMES[0],)) == some()[NAMES[0]]


def test_only_what_is_committed_has_a_thumbnail_or_a_little_more(library, shop, monkeypatch):
    kept = []
    monkeypatch.setattr(taking.Thumbnails, "put", lambda self, made: kept.append(dict(made)))
    ingest(library, shop, config=taking.Config(batch_items=1))
    assert sum(map(bool, kept)) > 1, "with every commit, not at the end"
