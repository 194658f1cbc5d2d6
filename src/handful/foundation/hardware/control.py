"""Limits that a container or a service manager puts on this process (Linux control groups).

Both layouts are understood: version 2 (`cpu.max`, `memory.max`) and version 1
(`cpu.cfs_quota_us`, `memory.limit_in_bytes`). A limit on any group above counts too, so the
smallest one found on the way up is the limit.

Source: kernel.org, Control Group v2; control group v1, memory and CFS bandwidth.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from handful.foundation.hardware.sources import ROOT, fields, read_int, read_text, to_int

_MOUNT = Path("sys/fs/cgroup")
# Version 1 says "no limit" with the largest multiple of the page size below 2^63.
_NO_LIMIT = 2**60


def cpu_quota(root: Path = ROOT) -> float | None:
    """How many cores' worth of time this process may use, such as 1.5; None without a limit."""
    quotas = [_quota_v2(group) for group in _groups(root, "")]
    quotas += [_quota_v1(group) for group in _groups(root, "cpu")]
    return min((quota for quota in quotas if quota is not None), default=None)


def memory_limit(root: Path = ROOT) -> int | None:
    """The most memory this process may hold, in bytes; None without a limit."""
    limits = [read_int(group / "memory.max") for group in _groups(root, "")]
    limits += [read_int(group / "memory.limit_in_bytes") for group in _groups(root, "memory")]
    return min((size for size in limits if size is not None and 0 < size < _NO_LIMIT), default=None)


def memory_left(root: Path = ROOT) -> int | None:
    """What is left of the memory limit, in bytes; None without a limit.

    File pages that the kernel would give back under pressure count as free, as in the working
    set that container managers show.
    """
    new = ("memory.max", "memory.current", "inactive_file")
    old = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    left = [_left(group, *new) for group in _groups(root, "")]
    left += [_left(group, *old) for group in _groups(root, "memory")]
    return min((size for size in left if size is not None), default=None)


def _left(group: Path, limit_name: str, usage_name: str, cache_name: str) -> int | None:
    limit, usage = read_int(group / limit_name), read_int(group / usage_name)
    if limit is None or usage is None or not 0 < limit < _NO_LIMIT:
        return None
    cache = to_int(fields(read_text(group / "memory.stat"), " ").get(cache_name)) or 0
    return max(0, limit - max(0, usage - cache))


def _quota_v2(group: Path) -> float | None:
    words = (read_text(group / "cpu.max") or "").split()
    if len(words) != 2:
        return None
    return _ratio(to_int(words[0]), to_int(words[1]))


def _quota_v1(group: Path) -> float | None:
    return _ratio(read_int(group / "cpu.cfs_quota_us"), read_int(group / "cpu.cfs_period_us"))


def _ratio(quota: int | None, period: int | None) -> float | None:
    if quota is None or period is None or quota <= 0 or period <= 0:
        return None
    return quota / period


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's group and of those above it.

    Args:
        root: The top of the file system.
        controller: A version 1 controller such as `memory`; empty for version 2.
    """
    for line in (read_text(root / "proc/self/cgroup") or "").splitlines():
        parts = line.split(":", 2)
        if len(parts) != 3 or controller not in parts[1].split(","):
            continue
        for mount in _mounts(root, parts[1]):
            # Inside a container the path may be the one outside it: only its top exists here.
            path = Path(parts[2].lstrip("/"))
            for above in (path, *path.parents):
                if ".." not in above.parts:
                    yield mount / above


def _mounts(root: Path, controllers: str) -> list[Path]:
    base = root / _MOUNT
    if not controllers:
        return [base, base / "unified"]
    return [base / controllers, *(base / name for name in controllers.split(","))]
