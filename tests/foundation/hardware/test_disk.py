from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.foundation.hardware.disk import DiskSpeed, measure_disk, median


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_median(values: list[float]) -> None:
    assert median(values) == pytest.approx(statistics.median(values))


def test_a_missing_folder_is_unknown(tmp_path: Path) -> None:
    assert measure_disk(tmp_path / "missing", 0.05, 0.05) == DiskSpeed()


def test_a_full_disk_leaves_the_disk_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    found = measure_disk(tmp_path, 0.05, 0.05)
    assert found.write_mb_per_s is None
    assert list(tmp_path.iterdir()) == []


def test_a_slow_disk_does_not_take_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: time.sleep(0.1))
    start = time.perf_counter()
    found = measure_disk(tmp_path, 0.25, 0.05)
    assert time.perf_counter() - start < 2.0
    assert found.write_mb_per_s is not None
    assert found.write_mb_per_s < 2**20 / 0.1 * 1e-6 * 1.01


def test_a_read_that_could_not_be_forgotten_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fadvise", raising=False)
    assert measure_disk(tmp_path, 0.02, 0.02).is_cached
