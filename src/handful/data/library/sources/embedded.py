"""Whole files inside a table's cells, as Hugging Face `datasets` keeps pictures and sounds.

Such a cell is a struct of `bytes` and `path`; either may be empty. Numbers that stand for classes
have their names in the table's own description.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from handful.data.library.items import Split
from handful.data.library.sources.base import Fetched, Look, Place
from handful.data.modalities.reading import Unreadable
from handful.data.modalities.sniff import HEAD, kind_by_name, sniff

_ENDINGS = {"audio/mpeg": "mp3", "audio/mp4": "m4a", "image/jpeg": "jpg", "text/plain": "txt"}
_SHARD = re.compile(r"([A-Za-z]+)(?:-\d{5}-of-\d{5})?\.parquet$")


class Embedded(str):
    """The name of a file whose bytes are in the cell too, so that a column of them reads as paths.

    Attributes:
        data: The whole file.
        origin: Where it is: table and row.
    """

    __slots__ = ("data", "origin")

    data: bytes
    origin: str


class EmbeddedPlace(Place):
    """A cell that holds a file; its bytes have no place of their own.

    Args:
        cell: Name and bytes.
    """

    def __init__(self, cell: Embedded) -> None:
        self.name = str(cell)
        self.origin = cell.origin
        self._data = cell.data
        self.held = len(cell.data)

    @property
    def path(self) -> str:
        """None of its own."""
        return ""

    def look(self) -> Look:
        """Tell size and CRC-32."""
        return Look(len(self._data), f"crc32:{zlib.crc32(self._data):08x}")

    def head(self, count: int) -> bytes:
        """Give the first bytes."""
        return self._data[:count]

    def fetch(self, most: int) -> Fetched:
        """Give the bytes."""
        if len(self._data) > most:
            raise Unreadable("file/too_large", size=len(self._data), cap=most)
        return Fetched(self._data, self.look())


def is_file(cell: Mapping[str, Any]) -> bool:
    """Whether a nested value is a file: nothing but `bytes` and `path`.

    Args:
        cell: As the table gives it.
    """
    return set(cell) == {"bytes", "path"} and isinstance(cell["bytes"], bytes | None)


def file_of(cell: Mapping[str, Any], row: str) -> str | None:
    """Name the file in a cell.

    Args:
        cell: One for which `is_file` holds.
        row: Table and row.

    Returns:
        A name that carries its bytes; the bare path where there are none; None for an empty cell.
    """
    data, path = cell["bytes"], cell["path"]
    if data is None:
        return path
    name = str(path or "").replace("\\", "/").rpartition("/")[2]
    if not kind_by_name(name):
        mime = sniff(data[:HEAD])
        name = f"{name or 'file'}.{_ENDINGS.get(mime, mime.rpartition('/')[2])}"
    found = Embedded(name)
    found.data, found.origin = data, f"{row} {name}"
    return found


def class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, list[str]]:
    """The classes that numbers of a column stand for, by column.

    Args:
        metadata: Of the table's schema.
    """
    try:
        described = json.loads((metadata or {}).get(b"huggingface", b"{}"))
        features = described["info"]["features"]
        return {
            str(name): [str(each) for each in feature["names"]]
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def named(value: Any, names: Sequence[str]) -> Any:
    """A class by its name; -1, which stands for "unknown", is nothing.

    Args:
        value: A number.
        names: Of all classes.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    return names[value] if 0 <= value < len(names) else None


def split_of(name: str, splits: Mapping[str, Split]) -> Split | None:
    """The split that a shard's name gives: `train-00000-of-00004.parquet` is `train`.

    Args:
        name: The file's.
        splits: Words to splits.
    """
    found = _SHARD.search(name)
    return splits.get(found[1].lower()) if found else None
