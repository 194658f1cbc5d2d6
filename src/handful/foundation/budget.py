"""A length of time as people write it."""

from __future__ import annotations

import re

from handful.foundation.errors import UsageError

_UNITS = {"s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str) -> float:
    """Read `90s`, `5min`, `1.5h`, or `1h 30min`.

    Args:
        text: Numbers with units; a bare number means minutes.

    Returns:
        Seconds, above 0.

    Raises:
        UsageError: When it is no length of time.
    """
    parts = re.findall(r"([\d.]+)\s*([a-z]*)", text.strip().lower())
    if not parts or re.sub(r"([\d.]+)\s*([a-z]*)\s*", "", text.strip().lower()):
        raise _wrong(text)
    total = 0.0
    for number, unit in parts:
        name = unit.rstrip("s") if len(unit) > 3 else unit or "min"
        name = {"second": "s", "minute": "min", "hour": "h", "day": "d"}.get(name, name)
        if name not in _UNITS or number.count(".") > 1 or number == ".":
            raise _wrong(text)
        total += float(number) * _UNITS[name]
    if total <= 0:
        raise _wrong(text)
    return total


def _wrong(text: str) -> UsageError:
    return UsageError(f'"{text}" is no length of time.', "write it like `90s`, `5min` or `2h`")
