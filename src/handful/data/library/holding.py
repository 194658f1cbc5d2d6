"""Items set aside by hand: left out of everything, with the reason, by whom and when.

Every part of such an item is quarantined, so whoever asks for usable items passes it over. What its
parts were before stands beside the reason, so taking the item back leaves the row as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from handful.data.library.items import Item, Part, Status

HELD = "item/held"
"""The reason of a part whose item was set aside by hand."""

_BESIDE = "held"


class Held(NamedTuple):
    """Why an item is set aside.

    Attributes:
        because: In the words of whoever did it.
        by: Who.
        at: When, in UTC.
    """

    because: str
    by: str
    at: str


def held(item: Item) -> Held | None:
    """Why an item is set aside by hand; None when it is not.

    Args:
        item: Any.
    """
    for part in item.parts.values():
        if part.reason == HELD:
            beside = part.meta[_BESIDE]
            return Held(beside["because"], beside["by"], beside["at"])
    return None


def hold(item: Item, why: Held) -> Item:
    """The item, set aside.

    Args:
        item: Not set aside yet.
        why: Kept with it.
    """
    return replace(item, parts={name: _hold(part, why) for name, part in item.parts.items()})


def release(item: Item) -> Item:
    """The item as it was before it was set aside.

    Args:
        item: Set aside.
    """
    return replace(item, parts={name: _release(part) for name, part in item.parts.items()})


def as_used(item: Item) -> Item:
    """The item as it is when it is not set aside by hand, for who asks what it is a copy of.

    Args:
        item: Any.
    """
    return release(item) if held(item) else item


def still_held(parts: Mapping[str, Part], known: Item | None) -> dict[str, Part]:
    """Parts that were read anew, set aside when their item is: reading is no pardon.

    Args:
        parts: As they were read.
        known: The item as the library has it.
    """
    why = held(known) if known else None
    return {name: _hold(part, why) for name, part in parts.items()} if why else dict(parts)


def _hold(part: Part, why: Held) -> Part:
    before = {"status": str(part.status), "reason": part.reason, "detail": part.detail}
    return replace(
        part,
        status=Status.QUARANTINED,
        reason=HELD,
        detail=f"{why.because} ({why.by}, {why.at[:10]})",
        meta={**part.meta, _BESIDE: {**why._asdict(), **before}},
    )


def _release(part: Part) -> Part:
    if part.reason != HELD:
        return part
    meta = dict(part.meta)
    before = meta.pop(_BESIDE)
    return replace(
        part,
        status=Status(before["status"]),
        reason=before["reason"],
        detail=before["detail"],
        meta=meta,
    )
