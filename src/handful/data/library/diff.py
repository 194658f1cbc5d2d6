"""What differs between two versions: items that came, went or changed, and what was said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from handful.data.library import rows
from handful.data.library.card import Card
from handful.data.library.items import Item, Label, Part, truths
from handful.data.library.store import column_lists, is_one_of
from handful.data.library.writer import Tables
from handful.data.modalities.base import MODALITIES

_Labels = Mapping[str, tuple[Label, ...]]


class Named(NamedTuple):
    """An item by both its names."""

    id: str
    key: str


class Changed(NamedTuple):
    """An item that is in both versions and not the same.

    Attributes:
        id: Its id.
        key: What it is called where it came from.
        what: What differs, such as `image content`, `split none → test`, `grade good → cracked`.
    """

    id: str
    key: str
    what: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Diff:
    """What came between two versions.

    Attributes:
        before: The version that is compared.
        after: The version it is compared with.
        added: Items that only the later one has.
        gone: Items that only the earlier one has.
        changed: Items that both have and that are not the same, labels included.
        labels_said: Statements that only the later one has.
        labels_superseded: Statements that stand in the earlier one and were followed in the later
            one by another of the same annotator.
        labels_gone: Statements that only the earlier one has; an undo or forgetting took them away.
    """

    before: int
    after: int
    added: tuple[Named, ...]
    gone: tuple[Named, ...]
    changed: tuple[Changed, ...]
    labels_said: int
    labels_superseded: int
    labels_gone: int

    def lines(self) -> Iterator[str]:
        """One line for each item: `+ key`, `- key`, `~ key: what changed`."""
        for item in self.added:
            yield f"+ {item.key}"
        for item in self.gone:
            yield f"- {item.key}"
        for item in self.changed:
            yield f"~ {item.key}: {'; '.join(item.what)}"

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "before": self.before,
            "after": self.after,
            "added": [item._asdict() for item in self.added],
            "gone": [item._asdict() for item in self.gone],
            "changed": [item._asdict() for item in self.changed],
            "labels_said": self.labels_said,
            "labels_superseded": self.labels_superseded,
            "labels_gone": self.labels_gone,
        }


def compare(tables: Tables, before: Card, after: Card) -> Diff:
    """Compare two versions.

    Args:
        tables: The library's.
        before: The card of the one.
        after: The card of the other.

    Raises:
        ProjectError: When a table cannot be read.
    """
    said = [
        rows.rows_to_labels(tables.labels.read(each.labels_version)) for each in (before, after)
    ]
    old, new = (_rows(tables, each.items_version) for each in (before, after))
    common = old.keys() & new.keys()
    unlike = {
        identity
        for identity in common
        if old[identity] != new[identity] or said[0].get(identity) != said[1].get(identity)
    }
    pairs = zip(
        _items(tables, before, unlike, said[0]), _items(tables, after, unlike, said[1]), strict=True
    )
    return Diff(
        before=before.version,
        after=after.version,
        added=_named(new, new.keys() - common),
        gone=_named(old, old.keys() - common),
        changed=tuple(Changed(now.id, now.key, _what(then, now)) for then, now in pairs),
        **_statements(*said),
    )


def _rows(tables: Tables, version: int) -> dict[str, tuple[Any, ...]]:
    """Id to the whole row, key first."""
    names = ["key", *(name for name in rows.ITEMS.names if name not in ("id", "key", "created"))]
    read = tables.items.read(version)
    columns = column_lists(rows.completed(read, rows.SINCE).select(["id", *names]))
    whole = zip(*(columns[name] for name in names), strict=True)
    return dict(zip(columns["id"], whole, strict=True))


def _items(tables: Tables, card: Card, ids: set[str], labels: _Labels) -> list[Item]:
    where = is_one_of("id", sorted(ids)) if len(ids) <= 200 else None
    found = rows.rows_to_items(tables.items.read(card.items_version, where=where), labels)
    return [item for item in found if item.id in ids]


def _named(every: Mapping[str, tuple[Any, ...]], ids: set[str]) -> tuple[Named, ...]:
    return tuple(Named(identity, every[identity][0]) for identity in sorted(ids))


def _what(then: Item, now: Item) -> tuple[str, ...]:
    found = [
        f"{modality} {how}"
        for modality in MODALITIES
        if (how := _part(then.parts.get(modality), now.parts.get(modality)))
    ]
    found += [
        f"{name} {old or 'none'} → {new or 'none'}"
        for name, old, new in (
            ("group", then.group, now.group),
            ("split", then.split, now.split),
            ("rights", then.rights.licence, now.rights.licence),
        )
        if old != new
    ]
    if then.rights != now.rights and then.rights.licence == now.rights.licence:
        found.append("rights, the licence is the same")
    if then.consent != now.consent:
        found.append("consent")
    if then.lineage != now.lineage:
        found.append("what it was made from")
    if (then.key, then.source) != (now.key, now.source):
        found.append("source")
    found += _answers(then.labels, now.labels)
    return tuple(found) or ("read anew",)


def _part(then: Part | None, now: Part | None) -> str:
    if then is None or now is None:
        return "" if then is now else "came" if then is None else "gone"
    if then.status != now.status:
        return f"{then.status} → {now.status}"
    if (then.content_sha256 or then.sha256) != (now.content_sha256 or now.sha256):
        return "content"
    return "" if then == now else "file, the content is the same"


def _answers(then: Sequence[Label], now: Sequence[Label]) -> list[str]:
    old, new = truths(then), truths(now)
    moved = {task for task in old.keys() | new.keys() if old.get(task) != new.get(task)}
    told = {label.task for label in {*then} ^ {*now}} - moved
    lines = [f"{task} {old.get(task, 'none')} → {new.get(task, 'none')}" for task in sorted(moved)]
    return lines + [f"{task}, the answer is the same" for task in sorted(told)]


def _statements(then: _Labels, now: _Labels) -> dict[str, int]:
    """How many statements came, went, and were followed by another."""
    old, new = _counted(then), _counted(now)
    stood, stand = _counted(then, standing=True), _counted(now, standing=True)
    return {
        "labels_said": (new - old).total(),
        "labels_gone": (old - new).total(),
        "labels_superseded": ((stood & new) - stand).total(),
    }


_Statement = tuple[str, str, str | None, str, str, datetime, float | None]


def _counted(labels: _Labels, *, standing: bool = False) -> Counter[_Statement]:
    return Counter(
        (identity, one.task, one.value, one.annotator, one.kind, one.time, one.confidence)
        for identity, each in labels.items()
        for one in each
        if not (standing and one.superseded)
    )
