"""Rows about damage that is seen: by our own reading, and with a second decoder beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from common import Row
from handful.data.modalities.image import read as image
from handful.data.modalities.reading import Unreadable
from library_files import photo, unpack_photos

SEED = 0
COUNT = 400
WIDTH = 350

Spoil = Callable[[bytes, np.random.Generator], bytes]


def _cut(data: bytes, dice: np.random.Generator) -> bytes:
    return data[: int(dice.integers(len(data) // 4, len(data) - 1))]


def _flip(data: bytes, dice: np.random.Generator) -> bytes:
    copy = bytearray(data)
    copy[int(dice.integers(len(data) // 4, len(data) - 4))] ^= 1 << int(dice.integers(0, 8))
    return bytes(copy)


def _overwrite(data: bytes, dice: np.random.Generator) -> bytes:
    start = int(dice.integers(len(data) // 4, len(data) - 200))
    return data[:start] + dice.bytes(150) + data[start + 150 :]


def _append(data: bytes, dice: np.random.Generator) -> bytes:
    return data + b"PK\x03\x04" + dice.bytes(500)


SPOILED: dict[str, Spoil] = {
    "cut anywhere": _cut,
    "150 bytes overwritten": _overwrite,
    "one bit changed": _flip,
    "500 bytes behind the end": _append,
}


def damage(folder: Path, archive: Path | None) -> list[Row]:
    """How much of planted damage is seen, and how many whole files are taken for damaged."""
    dice = np.random.default_rng(SEED)
    if archive:
        unpack_photos(archive, folder / "whole", COUNT)
        whole = [path.read_bytes() for path in sorted((folder / "whole").iterdir())]
    else:
        whole = [photo(WIDTH, dice) for _ in range(COUNT // 4)]
    kind = "photos" if archive else "generated photos"
    rows = [
        Row(
            name="whole files taken for damaged, two decoders",
            value=100 * _seen(whole, twice=True),
            unit="%",
            at_most=0,
            note=f"{len(whole)} {kind}",
        )
    ]
    for name, spoil in SPOILED.items():
        spoiled = [spoil(data, dice) for data in whole]
        rows += [_row(name, spoiled, twice=twice) for twice in (False, True)]
    return rows


def _row(name: str, spoiled: list[bytes], *, twice: bool) -> Row:
    is_kept = SPOILED[name] is _append
    return Row(
        name=f"{name}: seen, {'two decoders' if twice else 'one decoder'}",
        value=100 * _seen(spoiled, twice=twice),
        unit="%",
        at_least=100 if is_kept or SPOILED[name] is _cut else None,
        note="said, and the picture is kept" if is_kept else "",
    )


def _seen(files: list[bytes], *, twice: bool) -> float:
    config = image.Config(twice=twice)
    seen = 0
    for data in files:
        try:
            seen += "image/trailing_data" in image.read(data, config).notes
        except Unreadable:
            seen += 1
    return seen / len(files)
