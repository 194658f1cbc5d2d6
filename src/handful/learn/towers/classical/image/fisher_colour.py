"""Colours of small windows and how they vary, coded by Fisher vectors: the best block on photos.

Use when: things differ by colour and surface, at any place in the picture. Needs: unlabelled
pictures to learn its words from. Cost: about 3 ms per 96 px picture, 2 s to learn.
Source: local colour statistics with Fisher vectors, Perronnin et al., ECCV 2010, sec. 4.
"""
# N pictures, S size in pixels

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.learn.towers.classical.fisher import Windows
from handful.learn.towers.classical.image.base import Canvas
from handful.learn.towers.classical.image.windows import (
    FisherBlock,
    gather,
    require_windows,
    sums,
    window_places,
)

_DEPTH = 4 * 4 * 6  # cells of a window, mean and spread of three colours


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Windows and words.

    Cells of 2, 4, 6 px and 256 words gained about 7 points over 4, 6, 8 px and 128 words on the
    validation part of photos of groceries (296 photos).
    """

    size: int = 96
    """Height and width in pixels that pictures are brought to."""
    cells: tuple[int, ...] = (2, 4, 6)
    """Sides in pixels of the cells; a window has 4 x 4 of them."""
    stride: int = 3
    """Pixels between windows; 2 to 4 is usual, and 3 gained a point over 4."""
    width: int = 32
    """Principal directions kept of 96."""
    words: int = 256
    """Gaussians in the codebook; 64 to 512 is usual."""
    samples: int = 100_000
    """Windows the codebook is learned from, at most."""

    def __post_init__(self) -> None:
        require_windows(self, _DEPTH)


class FisherColour(FisherBlock):
    """Fisher vectors of Lab means and spreads in 4 x 4 cells of three sizes."""

    config: Config
    depth = _DEPTH
    whiten = True

    def windows(self, canvas: Canvas) -> Windows:
        """Describe the windows of one batch: `[n, T, 96]` and their places `[T, 2]`."""
        lab, squared = canvas.lab, canvas.lab * canvas.lab
        descriptors, places = [], []
        for cell in self.config.cells:
            share = np.float32(1 / cell**2)
            means, spreads = sums(lab, cell) * share, sums(squared, cell) * share
            spreads -= means * means
            np.sqrt(np.maximum(spreads, 0, out=spreads), out=spreads)
            both = np.concatenate([means, spreads], axis=-1)
            descriptors.append(gather(both, cell, self.config.stride))
            places.append(window_places(canvas.size, cell, self.config.stride))
        return Windows(np.concatenate(descriptors, axis=1), np.concatenate(places))
