"""Energy of the processor: measured where the hardware counts it, estimated elsewhere.

Measured: RAPL counters of Intel and AMD processors in `/sys/class/powercap`. They cover the whole
package, so other programs on the machine count too, and most systems let only the administrator
read them. Estimated: busy core-seconds times watts per core.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from handful.foundation.errors import require
from handful.foundation.hardware.sources import ROOT, read_int, read_text

EnergyMode = Literal["measured", "estimated"]
_MICRO = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Tariff:
    """What energy and machine time cost, and how much a busy core draws."""

    price_per_kwh: float = 0.30
    """Money per kilowatt-hour; about 0.10 to 0.45 in most places."""
    price_per_hour: float = 0.0
    """Money per hour of machine time; 0 for a machine you own, the rent for one you do not."""
    currency: str = "EUR"
    """The currency of both prices."""
    watts_per_core: float = 4.0
    """Power of one busy core, used where it cannot be measured; 2 (laptop) to 10 (desktop).

    Source: the figure that CodeCarbon takes for processors it does not know.
    """

    def __post_init__(self) -> None:
        require(self.price_per_kwh >= 0, "price_per_kwh", self.price_per_kwh, "0 or more")
        require(self.price_per_hour >= 0, "price_per_hour", self.price_per_hour, "0 or more")
        require(bool(self.currency), "currency", self.currency, "a name such as EUR")
        in_range = 0 < self.watts_per_core <= 1000
        require(in_range, "watts_per_core", self.watts_per_core, "in (0, 1000]")

    def money(self, joules: float, wall_s: float) -> float:
        """What so much energy and so much machine time cost.

        Args:
            joules: Energy in joules.
            wall_s: Machine time in seconds.
        """
        return joules / 3.6e6 * self.price_per_kwh + wall_s / 3600 * self.price_per_hour


class EnergyCounter:
    """Adds up the counters of all processor packages.

    A counter starts again at 0 after some tens of minutes, so `read` must be called now and then.

    Args:
        root: The top of the file system to read.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self._packages = [folder for folder in _packages(root) if _energy(folder) is not None]
        self._last = {folder: _energy(folder) for folder in self._packages}
        self._joules = 0.0

    @property
    def mode(self) -> EnergyMode:
        """Whether energy is measured here, or has to be estimated."""
        return "measured" if self._packages else "estimated"

    def read(self) -> float | None:
        """Joules since this counter was made; None where they cannot be measured."""
        for folder in self._packages:
            now, last = _energy(folder), self._last[folder]
            if now is None or last is None:
                continue
            step = now - last
            if step < 0:
                step += read_int(folder / "max_energy_range_uj") or -step
            self._joules += step * _MICRO
            self._last[folder] = now
        return self._joules if self._packages else None


def _packages(root: Path) -> list[Path]:
    """Folders of whole packages; their parts (cores, memory) would count twice."""
    base = root / "sys/class/powercap"
    try:
        folders = sorted(base.glob("*-rapl:*"))
    except OSError:
        return []
    names = [read_text(folder / "name") or "" for folder in folders]
    return [f for f, name in zip(folders, names, strict=True) if name.startswith("package")]


def _energy(folder: Path) -> int | None:
    return read_int(folder / "energy_uj")
