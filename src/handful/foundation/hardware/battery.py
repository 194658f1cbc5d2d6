"""How full the battery is, and whether it is being used up; nothing is asked but two files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_SUPPLIES = Path("/sys/class/power_supply")


class Battery(NamedTuple):
    """The emptiest battery of the machine.

    Attributes:
        percent: How full it is.
        is_in_use: Whether it is being used up, because nothing is plugged in.
    """

    percent: int
    is_in_use: bool


def look_at_battery(supplies: Path = _SUPPLIES) -> Battery | None:
    """Look at the battery.

    Args:
        supplies: Where Linux describes them.

    Returns:
        None where there is none, or the system does not say.
    """
    found = []
    try:
        places = sorted(supplies.iterdir())
    except OSError:
        return None
    for place in places:
        try:
            if _word(place / "type") != "Battery" or _scope(place) == "Device":  # a mouse has one
                continue
            found.append(Battery(int(_word(place / "capacity")), _word(place / "status") == _USED))
        except (OSError, ValueError):
            continue
    return min(found, default=None)


_USED = "Discharging"


def _word(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


def _scope(place: Path) -> str:
    path = place / "scope"
    return _word(path) if path.exists() else "System"
