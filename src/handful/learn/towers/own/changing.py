"""Views of a kept value that mean the same: another crop, another light, another voice.

Nothing is mirrored: letters, digits and hands have sides. Everything follows from the generator.
"""
# h and w pixels, T frames, B mel bands

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handful.data.modalities.base import Picture
from handful.learn.towers.own.reading import Reading, shrink

_SMALLEST = 0.5
"""Part of a picture's area that a crop keeps at least."""
_SHORTEST = 0.7
"""Part of a sound that is heard at least."""


def changed(
    modality: str, value: NDArray[Any], reading: Reading, dice: np.random.Generator
) -> NDArray[Any]:
    """Another view of a kept value.

    Args:
        modality: Of the value.
        value: What `reading.kept` gave.
        reading: As there.
        dice: Everything random.
    """
    if modality == "image":
        return _picture(value, reading, dice)
    if modality == "audio":
        return _sound(value, dice)
    return value  # words change by being left out, as tokens of every modality are


def _picture(picture: Picture, reading: Reading, dice: np.random.Generator) -> Picture:
    height, width, _ = picture.shape
    area, ratio = dice.uniform(_SMALLEST, 1), np.exp(dice.uniform(-0.2, 0.2))
    high = min(height, height * (area / ratio) ** 0.5)
    wide = min(width, width * (area * ratio) ** 0.5)
    left, upper = dice.uniform(0, width - wide), dice.uniform(0, height - high)
    found = shrink(picture, reading, (left, upper, left + wide, upper + high))
    levels = np.arange(256)[:, None] * dice.uniform(0.85, 1.15, 3) + dice.uniform(-20, 20)
    table = np.clip(levels, 0, 255).astype(np.uint8)
    return table[found, np.arange(3)]


def _sound(levels: NDArray[np.uint8], dice: np.random.Generator) -> NDArray[np.uint8]:
    frames, bands = levels.shape
    part = max(1, round(frames * dice.uniform(_SHORTEST, 1)))
    start = int(dice.integers(0, frames - part + 1))
    # Slower or faster, and a longer or shorter throat: both are stretches of the log-mel picture.
    longer = max(1, round(part * np.exp(dice.uniform(-0.15, 0.15))))
    shift, stretch = dice.uniform(-2, 2), dice.uniform(0.94, 1.06)
    lower = min(max(shift, 0.0), bands / 4)
    upper = min(max(lower + bands * stretch, bands / 2), float(bands))
    image = Image.fromarray(np.ascontiguousarray(levels[start : start + part]))
    box = (lower, 0.0, upper, float(part))
    found = np.asarray(image.resize((bands, longer), Image.Resampling.BILINEAR, box=box)).copy()
    first, wide = int(dice.integers(0, bands)), int(dice.integers(0, bands // 8 + 1))
    found[:, first : first + wide] = 0
    return found
