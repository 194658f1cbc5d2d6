"""What must stay in one piece when items are split: groups, and copies however they were changed.

Copies are items with the same content, with contents that are twins (`twins/`), or of which one was
made from the other, also by way of others. An item's unit is its group; an item without one belongs
to the group of its copies, and else its copies are the unit. Copies that lie in several groups do
not tie these groups together, because a few of them would make one unit of everything: see rule 3
of `splits.py`.

All names follow from the names of groups and the hashes of contents alone, so that the same files
make the same units on any machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from handful.data.library.items import Item
from handful.data.library.twins.links import Links
from handful.data.library.twins.look import Twins, counting_parts


def copies_of(items: Iterable[Item], twins: Twins | None = None) -> dict[str, str]:
    """Which items are copies of each other.

    Args:
        items: All items of the library.
        twins: Contents that are the same; only equal items count when left out.

    Returns:
        Item id to a name that it shares with its copies.
    """
    links, names = Links(), {}
    items = list(items)
    for item in items:
        names[item.id] = own = _content(item)
        for part in counting_parts(item) if twins else ():
            if twins and part.content_sha256 in twins.telling:
                links.join(own, part.content_sha256)
    for one, other in twins.pairs if twins else ():
        links.join(one, other)
    for item, parent in descents(items):
        links.join(names[item.id], names[parent.id])
    first: dict[str, str] = {}
    for own in sorted(names.values()):
        first.setdefault(links.top(own), own)
    return {identity: first[links.top(own)] for identity, own in names.items()}


def descents(items: Iterable[Item]) -> list[tuple[Item, Item]]:
    """Every item that was made from another, with that other, as far as both are there.

    Args:
        items: All items of the library.
    """
    items = list(items)
    made = [item for item in items if item.lineage.parents]
    if not made:
        return []
    by_id = {item.id: item for item in items}
    by_name = {(item.source, item.key): item for item in items}
    found = [
        (item, by_id.get(name) or by_name.get((item.source, name)))
        for item in made
        for name in item.lineage.parents
    ]
    return [(item, parent) for item, parent in found if parent and parent is not item]


def units_of(items: Iterable[Item], copies: Mapping[str, str]) -> dict[str, str]:
    """The unit of every item.

    Args:
        items: All items of the library.
        copies: From `copies_of`.

    Returns:
        Item id to the name of its unit.
    """
    items = list(items)
    group_of: dict[str, str] = {}
    for item in items:
        if item.group:
            copy = copies[item.id]
            group_of[copy] = min(group_of.get(copy, item.group), item.group)
    units = {}
    for item in items:
        group = item.group or group_of.get(copies[item.id])
        units[item.id] = f"group {group}" if group else copies[item.id]
    return units


def members(named: Mapping[str, str]) -> dict[str, list[str]]:
    """The items of every unit.

    Args:
        named: Item id to unit.
    """
    found: dict[str, list[str]] = {}
    for identity, unit in named.items():
        found.setdefault(unit, []).append(identity)
    return found


def _content(item: Item) -> str:
    """Of what cannot be read nobody knows whether it is a copy, unless the bytes are the same."""
    if item.usable:
        return f"copies of {item.content_sha256}"
    return "copies of " + " ".join(part.sha256 or item.id for part in item.parts.values())
