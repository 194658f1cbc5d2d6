"""Which items hold the same content, and what is said of one and contradicted by another.

A file's name and where it came from say nothing here: equal pixels, equal samples, or, where an
item has nothing else, equal words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from handful.data.library.items import Item, Part, Split, truths
from handful.data.modalities.base import MODALITIES
from handful.foundation.wording import listed

if TYPE_CHECKING:
    from handful.data.library.library import Library

_CONTENTS = [f"{modality}_content_sha256" for modality in MODALITIES]


class Conflict(NamedTuple):
    """Copies of one thing of which two things are said that cannot both be true.

    Attributes:
        about: `label`, `split`, `group` or `licence`.
        task: Of the label; empty for the others.
        items: Ids of all copies that say something of it.
        said: Name of the item to what is said of it.
    """

    about: str
    task: str
    items: tuple[str, ...]
    said: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """It in plain words, with the items named."""
        what = f"{self.about} {self.task}".strip()
        (name, value), *others = self.said[:4]
        rest = listed(f'{value} in "{other}"' for other, value in others)
        more = f", and {len(self.said) - 4} more" if len(self.said) > 4 else ""
        return f'"{name}" has the {what} {value}, while the same content is {rest}{more}.'


def telling(parts: Mapping[str, Part]) -> tuple[str, ...]:
    """The contents that tell an item from others, sorted.

    Two different cups may both be described as "a blue cup", so words tell nothing where there is
    a picture or a sound, and silence never does.

    Args:
        parts: Of an item; parts whose content could not be decoded tell nothing.
    """
    media = [name for name in parts if name != "text"]
    return tuple(
        sorted(
            {
                parts[name].content_sha256
                for name in media or parts
                if parts[name].content_sha256 and "audio/silent" not in parts[name].notes
            }
        )
    )


def clusters(items: Iterable[Item]) -> list[list[Item]]:
    """Usable items that share a content; each set once, of two items at the least.

    Args:
        items: Any.
    """
    by_content: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        for content in telling({name: item.parts[name] for name in item.modalities}):
            by_content[content].append(item)
    found = [each for each in by_content.values() if len(each) > 1]
    unique = {tuple(item.id for item in each): each for each in found}
    return list(unique.values())


def conflicts(copies: Iterable[Item]) -> Iterator[Conflict]:
    """What is said of some copies and contradicted by others; silence contradicts nothing.

    Args:
        copies: Items of the same content.
    """
    every = list(copies)
    names = _names(every)
    tasks = sorted({task for item in every for task in truths(item.labels)})
    facts: list[tuple[str, str, Callable[[Item], str]]] = [
        *(("label", task, _answer_to(task)) for task in tasks),
        ("split", "", _taking_part),
        ("group", "", lambda item: item.group),
        ("licence", "", lambda item: item.rights.licence),
    ]
    for about, task, fact in facts:
        saying = [item for item in every if fact(item)]
        first: dict[Hashable, Item] = {}
        for item in saying:
            first.setdefault(fact(item), item)
        if len(first) > 1:
            said = tuple((names[item.id], fact(item)) for item in first.values())
            yield Conflict(about, task, tuple(item.id for item in saying), said)


def conflicts_with(library: Library, contents: Collection[str]) -> list[Conflict]:
    """The conflicts between items of which some hold certain contents.

    Args:
        library: Where they are.
        contents: Hashes, such as those of what just came.
    """
    if not contents:
        return []
    asked = pa.array(sorted(contents))
    columns = [
        table.select(["id", name])
        .rename_columns(["id", "content"])
        .filter(pc.field("content").isin(asked))
        for table in library.scan(["id", *_CONTENTS])
        for name in _CONTENTS
    ]
    if not columns:
        return []
    counted = (
        pa.concat_tables(columns).group_by("content").aggregate([("id", "list"), ("id", "count")])
    )
    shared = counted.filter(pc.field("id_count") > 1)
    wanted = {identity for ids in shared["id_list"].to_pylist() for identity in ids}
    found = clusters(library.items(ids=sorted(wanted))) if wanted else []
    return [conflict for copies in found for conflict in conflicts(copies)]


def _names(items: Iterable[Item]) -> dict[str, str]:
    """Id to key; with its source where several are called the same."""
    every = list(items)
    keys = [item.key for item in every]
    return {
        item.id: item.key if keys.count(item.key) == 1 else f"{item.source}/{item.key}"
        for item in every
    }


def _answer_to(task: str) -> Callable[[Item], str]:
    return lambda item: item.label(task) or ""


def _taking_part(item: Item) -> str:
    """The split, unless it is the one that takes part in nothing."""
    return "" if item.split in (None, Split.OUT) else str(item.split)
