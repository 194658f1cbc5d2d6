from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from handful.foundation.hardware.control import cpu_quota, memory_left, memory_limit

GIB = 2**30


def made(top: Path, files: Mapping[str, str]) -> Path:
    """Write a made-up `/proc` and `/sys`."""
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return top


def test_version_two(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        {
            "proc/self/cgroup": "0::/user.slice/job\n",
            "sys/fs/cgroup/user.slice/job/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/user.slice/job/memory.max": f"{4 * GIB}\n",
            "sys/fs/cgroup/user.slice/job/memory.current": f"{3 * GIB}\n",
            "sys/fs/cgroup/user.slice/job/memory.stat": f"anon 5\ninactive_file {GIB}\n",
        },
    )
    assert cpu_quota(root) == 1.5
    assert memory_limit(root) == 4 * GIB
    assert memory_left(root) == 2 * GIB


def test_the_smallest_limit_above_counts(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/cpu.max": "50000 100000\n",
            "sys/fs/cgroup/a/b/memory.max": "max\n",
            "sys/fs/cgroup/a/memory.max": f"{GIB}\n",
            "sys/fs/cgroup/memory.max": f"{2 * GIB}\n",
        },
    )
    assert cpu_quota(root) == 0.5
    assert memory_limit(root) == GIB
    assert memory_left(root) is None  # nothing tells the usage


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_version_one(tmp_path: Path, mount: str) -> None:
    root = made(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\nodd line\n0::/\n",
            # Inside the container only the top of the group is mounted.
            f"sys/fs/cgroup/{mount}/cpu.cfs_quota_us": "300000",
            f"sys/fs/cgroup/{mount}/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2 * GIB}",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{3 * GIB}",
            "sys/fs/cgroup/memory/memory.stat": "total_inactive_file 0",
        },
    )
    assert cpu_quota(root) == 3
    assert memory_limit(root) == 2 * GIB
    assert memory_left(root) == 0


def test_no_limit_is_none(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/\n3:cpu:/\n0::/\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            "sys/fs/cgroup/cpu.max": "max 100000",
            "sys/fs/cgroup/memory.max": "max",
        },
    )
    assert cpu_quota(root) is None
    assert memory_limit(root) is None
    assert memory_left(root) is None


@pytest.mark.parametrize("text", ["", "garbage", "0::/../../etc", "::::", "0:"])
def test_odd_files_are_no_limit(tmp_path: Path, text: str) -> None:
    root = made(
        tmp_path,
        {"proc/self/cgroup": text, "sys/fs/cgroup/cpu.max": "0 0", "sys/fs/cgroup/memory.max": "?"},
    )
    assert cpu_quota(root) is None
    assert memory_limit(root) is None


def test_no_files_at_all(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) is None
    assert memory_limit(tmp_path) is None
    assert memory_left(tmp_path) is None
