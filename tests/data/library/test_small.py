import hashlib
import sqlite3

import pytest

from handful.data.library.small import PLACE, Small
from handful.foundation.errors import StorageError


def named(*copies):
    return {hashlib.sha256(data).hexdigest(): data for data in copies}


@pytest.fixture
def small(tmp_path):
    return Small(tmp_path)


def test_what_is_kept_is_found_by_its_hash(small):
    copies = named(b"one", b"two", b"")
    small.put(copies)
    small.put(copies)
    assert {name: small.get(name) for name in copies} == copies
    assert small.sizes() == {name: len(data) for name, data in copies.items()}
    assert small.get("00" * 32) is None


def test_without_a_file_there_is_nothing(small, tmp_path):
    small.put({})
    small.delete(["00" * 32])
    assert small.sizes() == {}
    assert small.get("00" * 32) is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_deleted_is_gone_from_the_disk_and_the_file_shrinks(small, tmp_path):
    secret = b"the secret " * 3000
    copies = named(secret, b"kept")
    small.put(copies)
    before = small.path.stat().st_size
    assert b"the secret" in small.path.read_bytes()
    small.delete(list(named(secret)))
    assert small.sizes() == dict.fromkeys(named(b"kept"), 4)
    assert not any(b"the secret" in path.read_bytes() for path in tmp_path.rglob("*.sqlite*"))
    assert small.path.stat().st_size < before - len(secret) / 2


def test_all_copies_of_one_call_are_kept_or_none(small):
    small.put(named(b"first"))
    copies = {**named(b"second"), "ff" * 32: object()}
    with pytest.raises(StorageError):
        small.put(copies)
    assert small.sizes() == dict.fromkeys(named(b"first"), 5)


def test_a_damaged_file_is_said(small, tmp_path):
    small.put(named(b"one"))
    (tmp_path / PLACE).write_bytes(b"no database at all " * 100)
    with pytest.raises(StorageError, match=r"cannot be read from .*small\.sqlite") as caught:
        small.get(*named(b"one"))
    assert "--copy" in caught.value.hint


def test_somebody_who_reads_does_not_stop_somebody_who_writes(small):
    small.put(named(b"one"))
    with sqlite3.connect(small.path) as reader:
        reader.execute("SELECT * FROM copies").fetchall()
        small.put(named(b"two"))
    reader.close()
    assert len(small.sizes()) == 2
