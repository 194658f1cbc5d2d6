"""Numbers as people read them: bytes, time, counts, shares, money, energy.

Every function returns one short phrase. The narrow no-break space between groups of digits is
replaced by a plain one where the terminal cannot show it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handful.foundation.hardware.meter import Cost

GROUP = "\u202f"
"""Stands between groups of three digits (a narrow no-break space)."""

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
_UNKNOWN = "unknown"
_LEAST_MONEY = 0.0001
_TO = "\N{EN DASH}"


def bytes_text(size: float | None) -> str:
    """A size in bytes: `412 MiB`, `1.5 GiB`; `unknown` for None."""
    if size is None or not math.isfinite(size):
        return _UNKNOWN
    value, step = abs(size), 0
    while value >= 1023.5 and step < len(_BINARY) - 1:
        value, step = value / 1024, step + 1
    sign = "-" if size < 0 else ""
    digits = f"{value:.1f}" if step and value < 9.95 else f"{value:.0f}"
    return f"{sign}{digits.removesuffix('.0')} {_BINARY[step]}"


def seconds_text(seconds: float | None) -> str:
    """A duration in seconds: `850 ms`, `12.3 s`, `1 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds is None or not math.isfinite(seconds):
        return _UNKNOWN
    sign, value = ("-" if seconds < 0 else ""), abs(seconds)
    if value == 0:
        return "0 s"
    if value < 59.95:
        return sign + _short_seconds(value)
    for large, small, size, part in (("d", "h", _DAY, _HOUR), ("h", "min", _HOUR, _MINUTE)):
        if value >= size - part / 2:
            whole, rest = divmod(round(value / part), size // part)
            return sign + _two_parts(whole, large, rest, small)
    whole, rest = divmod(round(value), _MINUTE)
    return sign + _two_parts(whole, "min", rest, "s")


def _short_seconds(value: float) -> str:
    for limit, scale, unit in ((9.995e-7, 1e9, "ns"), (9.995e-4, 1e6, "µs"), (0.9995, 1e3, "ms")):
        if value < limit:
            return f"{value * scale:.3g} {unit}"
    return f"{value:.3g} s"


def _two_parts(whole: int, large: str, rest: int, small: str) -> str:
    return f"{count_text(whole)} {large}" + (f" {rest} {small}" if rest else "")


def time_left_text(seconds: float | None) -> str:
    """How long something will still take, in plain words: `about 2 min left`.

    Args:
        seconds: The expected rest in seconds; None when nothing can be said yet.

    Returns:
        A phrase rounded to what an estimate deserves, empty for None.
    """
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return ""
    if seconds < 4.5:
        return "a few seconds left"
    if seconds < 57.5:
        return f"about {5 * max(1, round(seconds / 5))} s left"
    if seconds < 59.5 * _MINUTE:
        return f"about {round(seconds / _MINUTE)} min left"
    if seconds < 3 * _HOUR:
        return f"about {seconds_text(600 * round(seconds / 600))} left"
    if seconds < 2 * _DAY:
        return f"about {round(seconds / _HOUR)} h left"
    return f"about {count_text(round(seconds / _DAY))} days left"


def count_text(count: int) -> str:
    """A whole number with a narrow space between groups: `12 345`."""
    return f"{count:,}".replace(",", GROUP)


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: `1 item`, `12 345 items`.

    Args:
        count: How many.
        one: The noun for exactly one.
        many: The noun for any other count; `one` with an `s` when empty.
    """
    return f"{count_text(count)} {one if count == 1 else many or one + 's'}"


def number_text(value: float, digits: int = 3) -> str:
    """A real number to some significant digits, without exponents in the everyday range."""
    if not math.isfinite(value):
        return _UNKNOWN
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e9:
        return f"{value:.{digits - 1}e}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}".replace(",", GROUP)


def percent_text(
    share: float | None, low: float | None = None, high: float | None = None, places: int = 1
) -> str:
    """A share as a percentage, with its interval where one is known.

    Args:
        share: The share, 0 to 1; None reads as `unknown`.
        low: The lower end of its interval, 0 to 1.
        high: The upper end of its interval, 0 to 1.
        places: Digits after the point.

    Returns:
        Such as `76.5 % (72.0–80.4)`; the bracket only when both ends are given.
    """
    if share is None or not math.isfinite(share):
        return _UNKNOWN
    text = f"{100 * share:.{places}f} %"
    if low is None or high is None:
        return text
    return f"{text} ({100 * low:.{places}f}{_TO}{100 * high:.{places}f})"


def rate_text(per_second: float | None, unit: str = "") -> str:
    """How fast something goes: `85/s`, `1.2/min`, `3.5/h`; empty for None.

    Args:
        per_second: The rate.
        unit: A noun to stand before the slash, such as `items`.
    """
    if per_second is None or not math.isfinite(per_second) or per_second < 0:
        return ""
    scales = ((1, "s"), (_MINUTE, "min"), (_HOUR, "h"))
    readable = [pair for pair in scales if per_second * pair[0] >= 0.995]
    scale, per = (readable or (scales[:1] if per_second == 0 else scales[-1:]))[0]
    value = per_second * scale
    digits = f"{value:.1f}".removesuffix(".0") if value < 9.95 else count_text(round(value))
    return f"{digits} {unit}/{per}" if unit else f"{digits}/{per}"


def money_text(amount: float | None, currency: str = "EUR") -> str:
    """An amount of money: `€12.40`, `€0.0012`, `CHF 3.00`, `less than €0.0001`."""
    if amount is None or not math.isfinite(amount):
        return _UNKNOWN
    sign, value = ("-" if amount < 0 else ""), abs(amount)
    mark = _SIGNS.get(currency, f"{currency} ")
    if 0 < value < _LEAST_MONEY:
        return f"less than {mark}{_LEAST_MONEY}"
    places = 1 - math.floor(math.log10(value)) if 0 < value < 0.1 else 2
    digits = f"{value:,.{places}f}".replace(",", GROUP)
    return f"{sign}{mark}{digits}"


def energy_text(joules: float | None) -> str:
    """Energy given in joules: `12 J` below a tenth of a watt-hour, then `0.25 Wh`, `1.2 kWh`."""
    if joules is None or not math.isfinite(joules):
        return _UNKNOWN
    hours = joules / 3600
    if hours < 0.1:
        return f"{number_text(joules, 2)} J"
    if hours < 999.5:
        return f"{number_text(hours, 2)} Wh"
    return f"{number_text(hours / 1000, 2)} kWh"


def cost_text(cost: Cost) -> str:
    """What work cost, in one phrase.

    Args:
        cost: As measured by a `Meter`.

    Returns:
        Such as `1 min 20 s, 2 min 5 s of core time, at most 412 MiB, 0.14 Wh (estimated),
        less than €0.0001`; what is unknown is left out.
    """
    parts = [seconds_text(cost.wall_s), f"{seconds_text(cost.cpu_s)} of core time"]
    if cost.peak_memory_bytes is not None:
        parts.append(f"at most {bytes_text(cost.peak_memory_bytes)}")
    parts.append(f"{energy_text(cost.energy_j)} ({cost.energy_mode})")
    parts.append(money_text(cost.money, cost.currency))
    return ", ".join(parts)
