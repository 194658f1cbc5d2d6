"""What a pretraining reads: every value once decoded, as bytes on disk that are mapped, not loaded.

Decoding a photo takes ten times as long as learning from it, so it is done once. The corpus is of
one version of the library; whatever changes there meanwhile does not change a training.

FOLDER/values.bin     all values one after another
      /index.json     how they are read, and where each begins
"""
# E entries, N items

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, storage
from handful.foundation.project.atomic import replacing, write_json
from handful.learn.objectives.base import Entry
from handful.learn.towers.own.reading import Reading, count, kept

_FORMAT = 1
_TYPES = {"text": np.dtype(np.uint16), "image": np.dtype(np.uint8), "audio": np.dtype(np.uint8)}


class _Place(NamedTuple):
    modality: str
    start: int
    shape: tuple[int, ...]


class Corpus:
    """Values of items.

    Args:
        folder: Where `write` put them.

    Raises:
        InputError: When there is none, or it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        try:
            index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            if index["format"] != _FORMAT:
                raise ValueError(f"it has the format {index['format']}")
            self.reading = Reading(**index["reading"])
            self.digest = str(index["digest"])
            self.items: list[list[_Place]] = [
                [_Place(name, start, tuple(shape)) for name, start, shape in item]
                for item in index["items"]
            ]
            self._bytes = np.memmap(folder / "values.bin", np.uint8, mode="r")
            if len(self._bytes) != index["bytes"]:
                raise ValueError("values.bin is cut short")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f'"{folder}" holds no usable corpus: {error}.',
                "delete it; the next `handful pretrain` reads the files again",
            ) from None
        self.lengths = [sum(self._count(place) for place in _one_each(item)) for item in self.items]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Those that some item has."""
        return tuple(
            name for name in _TYPES if any(p.modality == name for i in self.items for p in i)
        )

    def carrying(self, least: int = 2) -> int:
        """How many items have at least so many modalities.

        Args:
            least: Modalities.
        """
        return sum(len({place.modality for place in item}) >= least for item in self.items)

    def entries(self, items: Sequence[int], rows: Sequence[int]) -> list[Entry]:
        """Values of some items.

        Args:
            items: Which.
            rows: Their places in a batch.
        """
        found = []
        for item, row in zip(items, rows, strict=True):
            held: dict[str, list[NDArray[Any]]] = {}
            for place in self.items[item]:
                held.setdefault(place.modality, []).append(self._value(place))
            found += [Entry(row, name, values) for name, values in held.items()]
        return found

    def _value(self, place: _Place) -> NDArray[Any]:
        kind = _TYPES[place.modality]
        size = int(np.prod(place.shape)) * kind.itemsize
        return self._bytes[place.start : place.start + size].view(kind).reshape(place.shape)

    def _count(self, place: _Place) -> int:
        return count(place.modality, np.broadcast_to(np.uint8(0), place.shape), self.reading)


def _one_each(item: Sequence[_Place]) -> list[_Place]:
    return list({place.modality: place for place in item}.values())


def write(folder: Path, items: Iterable[Mapping[str, Any]], reading: Reading, digest: str) -> int:
    """Keep values for a training.

    Args:
        folder: Where; made when missing.
        items: Modality to its decoded value, item after item; None where absent.
        reading: How finely.
        digest: Of the library's rows.

    Returns:
        How many items were kept.

    Raises:
        StorageError: When the disk refuses.
    """
    with storage("write", folder):
        folder.mkdir(parents=True, exist_ok=True)
    index, start = [], 0
    with replacing(folder / "values.bin") as path, path.open("wb") as file:
        for item in items:
            places = []
            for modality, value in item.items():
                for array in [] if value is None else kept(modality, value, reading):
                    # Starts are even, so that 16-bit numbers can be mapped.
                    data = array.tobytes()
                    data += b"\0" * (len(data) % 2)
                    places.append((modality, start, array.shape))
                    start += file.write(data)
            if places:
                index.append(places)
    found = {"format": _FORMAT, "reading": reading.as_dict(), "digest": digest}
    write_json(folder / "index.json", {**found, "bytes": start, "items": index})
    return len(index)


def mark(digest: str, reading: Reading, modalities: Sequence[str]) -> str:
    """A name for the corpus of some rows read in one way.

    Args:
        digest: Of the library's rows.
        reading: How finely.
        modalities: Which.
    """
    decides = json.dumps([_FORMAT, digest, reading.as_dict(), list(modalities)], sort_keys=True)
    return hashlib.sha256(decides.encode()).hexdigest()[:16]
