"""The page of a search: every hit with its picture, its sound, its words and its reasons."""

from __future__ import annotations

from handful.data.library.library import Library
from handful.foundation.console.units import plural
from handful.use.explore.find import Found, Hit
from handful.use.explore.page import Section, Tile, render_page


def found_page(library: Library, found: Found) -> str:
    """Write the page of a search.

    Args:
        library: That was searched.
        found: What came of it.

    Returns:
        A whole HTML page.
    """
    good = [_tile(hit) for hit in found.hits if hit.level == "good"]
    weaker = [_tile(hit) for hit in found.hits if hit.level != "good"]
    sections = []
    if good:
        sections.append(Section(tiles=good, heading="Good finds"))
    if weaker:
        sections.append(
            Section(tiles=weaker, heading="Weaker", lead="More speaks against these than for them.")
        )
    if not found.hits:
        sections.append(Section(tiles=(), lead="Nothing in the library speaks for any item."))
    return render_page(
        library,
        sections,
        title=found.title,
        lead=summary(found),
        footer=" ".join([*found.notes, f"Compared by the run {found.run}."]),
    )


def summary(found: Found) -> str:
    """What came of a search, in one sentence.

    Args:
        found: Of any search.
    """
    good = plural(found.good, "good find") if found.good else "No good find"
    return f"{good} in {plural(found.searched, 'item')}; {len(found.hits)} shown."


def _tile(hit: Hit) -> Tile:
    labels = ", ".join(f"{task}: {value}" for task, value in sorted(hit.labels.items()))
    return Tile(
        item=hit.item,
        badge=f"{hit.level} {hit.score:.2f}",
        is_strong=hit.level == "good",
        lines=(hit.why, labels),
    )
