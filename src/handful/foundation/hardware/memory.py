"""Memory and disk: what there is, what is free, and what this process holds."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from handful.foundation.hardware.control import memory_left, memory_limit
from handful.foundation.hardware.sources import ROOT, Tool, fields, read_text, run_tool, to_int


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Main memory in bytes, as far as this process may use it."""

    total_bytes: int | None
    """What is built in; None when nothing tells."""
    limit_bytes: int | None
    """What a container limit grants; None without a limit."""
    available_bytes: int | None
    """What can be used now without swapping, the limit included; None when nothing tells."""

    @property
    def usable_bytes(self) -> int | None:
        """The most this process could ever hold: the smaller of what is built in and granted."""
        known = [size for size in (self.total_bytes, self.limit_bytes) if size is not None]
        return min(known, default=None)


def look_at_memory(root: Path = ROOT, tool: Tool = run_tool) -> Memory:
    """Find out how much memory there is and how much is free.

    Args:
        root: The top of the file system to read.
        tool: Runs `sysctl` and `vm_stat` where there is no `/proc/meminfo`.
    """
    text = read_text(root / "proc/meminfo")
    if text is not None:
        known = fields(text)
        total, available = _kib(known.get("MemTotal")), _kib(known.get("MemAvailable"))
        if available is None:
            available = _kib(known.get("MemFree"))
    else:
        total, available = _from_macos(tool)
    free = [size for size in (available, memory_left(root)) if size is not None]
    return Memory(
        total_bytes=total,
        limit_bytes=memory_limit(root),
        available_bytes=min(free, default=None),
    )


def _kib(value: str | None) -> int | None:
    words = (value or "").split()
    number = to_int(words[0]) if words else None
    return None if number is None else number * 1024


def _from_macos(tool: Tool) -> tuple[int | None, int | None]:
    total = to_int(fields(tool(("sysctl", "hw.memsize"))).get("hw.memsize"))
    text = tool(("vm_stat",))
    if text is None:
        return total, None
    page = to_int("".join(sign for sign in text.partition("page size of")[2][:8] if sign.isdigit()))
    known = fields(text)
    names = ("Pages free", "Pages inactive", "Pages speculative", "Pages purgeable")
    pages = [to_int(known.get(name, "").rstrip(".")) or 0 for name in names]
    return total, sum(pages) * page if page else None


def disk_free_bytes(path: Path) -> int | None:
    """How many bytes can still be written under a path, which need not exist yet.

    Returns:
        What the file system of the nearest existing folder grants this user; None when it does
        not tell.
    """
    for folder in (path, *path.absolute().parents):
        try:
            return shutil.disk_usage(folder).free
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return None
    return None


def resident_bytes(root: Path = ROOT, process: str = "self") -> int | None:
    """The memory a process holds now, in bytes; None where the system does not tell.

    Args:
        root: The top of the file system to read.
        process: A process number, or `self`.
    """
    words = (read_text(root / "proc" / process / "statm") or "").split()
    pages = to_int(words[1]) if len(words) > 1 else None
    return None if pages is None else pages * os.sysconf("SC_PAGE_SIZE")


def peak_bytes(root: Path = ROOT) -> int | None:
    """The most memory this process has held since it began, in bytes; None where unknown."""
    peak = _kib(fields(read_text(root / "proc/self/status")).get("VmHWM"))
    if peak is not None or root != ROOT:
        return peak
    try:
        import resource
    except ImportError:
        return None
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024
