"""The library as pages see it: filtered rows, a window of cards, and counts.

Columns of all rows are read once per state of the items, answers once per state of the answers, so
that a page that asks again, or a clock that ticks, reads nothing anew.
"""
# N items

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from handful.data.library.answers import answers_of
from handful.data.library.items import Item, Status, truths
from handful.data.library.library import Library
from handful.data.library.thumbnails import Thumbnails
from handful.data.modalities.base import MODALITIES
from handful.doors.python import Project

WORDS = 180
"""Letters of a text that a card shows."""
MOST = 200
"""Items in one window."""
_COLUMNS = ["id", "key", *(f"{name}_status" for name in MODALITIES)]


class Filter(NamedTuple):
    """Which items a page wants.

    Attributes:
        kind: `image`, `audio`, `text` or `aside`; empty for all that can be used.
        topic: What is sorted by; empty for nothing.
        group: Only of this group; `-` for those without one; empty for any.
        words: Only those whose name holds this.
    """

    kind: str = ""
    topic: str = ""
    group: str = ""
    words: str = ""


class _Rows(NamedTuple):
    ids: list[str]
    keys: list[str]
    status: dict[str, list[str | None]]


class View:
    """What pages read; safe for many threads.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._rows: tuple[int, _Rows] | None = None
        self._truths: tuple[tuple[int, int], dict[str, dict[str, str]]] | None = None
        self._chosen: tuple[Any, list[int]] | None = None
        self._counted: tuple[int, dict[str, Any]] | None = None

    def window(self, wanted: Filter, start: int, count: int) -> dict[str, Any]:
        """Some cards, and how many there are.

        Args:
            wanted: Which.
            start: The first one.
            count: How many, at most `MOST`.
        """
        with self._lock:
            library = self._project.items
            chosen = self._choose(library, wanted)
            rows = chosen[max(0, start) : max(0, start) + min(count, MOST)]
            found = library.take(rows) if rows else []
        return {
            "version": library.version,
            "total": len(chosen),
            "start": start,
            "items": cards(library, found, wanted.topic),
        }

    def overview(self) -> dict[str, Any]:
        """Counts by kind and by group, for every page's frame; counted once per version."""
        with self._lock:
            library = self._project.items
            if self._counted is None or self._counted[0] != library.version:
                self._counted = (library.version, self._count(library))
            return self._counted[1]

    def _count(self, library: Library) -> dict[str, Any]:
        rows = self._read(library)
        truth = self._answers(library)
        usable = {
            name: sum(_is_usable(status) for status in rows.status[name]) for name in MODALITIES
        }
        topics: dict[str, Counter[str]] = {}
        for said in truth.values():
            for topic, answer in said.items():
                topics.setdefault(topic, Counter())[answer] += 1
        return {
            "version": library.version,
            "items": len(rows.ids),
            "usable": len(self._usable(rows, MODALITIES)),
            "kinds": usable,
            "aside": len(self._choose_aside(rows)),
            "topics": {
                topic: [{"name": name, "count": n} for name, n in sorted(counted.items())]
                for topic, counted in sorted(topics.items())
            },
        }

    def card(self, identity: str, topic: str) -> dict[str, Any]:
        """One item, with all its words.

        Args:
            identity: Its id.
            topic: What is sorted by.
        """
        library = self._project.items
        item = library.item(identity)
        return cards(library, [item], topic)[0] | {"words": "\n".join(item.words.values())}

    def aside(self) -> list[dict[str, str]]:
        """Files that cannot be used, each with its reason."""
        found = self._project.items.quarantined()
        return [
            {
                "id": problem.item.id,
                "name": Path(problem.part.origin).name or problem.item.key,
                "where": str(Path(problem.part.origin).parent) if problem.part.origin else "",
                "kind": problem.part.modality,
                "reason": problem.part.detail or problem.part.reason,
            }
            for problem in found
        ]

    def _choose(self, library: Library, wanted: Filter) -> list[int]:
        state = (library.card.items_version, library.card.labels_version, wanted)
        if self._chosen is None or self._chosen[0] != state:
            self._chosen = (state, self._filter(library, wanted))
        return self._chosen[1]

    def _filter(self, library: Library, wanted: Filter) -> list[int]:
        rows = self._read(library)
        if wanted.kind == "aside":
            places: Sequence[int] = self._choose_aside(rows)
        else:
            places = self._usable(rows, [wanted.kind] if wanted.kind in MODALITIES else MODALITIES)
        if wanted.words:
            sought = wanted.words.casefold()
            places = [at for at in places if sought in rows.keys[at].casefold()]
        if wanted.group and wanted.topic:
            truth = self._answers(library)
            meant = None if wanted.group == "-" else wanted.group
            places = [at for at in places if truth.get(rows.ids[at], {}).get(wanted.topic) == meant]
        return list(places)

    @staticmethod
    def _usable(rows: _Rows, kinds: Sequence[str]) -> list[int]:
        columns = [rows.status[name] for name in kinds]
        return [
            at for at, every in enumerate(zip(*columns, strict=True)) if any(map(_is_usable, every))
        ]

    @staticmethod
    def _choose_aside(rows: _Rows) -> list[int]:
        columns = [rows.status[name] for name in MODALITIES]
        return [
            at for at, every in enumerate(zip(*columns, strict=True)) if Status.QUARANTINED in every
        ]

    def _read(self, library: Library) -> _Rows:
        state = library.card.items_version
        if self._rows is None or self._rows[0] != state:
            read: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
            for table in library.scan(_COLUMNS):
                for name in _COLUMNS:
                    read[name] += table.column(name).to_pylist()
            status = {name: read[f"{name}_status"] for name in MODALITIES}
            self._rows = (state, _Rows(read["id"], read["key"], status))
        return self._rows[1]

    def _answers(self, library: Library) -> dict[str, dict[str, str]]:
        if not library.card.labels:
            return {}
        state = (library.card.items_version, library.card.labels_version)
        if self._truths is None or self._truths[0] != state:
            said = library.statements()
            known = set(self._read(library).ids)
            self._truths = (
                state,
                counting(
                    [
                        Item(id=identity, key=identity, parts={}, labels=labels)
                        for identity, labels in said.items()
                        if identity in known
                    ]
                ),
            )
        return self._truths[1]


def counting(items: Sequence[Item]) -> dict[str, dict[str, str]]:
    """What counts for each item: id to topic to answer.

    Args:
        items: With their labels.
    """
    found: dict[str, dict[str, str]] = {}
    for topic in sorted({label.task for item in items for label in item.labels}):
        for identity, answer in answers_of(items, topic).counting.items():
            found.setdefault(identity, {})[topic] = answer
    return found


def cards(library: Library, items: Sequence[Item], topic: str = "") -> list[dict[str, Any]]:
    """Items as pages show them.

    Args:
        library: They are of it.
        items: Which.
        topic: What is sorted by.
    """
    sounds = [item.parts["audio"].content_sha256 for item in items if "audio" in item.modalities]
    waves = Thumbnails(library.folder).get_many(sounds)
    return [_card(item, topic, waves) for item in items]


def _card(item: Item, topic: str, waves: dict[str, bytes]) -> dict[str, Any]:
    kinds = item.modalities
    words = " ".join(item.words.values())
    part = item.parts.get("audio")
    wave = waves.get(part.content_sha256, b"") if part and part.usable else b""
    bad = [part for part in item.parts.values() if not part.usable]
    return {
        "id": item.id,
        "name": item.key,
        "kinds": list(kinds),
        "words": words[:WORDS] + ("…" if len(words) > WORDS else ""),
        "picture": item.parts["image"].content_sha256 if "image" in kinds else "",
        "wave": list(wave[::2]),
        "seconds": (part.meta.get("seconds", 0) if part else 0) or 0,
        "group": truths(item.labels).get(topic, "") if topic else "",
        "reason": bad[0].detail or bad[0].reason if bad else "",
    }


def _is_usable(status: str | None) -> bool:
    return status is not None and status != Status.QUARANTINED
