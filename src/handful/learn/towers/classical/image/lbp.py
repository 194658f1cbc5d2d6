"""Fine texture: how each pixel compares with its eight neighbours, at three distances.

Use when: surfaces tell things apart (cloth, bark, glaze); cheap beside `hog`. Cost: about 0.2 ms
per 96 px picture.
Source: uniform local binary patterns, Ojala et al., PAMI 2002.
"""
# N pictures, S size in pixels

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import require
from handful.learn.towers.classical.image.base import Canvas, ImageBlock, pyramid, pyramid_cells

_BINS = 59  # 58 patterns with at most two changes around the circle, and one for all others


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How far away the neighbours are."""

    size: int = 96
    """Height and width in pixels that pictures are brought to."""
    distances: tuple[int, ...] = (1, 2, 4)
    """Distances to the neighbours in pixels; 1 to 8 is usual."""

    def __post_init__(self) -> None:
        require(self.size >= 4, "size", self.size, "at least 4")
        fits = len(self.distances) > 0 and all(1 <= d < self.size for d in self.distances)
        require(fits, "distances", self.distances, f"between 1 and {self.size - 1}")


class Lbp(ImageBlock):
    """Square roots of pattern histograms on three grids, one set per distance."""

    prefers: ClassVar[Literal["rbf", "linear"]] = "rbf"
    config: Config

    @property
    def width(self) -> int:
        """Numbers per picture: 21 cells times 59 patterns times the distances."""
        return 21 * _BINS * len(self.config.distances)

    def encode_canvas(self, canvas: Canvas) -> NDArray[np.float32]:
        """Encode one batch: `[n, width]` float32, at least 0."""
        places = np.arange(len(canvas))[:, None, None] * 16 + pyramid_cells(canvas.size)
        parts = []
        for distance in self.config.distances:
            slots = places * _BINS + _UNIFORM[_patterns(canvas.luma, distance)]
            counts = np.bincount(slots.ravel(), minlength=len(canvas) * 16 * _BINS)
            shares = counts.reshape(-1, 4, 4, _BINS).astype(np.float32)
            parts.append(np.sqrt(pyramid(shares / np.float32(canvas.size**2))))
        return np.concatenate(parts, axis=1)


def _patterns(luma: NDArray[np.uint8], distance: int) -> NDArray[np.uint8]:
    """One bit per neighbour that is at least as light, going around the circle; `[N, S, S]`."""
    size = luma.shape[1]
    framed = np.pad(luma, ((0, 0), (distance, distance), (distance, distance)), mode="edge")
    patterns = np.zeros_like(luma)
    for bit in range(8):
        angle = bit * np.pi / 4
        y = distance + round(distance * float(np.sin(angle)))
        x = distance + round(distance * float(np.cos(angle)))
        lighter = framed[:, y : y + size, x : x + size] >= luma
        patterns |= lighter.view(np.uint8) << np.uint8(bit)
    return patterns


def _uniform() -> NDArray[np.intp]:
    """Bin of each of the 256 patterns."""
    bins = np.full(256, _BINS - 1, dtype=np.intp)
    following = 0
    for pattern in range(256):
        turned = (pattern >> 1) | ((pattern & 1) << 7)
        if (pattern ^ turned).bit_count() <= 2:
            bins[pattern] = following
            following += 1
    return bins


_UNIFORM = _uniform()
