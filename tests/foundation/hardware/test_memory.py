from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from handful.foundation.hardware.memory import (
    Memory,
    disk_free_bytes,
    look_at_memory,
    peak_bytes,
    resident_bytes,
)

KIB, GIB = 2**10, 2**30


def made(top: Path, files: Mapping[str, str]) -> Path:
    """Write a made-up `/proc` and `/sys`."""
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return top


def no_tool(command: Sequence[str]) -> str | None:
    return None


def test_linux(tmp_path: Path) -> None:
    text = "MemTotal: 2000 kB\nMemFree: 100 kB\nMemAvailable: 900 kB\n"
    found = look_at_memory(made(tmp_path, {"proc/meminfo": text}), no_tool)
    assert found == Memory(total_bytes=2000 * KIB, limit_bytes=None, available_bytes=900 * KIB)
    assert found.usable_bytes == 2000 * KIB


def test_a_container_limit_counts(tmp_path: Path) -> None:
    files = {
        "proc/meminfo": f"MemTotal: {16 * GIB // KIB} kB\nMemAvailable: {9 * GIB // KIB} kB\n",
        "proc/self/cgroup": "0::/",
        "sys/fs/cgroup/memory.max": f"{4 * GIB}",
        "sys/fs/cgroup/memory.current": f"{GIB}",
    }
    found = look_at_memory(made(tmp_path, files), no_tool)
    assert found.limit_bytes == found.usable_bytes == 4 * GIB
    assert found.available_bytes == 3 * GIB


def test_an_old_kernel_only_tells_what_is_free(tmp_path: Path) -> None:
    root = made(tmp_path, {"proc/meminfo": "MemTotal: 2000 kB\nMemFree: 100 kB\n"})
    assert look_at_memory(root, no_tool).available_bytes == 100 * KIB


def test_macos(tmp_path: Path) -> None:
    answers = {
        "sysctl": "hw.memsize: 17179869184\n",
        "vm_stat": "Mach Virtual Memory Statistics: (page size of 16384 bytes)\n"
        "Pages free:      1000.\nPages active:   9.\nPages inactive:   500.\n"
        "Pages speculative:   20.\nPages purgeable: 3.\n",
    }
    found = look_at_memory(tmp_path, lambda command: answers.get(command[0]))
    assert found.total_bytes == 16 * GIB
    assert found.available_bytes == 1523 * 16384


@pytest.mark.parametrize("text", [None, "", "odd", "MemTotal: lots\nMemAvailable:\n"])
def test_unknown_memory_is_none(tmp_path: Path, text: str | None) -> None:
    root = made(tmp_path, {} if text is None else {"proc/meminfo": text})
    nothing = Memory(total_bytes=None, limit_bytes=None, available_bytes=None)
    assert look_at_memory(root, no_tool) == nothing
    assert nothing.usable_bytes is None
    assert look_at_memory(root, lambda command: "odd").available_bytes is None


def test_disk_of_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    for path in (tmp_path, tmp_path / "a/b/c"):
        found = disk_free_bytes(path)
        assert found == pytest.approx(free, rel=0.05)
    (tmp_path / "file").write_text("")
    assert disk_free_bytes(tmp_path / "file/below") == pytest.approx(free, rel=0.05)


def test_resident_memory_grows_with_what_is_held() -> None:
    before = resident_bytes()
    if before is None:
        pytest.skip("this system does not tell")
    held = np.ones(128 * 2**20, dtype=np.uint8)  # too large for memory that was freed to be reused
    after = resident_bytes()
    assert after is not None
    assert 120 * 2**20 < after - before < 150 * 2**20
    peak = peak_bytes()
    assert peak is not None
    assert peak >= 0.95 * after
    assert held[0] == 1


def test_memory_of_made_up_processes(tmp_path: Path) -> None:
    assert resident_bytes(tmp_path) is None
    assert peak_bytes(tmp_path) is None
    files = {
        "proc/self/statm": "900 7 3",
        "proc/42/statm": "odd",
        "proc/self/status": "VmHWM:\t  12 kB",
    }
    root = made(tmp_path, files)
    assert resident_bytes(root) == 7 * os.sysconf("SC_PAGE_SIZE")
    assert resident_bytes(root, "42") is None
    assert peak_bytes(root) == 12 * KIB
