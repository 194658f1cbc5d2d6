"""Who waits for whom: the one who uses batches for the data, or the data for him."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field

from handful.foundation.console import seconds_text

_LITTLE = 0.05
"""Waiting for less than this share of the time is not worth a word of advice."""


@dataclass(slots=True, eq=False)
class Waiting:
    """Where the time of a loader went.

    Attributes:
        threads: How many read.
        waited_s: Time in which a batch was asked for and not ready.
        used_s: Time between a batch's coming and the call for the next one.
        first_s: Of `waited_s`, the wait for the very first batch, which nobody can read ahead.
        read_s: Modality to thread seconds of reading and decoding.
        read: Modality to how many values were read.
    """

    threads: int
    waited_s: float = 0.0
    used_s: float = 0.0
    first_s: float = 0.0
    read_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    read: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def share(self) -> float:
        """The share of the time after the first batch in which the data was waited for."""
        waited = self.waited_s - self.first_s
        total = waited + self.used_s
        return waited / total if total > 0 else 0.0

    def note(self, modality: str, seconds: float) -> None:
        """Count one value; safe from several threads.

        Args:
            modality: Which was read.
            seconds: How long that took.
        """
        with self._lock:
            self.read_s[modality] += seconds
            self.read[modality] += 1

    def sentence(self) -> str:
        """What the wait came from, and what would shorten it."""
        if not self.read:
            return "Nothing was read."
        said = f"The data was waited for {self.share:.0%} of the time"
        if self.share < _LITTLE:
            return f"{said}: reading keeps up."
        slowest = max(self.read_s, key=lambda name: self.read_s[name])
        each = seconds_text(self.read_s[slowest] / self.read[slowest])
        part = self.read_s[slowest] / max(sum(self.read_s.values()), 1e-12)
        return (
            f"{said}: reading {slowest} takes {part:.0%} of the readers' time, {each} each on "
            f"{self.threads} threads. Use cached latents, smaller files, or more threads."
        )
