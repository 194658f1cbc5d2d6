from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from handful.foundation.errors import ConfigError, InputError
from handful.foundation.hardware.speed import Speed, median_time, probe


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Speed, Path]:
    folder = tmp_path_factory.mktemp("disk")
    return probe(folder, budget_s=0.5, threads=1), folder


def test_every_figure_is_there_and_possible(measured: tuple[Speed, Path]) -> None:
    speed, folder = measured
    assert speed.threads == 1
    assert 0.05 < speed.all_threads_gflops < 1e5
    assert 0.1 < speed.memory_gb_per_s < 1e4
    assert 0.1 < speed.python_mops < 1e3
    assert 0 < speed.cores_obtained < 3
    assert speed.disk_write_mb_per_s is not None
    assert speed.disk_write_mb_per_s > 0.01
    assert speed.disk_read_mb_per_s is not None
    assert speed.disk_read_mb_per_s > 0.01
    assert list(folder.iterdir()) == []


def test_a_speed_goes_through_json(measured: tuple[Speed, Path]) -> None:
    speed, _ = measured
    assert Speed.from_dict(json.loads(json.dumps(speed.as_dict()))) == speed
    with pytest.raises(InputError, match="lacks"):
        Speed.from_dict({"threads": 1})


def test_no_folder_and_a_missing_one_leave_the_disk_out(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "missing"):
        speed = probe(folder, budget_s=0.2, threads=1)
        assert speed.disk_write_mb_per_s is None
        assert speed.disk_read_mb_per_s is None
        assert not speed.disk_read_is_cached


def test_the_median_is_taken_within_the_time() -> None:
    steps = iter([0.0, 5.0, 5.0, 6.0, 6.0, 9.0] + [9.0] * 100)
    took = median_time(lambda: time.sleep(0.02), 0.05, lambda: next(steps))
    assert took == 3.0  # of 5, 1 and 3 seconds


@pytest.mark.parametrize(("budget_s", "threads"), [(0.0, 1), (60.0, 1), (1.0, 0)])
def test_wrong_settings_are_refused(budget_s: float, threads: int) -> None:
    with pytest.raises(ConfigError):
        probe(budget_s=budget_s, threads=threads)


@pytest.mark.slow
def test_the_whole_probe_takes_two_seconds_at_most(tmp_path: Path) -> None:
    walls = []
    for _ in range(3):
        start = time.perf_counter()
        probe(tmp_path)
        walls.append(time.perf_counter() - start)
    assert sorted(walls)[1] <= 2.0
