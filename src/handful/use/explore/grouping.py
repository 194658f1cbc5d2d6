"""The groups of a library: found by a run's latents, named by their words, shown on a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.foundation.console.units import plural
from handful.use.explore.find import pick_run
from handful.use.explore.groups import NOWHERE, Config, group
from handful.use.explore.naming import suggest
from handful.use.explore.page import Section, Tile, render_page
from handful.use.explore.survey import OnItems, survey

_SHOWN = 10
_VERY = 0.6
_SOMEWHAT = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Items that fall together.

    Attributes:
        number: 1 for the largest.
        name: A word that its texts or names have and others have not; empty when there is none.
        items: The most typical first.
        stability: How much of it comes back when only a part of the items is looked at, 0.6 to 1.
        closeness: How alike they are: 0 as strangers, 1 as nearest neighbours.
    """

    number: int
    name: str
    items: tuple[Item, ...]
    stability: float
    closeness: float

    @property
    def title(self) -> str:
        """Its name, or its number where it has none."""
        return self.name or f"group {self.number}"

    @property
    def alike(self) -> str:
        """How alike its items are, in words."""
        if self.closeness >= _VERY:
            return "very alike"
        return "alike" if self.closeness >= _SOMEWHAT else "loosely alike"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "number": self.number,
            "name": self.name,
            "size": len(self.items),
            "alike": self.alike,
            "closeness": self.closeness,
            "stability": self.stability,
            "items": [item.id for item in self.items],
            "keys": [item.key for item in self.items],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Grouping:
    """What a library falls into.

    Attributes:
        groups: The largest first.
        odd: Items that belong to none.
        run: The id of the run that compared.
    """

    groups: tuple[Group, ...]
    odd: tuple[Item, ...]
    run: str

    @property
    def sentence(self) -> str:
        """What came of it."""
        items = sum(len(each.items) for each in self.groups) + len(self.odd)
        if not self.groups:
            return (
                f"The {plural(items, 'item')} fall into no groups: they part no better than a "
                "cloud of the same shape."
            )
        rest = f"; {plural(len(self.odd), 'item')} fit none of them" if self.odd else ""
        return f"{plural(items, 'item')} fall into {plural(len(self.groups), 'group')}{rest}."

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "groups": [each.as_dict() for each in self.groups],
            "odd": [item.id for item in self.odd],
            "run": self.run,
        }


def find_groups(
    library: Library,
    runs: Path,
    cache: Path,
    *,
    run: str = "",
    config: Config | None = None,
    on_items: OnItems = lambda modality, done, total: None,
) -> Grouping:
    """Find the groups of a whole library.

    Args:
        library: The items.
        runs: The project's `runs`.
        cache: The project's `cache`.
        run: Whose latents are compared; the newest when empty.
        config: How groups are found.
        on_items: Told about progress where something has to be encoded.

    Raises:
        UsageError: When there is no finished run.
        InputError: When the library is empty, or its files can no longer be read.
    """
    chosen = pick_run(runs, run)
    seen = survey(library, chosen, cache, on_items=on_items)
    found = group({name: named["plain"] for name, named in seen.latents.items()}, config)
    names = suggest(seen.items, [rows.tolist() for rows in found.members])
    groups = tuple(
        Group(
            number=place + 1,
            name=names[place],
            items=tuple(seen.items[row] for row in rows),
            stability=float(found.stability[place]),
            closeness=float(found.closeness[place]),
        )
        for place, rows in enumerate(found.members)
    )
    odd = tuple(seen.items[row] for row in (found.of == NOWHERE).nonzero()[0])
    return Grouping(groups=groups, odd=odd, run=chosen.id)


def groups_page(library: Library, found: Grouping, *, title: str) -> str:
    """Write the page of all groups, with the most typical items of each.

    Args:
        library: That was looked at.
        found: Its groups.
        title: What it is called.

    Returns:
        A whole HTML page.
    """
    sections = [
        Section(
            tiles=[Tile(item=item) for item in each.items[:_SHOWN]],
            heading=each.title.capitalize(),
            lead=f"{plural(len(each.items), 'item')}, {each.alike}.{_more(len(each.items))}",
        )
        for each in found.groups
    ]
    if found.odd:
        lead = f"{plural(len(found.odd), 'item')} fit no group."
        if len(found.odd) > _SHOWN:
            lead += f" {_SHOWN} of them are shown."
        tiles = [Tile(item=item) for item in found.odd[:_SHOWN]]
        sections.append(Section(tiles=tiles, heading="The rest", lead=lead))
    return render_page(
        library,
        sections,
        title=title,
        lead=found.sentence,
        footer=f"Found without labels by the run {found.run}.",
    )


def _more(count: int) -> str:
    return f" The {_SHOWN} most typical are shown." if count > _SHOWN else ""
