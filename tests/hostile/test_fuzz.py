"""Spoiled files by the thousand: each has a verdict, none ends or holds up the run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def fuzz(count: int, seed: int) -> dict[str, Any]:
    """In a process of its own, which has a cap on its memory and is silent."""
    paths = [str(ROOT / "src"), str(ROOT / "tests")]
    done = subprocess.run(
        [sys.executable, "-m", "hostile.fuzz", str(count), str(seed)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def look_at(report: dict[str, Any], count: int) -> None:
    verdicts = report["verdicts"]
    assert sum(verdicts.values()) == count
    assert not verdicts.keys() & {"file/reader_crashed", "file/reader_too_slow"}
    refused = count - verdicts["ok"] - verdicts["repaired"]
    assert refused > count / 2  # the others were changed where it does not matter


def test_two_hundred_spoiled_files_of_each_kind_have_their_verdict() -> None:
    report = fuzz(4_800, seed=1)
    assert report["kinds"] >= 18
    look_at(report, 4_800)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_spoiled_files_have_their_verdict() -> None:
    look_at(fuzz(100_000, seed=2), 100_000)
