"""Files of rows: whole or refused, and the same numbers back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from handful.learn.towers.latents.shard import DamagedError, open_shard, write_shard

MARK = "ab" * 32


def rows(count: int, width: int, filled: float = 1.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((count, width)) * (rng.random((count, width)) < filled)
    return values.astype(np.float32)


def read(path: Path, places: list[int]) -> np.ndarray:
    shard = open_shard(path, MARK)
    out = np.zeros((len(places), shard.width), dtype=np.float32)
    shard.read_into(out, np.arange(len(places)), np.array(places, dtype=np.intp))
    return out


def names(count: int) -> list[str]:
    return [f"key{place}" for place in range(count)]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.integers(1, 9), st.integers(1, 40), st.sampled_from([0.0, 0.05, 0.5, 1.0]), st.integers(0, 9)
)
def test_rows_come_back_rounded_to_half_precision(
    tmp_path: Path, count: int, width: int, filled: float, seed: int
) -> None:
    values = rows(count, width, filled, seed)
    path = write_shard(tmp_path, MARK, names(count), values)
    order = list(np.random.default_rng(seed).integers(0, count, 5))
    assert np.array_equal(read(path, order), values[order].astype(np.float16))
    assert open_shard(path, MARK).keys == tuple(names(count))
    assert open_shard(path, MARK).is_intact()


def test_mostly_empty_rows_take_little_room(tmp_path: Path) -> None:
    full = write_shard(tmp_path, MARK, names(20), rows(20, 4096))
    thin = write_shard(tmp_path, MARK, names(20), rows(20, 4096, filled=0.02))
    assert full.stat().st_size > 20 * 4096 * 2
    assert thin.stat().st_size < full.stat().st_size / 10


@pytest.mark.parametrize("filled", [0.1, 1.0])
def test_numbers_too_large_for_half_precision_are_kept(tmp_path: Path, filled: float) -> None:
    values = rows(3, 50, filled) * np.float32(1e6)
    path = write_shard(tmp_path, MARK, names(3), values)
    assert np.array_equal(read(path, [0, 1, 2]), values)


def test_a_wide_row_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handful.learn.towers.latents.shard._NUMBERS_AT_ONCE", 30)
    values = rows(10, 20)
    path = write_shard(tmp_path, MARK, names(10), values)
    assert np.array_equal(read(path, [9, 0, 5]), values[[9, 0, 5]].astype(np.float16))


@pytest.mark.parametrize("filled", [0.05, 1.0])
def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path, filled: float) -> None:
    whole = write_shard(tmp_path, MARK, names(4), rows(4, 30, filled)).read_bytes()
    path = tmp_path / "cut.safetensors"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DamagedError):
            open_shard(path, MARK)
    path.write_bytes(whole)
    assert len(open_shard(path, MARK)) == 4


def test_a_changed_byte_is_found_by_reading_everything(tmp_path: Path) -> None:
    path = write_shard(tmp_path, MARK, names(4), rows(4, 30))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert not open_shard(path, MARK).is_intact()


def test_rows_of_another_tower_are_refused(tmp_path: Path) -> None:
    path = write_shard(tmp_path, MARK, names(2), rows(2, 3))
    with pytest.raises(DamagedError, match="made by the tower abab"):
        open_shard(path, "cd" * 32)


@pytest.mark.parametrize(
    "change",
    [
        {"starts": np.array([0, 2, 1], np.int64)},
        {"starts": np.array([0, 1, 9], np.int64)},
        {"columns": np.array([0, 500], np.uint16)},
        {"numbers": np.zeros(2, np.float64)},
        {"keys": np.frombuffer(b"one", np.uint8)},
        {"keys": np.frombuffer(b"\xff\nb", np.uint8)},
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(
    tmp_path: Path, change: dict[str, np.ndarray]
) -> None:
    values = np.zeros((2, 10), np.float32)
    values[[0, 1], [3, 7]] = 1
    path = write_shard(tmp_path, MARK, ["a", "b"], values)
    facts = {"fingerprint": MARK, "width": "10", "sha256": ""}
    save_file({**load_file(path), **change}, path, metadata=facts)
    with pytest.raises(DamagedError):
        open_shard(path, MARK)


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"w": np.zeros(3, np.float32)}, path)
    with pytest.raises(DamagedError):
        open_shard(path, MARK)
