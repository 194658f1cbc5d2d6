"""Edges of small windows in three opponent colours, coded by Fisher vectors.

Use when: things differ by texture, print and form; together with `fisher_colour` the strongest
pair on photos and drawings. Needs: unlabelled pictures to learn its words from. Cost: about 2 ms
per 96 px picture, 2 s to learn.
Source: opponent SIFT, van de Sande, Gevers and Snoek, PAMI 2010; root normalisation, Arandjelovic
and Zisserman, CVPR 2012.
"""
# N pictures, S size in pixels

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import require
from handful.learn.towers.classical.fisher import Windows
from handful.learn.towers.classical.image.base import Canvas, Gradients
from handful.learn.towers.classical.image.windows import (
    FisherBlock,
    gather,
    require_windows,
    sums,
    window_places,
)

_DIRECTIONS = 8
_DEPTH = 4 * 4 * 3 * _DIRECTIONS  # cells of a window, opponent colours, directions
_OPPONENT = (  # columns: red against green, yellow against blue, light
    np.array([[1, 1, 1], [-1, 1, 1], [0, -2, 1]]) / np.sqrt([2, 6, 3])
).astype(np.float32)


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Windows and words."""

    size: int = 96
    """Height and width in pixels that pictures are brought to."""
    cells: tuple[int, ...] = (2, 4)
    """Sides in pixels of the cells; a window has 4 x 4 of them."""
    stride: int = 4
    """Pixels between windows; 3 gained a point on validation parts for half as much time again."""
    width: int = 48
    """Principal directions kept of 384."""
    words: int = 128
    """Gaussians in the codebook; 64 to 512 is usual."""
    samples: int = 100_000
    """Windows the codebook is learned from, at most."""
    faint: float = 0.05
    """Mean strength of edges at which a window counts as half empty; 0.02 to 0.1."""

    def __post_init__(self) -> None:
        require_windows(self, _DEPTH)
        require(self.faint > 0, "faint", self.faint, "above 0")


class FisherGradient(FisherBlock):
    """Fisher vectors of root-normalised opponent gradients in 4 x 4 cells of two sizes."""

    config: Config
    depth = _DEPTH
    whiten = False

    def windows(self, canvas: Canvas) -> Windows:
        """Describe the windows of one batch: `[n, T, 384]` and their places `[T, 2]`."""
        strengths = _directed(canvas.gradients)
        floor = np.float32(32 * self.config.faint)
        descriptors, places = [], []
        for cell in self.config.cells:
            means = sums(strengths, cell) * np.float32(1 / cell**2)
            windows = gather(means, cell, self.config.stride)
            windows /= windows.sum(axis=-1, keepdims=True) + floor
            descriptors.append(np.sqrt(windows, out=windows))
            places.append(window_places(canvas.size, cell, self.config.stride))
        return Windows(np.concatenate(descriptors, axis=1), np.concatenate(places))


def _directed(gradients: Gradients) -> NDArray[np.float32]:
    """`[N, S, S, 3 * 8]`: strength towards each of eight directions, per opponent colour.

    A gradient counts by the squared cosine of its angle to a direction, so no angle is computed.
    """
    right, down = gradients.right @ _OPPONENT, gradients.down @ _OPPONENT
    length = np.sqrt(right * right + down * down) + np.float32(1e-6)
    angles = np.arange(_DIRECTIONS // 2) * (2 * np.pi / _DIRECTIONS)
    towards = np.empty((*right.shape, _DIRECTIONS), dtype=np.float32)
    for index, angle in enumerate(angles):
        along = right * np.float32(np.cos(angle)) + down * np.float32(np.sin(angle))
        strength = along * np.abs(along) / length
        np.maximum(strength, 0, out=towards[..., index])
        np.maximum(-strength, 0, out=towards[..., index + _DIRECTIONS // 2])
    return towards.reshape(*right.shape[:3], -1)
