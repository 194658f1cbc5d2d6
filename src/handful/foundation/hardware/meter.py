"""What a piece of work cost: time, memory, energy and money.

with Meter() as meter:
    train()
meter.cost.as_dict()
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from handful.foundation.hardware.memory import peak_bytes, resident_bytes
from handful.foundation.hardware.power import EnergyCounter, EnergyMode, Tariff
from handful.foundation.hardware.records import from_fields
from handful.foundation.hardware.sources import ROOT, read_text, to_int

_SAMPLE_S = 0.1
_CHILDREN_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a piece of work cost."""

    wall_s: float
    """Time by the clock on the wall, in seconds."""
    cpu_s: float
    """Time of all cores together, in seconds; child processes included."""
    peak_memory_bytes: int | None
    """The most memory held during the work, child processes included; sampled."""
    process_peak_bytes: int | None
    """The most memory this process has held since it began; counted by the system."""
    energy_j: float
    """Energy of the processor, in joules."""
    energy_mode: EnergyMode
    """`measured` by the hardware (all programs on the machine) or `estimated` from core time."""
    money: float
    """Energy and machine time at the tariff."""
    currency: str
    """The currency of the money."""

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Cost:
        """Read back what `as_dict` wrote.

        Raises:
            InputError: When a field is missing or unknown.
        """
        return from_fields(cls, values)

    def plus(self, other: Cost) -> Cost:
        """The cost of two pieces of work, one after the other.

        Raises:
            ValueError: When their currencies differ.
        """
        if self.currency != other.currency:
            raise ValueError(f"Cannot add {other.currency} to {self.currency}")
        both_measured = {self.energy_mode, other.energy_mode} == {"measured"}
        return Cost(
            wall_s=self.wall_s + other.wall_s,
            cpu_s=self.cpu_s + other.cpu_s,
            peak_memory_bytes=_largest(self.peak_memory_bytes, other.peak_memory_bytes),
            process_peak_bytes=_largest(self.process_peak_bytes, other.process_peak_bytes),
            energy_j=self.energy_j + other.energy_j,
            energy_mode="measured" if both_measured else "estimated",
            money=self.money + other.money,
            currency=self.currency,
        )


def _largest(*sizes: int | None) -> int | None:
    return max((size for size in sizes if size is not None), default=None)


class Meter:
    """Measures what the work inside a `with` statement costs.

    A thread wakes ten times a second to see how much memory is held, so a peak shorter than that
    can be missed unless it is the highest of the whole process, which the system counts exactly.

    Args:
        tariff: Prices, and watts per core where power cannot be measured.
        root: The top of the file system to read.
        sample_s: Time between two looks at memory, in seconds; 0.05 to 1 is sensible.
    """

    def __init__(
        self, tariff: Tariff | None = None, *, root: Path = ROOT, sample_s: float = _SAMPLE_S
    ) -> None:
        self._tariff = tariff or Tariff()
        self._root = root
        self._sample_s = sample_s
        self._stop = Event()
        self._cost: Cost | None = None
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        self._cost = None
        self._stop.clear()
        self._energy = EnergyCounter(self._root)
        self._peak = tree_resident_bytes(self._root)
        self._peak_before = peak_bytes(self._root)
        self._cpu_start = tree_cpu_s(self._root)
        self._wall_start = time.perf_counter()
        self._thread = Thread(target=self._watch, name="handful-meter", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._cost = self._measure()

    @property
    def cost(self) -> Cost:
        """The cost of the whole block, or so far while it is still running."""
        assert self._thread is not None, "a meter measures inside a `with` statement"
        return self._cost or self._measure()

    def _watch(self) -> None:
        while not self._stop.wait(self._sample_s):
            self._peak = _largest(self._peak, tree_resident_bytes(self._root))
            self._energy.read()

    def _measure(self) -> Cost:
        wall_s = time.perf_counter() - self._wall_start
        cpu_s = max(0.0, tree_cpu_s(self._root) - self._cpu_start)
        measured = self._energy.read()
        joules = cpu_s * self._tariff.watts_per_core if measured is None else measured
        process_peak = peak_bytes(self._root)
        self._peak = _largest(self._peak, tree_resident_bytes(self._root))
        # A new record of the whole process was set inside this block, and is exact.
        if process_peak is not None and process_peak > (self._peak_before or 0):
            self._peak = _largest(self._peak, process_peak)
        return Cost(
            wall_s=wall_s,
            cpu_s=cpu_s,
            peak_memory_bytes=self._peak,
            process_peak_bytes=process_peak,
            energy_j=joules,
            energy_mode=self._energy.mode,
            money=self._tariff.money(joules, wall_s),
            currency=self._tariff.currency,
        )


def tree_cpu_s(root: Path = ROOT) -> float:
    """Core time of this process and its children, ended and running ones, in seconds.

    Children that still run count where `/proc` tells of them, to a hundredth of a second.
    """
    ended = os.times()
    total = time.process_time() + ended.children_user + ended.children_system
    ticks = sum(_ticks(root, child) for child in _children(root))
    return total + ticks / os.sysconf("SC_CLK_TCK") if ticks else total


def tree_resident_bytes(root: Path = ROOT) -> int | None:
    """Memory held now by this process and its running children, in bytes; None where unknown.

    Memory that they share counts once for each.
    """
    own = resident_bytes(root)
    if own is None:
        return None
    return own + sum(resident_bytes(root, child) or 0 for child in _children(root))


def _ticks(root: Path, process: str) -> int:
    """Clock ticks a process and its ended children have used."""
    text = read_text(root / "proc" / process / "stat") or ""
    # The name in brackets may hold spaces; user, system and both of ended children follow it.
    words = text.rpartition(")")[2].split()
    return sum(to_int(word) or 0 for word in words[11:15])


def _children(root: Path) -> Iterator[str]:
    """The numbers of all running descendants of this process."""
    waiting, seen = ["self"], 0
    while waiting and seen < _CHILDREN_AT_ONCE:
        process = waiting.pop()
        for told in _listing(root / "proc" / process / "task"):
            for child in (read_text(told / "children") or "").split():
                seen += 1
                waiting.append(child)
                yield child


def _listing(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
