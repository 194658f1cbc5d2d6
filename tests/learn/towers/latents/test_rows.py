"""All rows of one encoder: merging, forgetting, damage, several writers."""

from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path

import numpy as np
import pytest

from handful.foundation.errors import (
    BusyError,
    InputError,
    NewerFormatError,
    ProjectError,
    StorageError,
)
from handful.foundation.project.atomic import UNFINISHED
from handful.foundation.project.lock import locked
from handful.learn.towers.latents import rows as module
from handful.learn.towers.latents.rows import Rows

MARK = "ab" * 32


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    return Rows.make(tmp_path / MARK, "audio.mfcc", MARK)


def value(key: str) -> list[float]:
    return [float(len(key)), float(int(key.partition("@")[0])), 0.5]


def add(rows: Rows, *keys: str) -> None:
    rows.add(list(keys), np.array([value(key) for key in keys]))


def shards(rows: Rows) -> list[Path]:
    return sorted(rows.folder.glob("[!.]*.safetensors"))


def test_rows_come_back_in_any_order_from_any_file(rows: Rows) -> None:
    add(rows, "1", "2", "3")
    add(rows, "4")
    wanted = ["4", "2", "2", "1"]
    for found in (rows, Rows.open(rows.folder)):
        assert np.array_equal(found.read(wanted), [value(key) for key in wanted])
    assert rows.missing(["9", "1", "8", "9"]) == [0, 2]
    assert rows.read([]).shape == (0, 3)
    assert len(rows) == 4
    assert rows.size == sum(path.stat().st_size for path in shards(rows))


def test_an_empty_folder_reads_as_nothing(rows: Rows) -> None:
    assert rows.width is None
    assert rows.read([]).shape == (0, 0)
    assert rows.missing(["1"]) == [0]


def test_what_another_process_does_is_noticed(rows: Rows) -> None:
    other = Rows.open(rows.folder)
    add(other, "1", "2")
    rows.refresh()
    assert rows.missing(["1", "2"]) == []
    other.forget(["1"])
    rows.refresh()
    assert rows.missing(["1", "2"]) == [0]


def test_many_small_files_are_merged(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FULL", 40)
    keys = [str(number) for number in range(100)]
    for key in keys[:31]:
        add(rows, key)
    rows.tidy()
    assert len(shards(rows)) == 31
    for key in keys[31:]:
        add(rows, key)
    rows.tidy()
    assert len(shards(rows)) == 3
    for found in (rows, Rows.open(rows.folder)):
        assert np.array_equal(found.read(keys), [value(key) for key in keys])


def test_nobody_merges_while_another_process_does(rows: Rows) -> None:
    for number in range(32):
        add(rows, str(number))
    with locked(rows.folder / ".lock", "merge latents"):
        rows.tidy()
    assert len(shards(rows)) == 32


def test_a_merge_killed_before_it_deletes_leaves_every_row(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [str(number) for number in range(32)]
    for key in keys:
        add(rows, key)

    def killed(self: Rows, paths: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Rows, "_unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            rows.tidy()
    found = Rows.open(rows.folder)
    assert len(shards(found)) == 33
    assert np.array_equal(found.read(keys), [value(key) for key in keys])


def test_forgetting_removes_the_bytes_of_every_variant(rows: Rows) -> None:
    add(rows, "111", "222", "111@mirrored")
    add(rows, "111@slow")
    add(rows, "333")
    assert rows.forget(["111", "555"]) == 3
    assert rows.missing(["111", "111@mirrored", "111@slow", "222", "333"]) == [0, 1, 2]
    assert np.array_equal(rows.read(["333", "222"]), [value("333"), value("222")])
    assert not any(b"111" in path.read_bytes() for path in shards(rows))


def test_forgetting_takes_turns(rows: Rows) -> None:
    add(rows, "1")
    with locked(rows.folder / ".lock", "merge latents"), pytest.raises(BusyError):
        rows.forget(["1"])
    assert rows.missing(["1"]) == []


def test_a_damaged_file_is_left_out_named_and_replaced(
    rows: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    add(rows, "1")
    add(rows, "2")
    broken = shards(rows)[0]
    broken.write_bytes(broken.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING):
        found = Rows.open(rows.folder)
    assert broken.name in caplog.text
    assert len(found.missing(["1", "2"])) == 1
    add(found, "7")
    assert not broken.exists()


def test_rows_of_another_width_are_left_out(rows: Rows, tmp_path: Path) -> None:
    add(rows, "1")
    other = Rows.make(tmp_path / "other" / MARK, "audio.mfcc", MARK)
    other.add(["2"], np.zeros((1, 5)))
    moved = shards(other)[0]
    moved.rename(rows.folder / f"zz{moved.name}")
    rows.refresh()
    assert rows.missing(["1", "2"]) == [1]


def test_damage_is_found_and_repaired(rows: Rows) -> None:
    add(rows, "1")
    add(rows, "2")
    add(rows, "3")
    flipped, cut, _ = shards(rows)
    content = bytearray(flipped.read_bytes())
    content[-2] ^= 8
    flipped.write_bytes(content)
    cut.write_bytes(cut.read_bytes()[:50])
    found = Rows.open(rows.folder)
    assert found.damaged(repair=False) == [flipped, cut]
    assert found.damaged(repair=True) == [flipped, cut]
    assert found.damaged(repair=False) == []
    assert len(found) == 1


def test_half_written_files_are_swept_once_they_are_old(rows: Rows) -> None:
    old, young = (rows.folder / f"{UNFINISHED}{age}-x.safetensors" for age in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    long_ago = time.time() - 120
    os.utime(old, (long_ago, long_ago))
    assert Rows.open(rows.folder).missing(["1"]) == [0]
    rows.forget([])
    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((2, 3)), "for 1 items"),
        (np.zeros(3), "for 1 items"),
        (np.zeros((1, 4)), r"\(1, 3\) is needed"),
        (np.array([[0.0, np.nan, 0.0]]), "not finite"),
        (np.array([[0.0, np.inf, 0.0]]), "content 2"),
    ],
)
def test_rows_that_are_wrong_are_refused(rows: Rows, given: np.ndarray, words: str) -> None:
    add(rows, "1")
    with pytest.raises(InputError, match=words):
        rows.add(["2"], given)
    assert len(Rows.open(rows.folder)) == 1


def _change(folder: Path, **content: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | content))


def test_a_folder_of_another_tower_is_refused(rows: Rows) -> None:
    _change(rows.folder, fingerprint="cd" * 32)
    with pytest.raises(ProjectError, match="holds the latents of the tower cdcd"):
        Rows.make(rows.folder, "audio.mfcc", MARK)


def test_a_damaged_manifest_says_what_to_do(rows: Rows) -> None:
    (rows.folder / "manifest.json").write_text("{")
    with pytest.raises(ProjectError, match="delete it: `rm -r"):
        Rows.make(rows.folder, "audio.mfcc", MARK)


def test_a_folder_of_a_newer_handful_is_refused(rows: Rows) -> None:
    _change(rows.folder, format=99)
    with pytest.raises(NewerFormatError):
        Rows.make(rows.folder, "audio.mfcc", MARK)


def test_a_full_disk_loses_nothing(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    add(rows, "1")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("handful.learn.towers.latents.shard.save_file", full)
        with pytest.raises(StorageError, match="disk is full"):
            add(rows, "2")
    assert rows.missing(["1", "2"]) == [1]
    add(rows, "2")
    assert np.array_equal(Rows.open(rows.folder).read(["2"]), [value("2")])
