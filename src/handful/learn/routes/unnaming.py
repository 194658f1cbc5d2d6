"""Take the names of forgotten items out of a run's records; every figure stays what it was.

`answers.jsonl` says of each held-out item what was answered, and `manifest.json` names labels that
look wrong. A forgotten item keeps its line in both, because accuracies are counted over lines, but
its id becomes the hash that its tombstone holds, and its name and a group that nobody is in any
more say nothing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from handful.data.library.forgotten import hash_of
from handful.foundation.project.atomic import read_lines, write_json, write_text
from handful.foundation.project.manifest import MANIFEST, read_manifest

HELD_OUT = "answers.jsonl"
FORGOTTEN = "forgotten"
"""What stands in the place of a name."""


class Unnamed:
    """What stands for the ids and groups of forgotten items, the same in all records of a run.

    Args:
        items: Hashes of the ids of what is forgotten.
        groups: The groups that are still in use; others are no longer named.
    """

    def __init__(self, items: Collection[str], groups: Collection[str]) -> None:
        self._items = frozenset(items)
        self._groups = frozenset(groups)
        self._other: dict[str, str] = {}

    def holds(self, identity: str) -> bool:
        """Whether an item is forgotten.

        Args:
            identity: Its id.
        """
        return hash_of(identity) in self._items

    def group(self, name: str) -> str:
        """The group itself while somebody is in it; otherwise a word drawn for it.

        Args:
            name: The group of a forgotten item; empty for none.
        """
        if not name or name in self._groups:
            return name
        # Not a hash: names are few, and whoever guesses one could tell that it was there.
        return self._other.setdefault(name, f"{FORGOTTEN} {secrets.token_hex(4)}")

    def now(self, name: str) -> str:
        """What a group is called after `group` was asked about every forgotten item.

        Args:
            name: Of any line, those of items that were forgotten before included.
        """
        return self._other.get(name, name)


def unname(folder: Path, unnamed: Unnamed) -> int:
    """Take names out of a run's own records.

    Args:
        folder: The run's.
        unnamed: What is forgotten.

    Returns:
        How many lines and doubts no longer name an item.

    Raises:
        ProjectError: When the run's manifest is damaged.
        StorageError: When the disk refuses; what was not yet rewritten still names them.
    """
    return _unname_lines(folder / HELD_OUT, unnamed) + _unname_doubts(folder, unnamed)


def _unname_lines(path: Path, unnamed: Unnamed) -> int:
    lines = read_lines(path)
    named = [line for line in lines if unnamed.holds(str(line.get("item", "")))]
    for line in named:
        unnamed.group(line.get("group") or "")
        line.update(item=hash_of(line["item"]), key=FORGOTTEN)
    if named:
        for line in lines:
            line["group"] = unnamed.now(line.get("group") or "")
        write_text(path, "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))
    return len(named)


def _unname_doubts(folder: Path, unnamed: Unnamed) -> int:
    record: Mapping[str, Any] = read_manifest(folder, "run")
    doubts = record.get("doubts", [])
    named = [doubt for doubt in doubts if unnamed.holds(str(doubt["item"]))]
    if not named:
        return 0
    keys = [str(doubt["key"]) for doubt in named]
    for doubt in named:
        doubt.update(item=hash_of(doubt["item"]), key=FORGOTTEN)
    said = [_unsaid(sentence, keys) for sentence in record.get("sentences", [])]
    write_json(folder / MANIFEST, {**record, "doubts": doubts, "sentences": said})
    return len(named)


def _unsaid(sentence: str, keys: Collection[str]) -> str:
    """A sentence that named a doubtful label by its item, without it."""
    if any(f'"{key}"' in sentence for key in keys):
        return "A label that looked wrong is of an item that was forgotten since."
    return sentence
