"""Decoded files as the small network takes them: fixed shapes, absent ones left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.data.modalities.base import Picture, Sound, Words
from handful.learn.towers.classical.audio.hearing import Hearing, log_mel
from handful.learn.towers.classical.image.base import paint
from handful.learn.towers.classical.text.ngrams import character_grams

SIDE = 64
"""Height and width of a picture in pixels."""
FRAMES = 128
"""Frames of a sound; longer ones are averaged down, shorter ones end in silence."""
BANDS = 40
COLUMNS = 4096
"""Columns that the n-grams of a text are hashed into."""

_SILENCE = -1.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Inputs:
    """What items hold, modality by modality.

    Attributes:
        values: Modality to `[n, ...]`, one row per item that has it.
        rows: Modality to `[n]` which items these are.
        items: M.
    """

    values: dict[str, NDArray[Any]]
    rows: dict[str, NDArray[np.intp]]
    items: int

    @property
    def has_any(self) -> NDArray[np.bool_]:
        """`[M]` true where the item has at least one modality."""
        found = np.zeros(self.items, dtype=bool)
        for rows in self.rows.values():
            found[rows] = True
        return found

    def take(self, chosen: NDArray[np.intp]) -> Inputs:
        """Some of the items.

        Args:
            chosen: `[m]` which ones, each once.
        """
        place = np.full(self.items, -1, dtype=np.intp)
        place[chosen] = np.arange(len(chosen))
        held = {name: place[rows] >= 0 for name, rows in self.rows.items()}
        return Inputs(
            values={name: values[held[name]] for name, values in self.values.items()},
            rows={name: place[rows[held[name]]] for name, rows in self.rows.items()},
            items=len(chosen),
        )


def prepare(decoded: Mapping[str, Sequence[Any]], modalities: Sequence[str], items: int) -> Inputs:
    """Bring decoded files to fixed shapes.

    Args:
        decoded: Modality to one value per item, None where absent.
        modalities: Those that are wanted; others are left out.
        items: How many items there are.
    """
    values, rows = {}, {}
    for modality in modalities:
        found = decoded.get(modality, [])
        held = [row for row, value in enumerate(found) if value is not None]
        if modality in _MAKERS and held:
            values[modality] = _MAKERS[modality]([found[row] for row in held])
            rows[modality] = np.array(held, dtype=np.intp)
    return Inputs(values=values, rows=rows, items=items)


def _pictures(pictures: Sequence[Picture]) -> NDArray[np.uint8]:
    """`[n, 3, SIDE, SIDE]`."""
    return np.ascontiguousarray(paint(pictures, SIDE).pixels.transpose(0, 3, 1, 2))


def _sounds(sounds: Sequence[Sound]) -> NDArray[np.float32]:
    """`[n, 1, FRAMES, BANDS]` log-mel levels from -1 (silence) to 1 (the loudest)."""
    hearing = Hearing(bands=BANDS)
    found = np.full((len(sounds), 1, FRAMES, BANDS), _SILENCE, dtype=np.float32)
    for row, sound in enumerate(sounds):
        levels = log_mel(sound, hearing) * (2 / hearing.floor_db) + 1
        together = -(-len(levels) // FRAMES)
        starts = np.arange(0, len(levels), together)
        counts = np.diff(np.append(starts, len(levels)))
        averaged = np.add.reduceat(levels, starts, axis=0) / counts[:, None]
        found[row, 0, : len(averaged)] = averaged
    return found


def _texts(texts: Sequence[Words]) -> NDArray[np.float32]:
    """`[n, COLUMNS]` logarithms of how often each n-gram occurs, rows of unit length."""
    grams = character_grams(["\n".join(words.values()) for words in texts], 2, 4)
    found = np.zeros((len(texts), COLUMNS), dtype=np.float32)
    np.add.at(found, (grams.owner, (grams.codes % np.uint64(COLUMNS)).astype(np.intp)), 1)
    found = np.log1p(found)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)


_MAKERS: dict[str, Any] = {"image": _pictures, "audio": _sounds, "text": _texts}
