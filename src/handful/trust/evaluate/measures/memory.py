"""How much memory it holds while it answers.

Use when: it must fit beside other programs, or into a small machine.
Needs: answers. Cost: none beyond the answers.
Source: resident size of the process and its children, sampled ten times a second; a new record of
    the whole process is counted exactly by the system.
"""

from __future__ import annotations

from dataclasses import dataclass

from handful.foundation.console.units import bytes_text
from handful.foundation.errors import require
from handful.trust.evaluate.finding import Figure, Finding
from handful.trust.evaluate.measures.base import Measure
from handful.trust.evaluate.sitting import Sitting


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of this measure."""

    limit_mib: float | None = None
    """Memory it may hold at most, in MiB; left out for no limit."""

    def __post_init__(self) -> None:
        """Check the rules."""
        fits = self.limit_mib is None or self.limit_mib > 0
        require(fits, "limit_mib", self.limit_mib, "above 0, or left out")


class Memory(Measure):
    """Reads the most memory held during the pass over all cases."""

    config: Config

    def measure(self, sitting: Sitting) -> Finding:
        """See `Measure.measure`."""
        asked = sitting.asked
        peak, before = asked.cost.peak_memory_bytes, asked.resident_before
        if peak is None:
            return self.cannot("This system does not tell how much memory a process holds.")
        n = len(asked.answers)
        figures = [Figure(name="peak", value=float(peak), unit="bytes", n=n)]
        said = f"While it answered, the process held at most {bytes_text(peak)}"
        if before is not None:
            added = max(0, peak - before)
            figures.append(Figure(name="added", value=float(added), unit="bytes", n=n))
            said += f", {bytes_text(added)} more than before"
        meaning = [f"{said}."]
        limit = self.config.limit_mib
        if limit is not None and peak > limit * 2**20:
            meaning.append(f"That is more than the {limit:g} MiB it may hold.")
        return Finding(measure=self.name, figures=tuple(figures), meaning=tuple(meaning))
