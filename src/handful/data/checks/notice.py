"""The text that goes along with what is published: under which terms what is, and who made it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from handful.data.checks.evidence.terms import best_for, source_of
from handful.data.library.items import Item

_UNKNOWN = "Not known"


def notice(items: Iterable[Item], title: str) -> str:
    """Who must be named for a set of items, licence by licence.

    Args:
        items: What is passed on; items that cannot be used are left out.
        title: What it is called.

    Returns:
        Plain text: for each licence how many items are under it, where its text is, and each
        attribution or holder with how many items are theirs. Empty items say so.
    """
    by_terms: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.usable:
            by_terms[item.rights.licence.strip()].append(item)
    lines = [title, "=" * len(title), ""]
    if not by_terms:
        lines += ["Contains nothing."]
    for said, inside in sorted(by_terms.items(), key=lambda each: (not each[0], each[0])):
        terms = best_for(said, ("publish",))
        lines.append(f"{said or _UNKNOWN} ({len(inside)} items)")
        if terms.unknown:
            lines.append("  Terms unknown: do not publish.")
        lines += [f"  {name}: {where}" for name in terms.licences if (where := source_of(name))]
        names = Counter(item.rights.attribution or item.rights.holder for item in inside)
        lines += [f"  {name} ({count})" for name, count in sorted(names.items()) if name]
        if names[""] and "credit" in terms.demands:
            lines.append(f"  nobody named ({names['']})")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
