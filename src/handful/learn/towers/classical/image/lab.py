"""Which colours lie where: joint Lab histograms of the picture, its quarters and sixteenths.

Use when: colour tells things apart (food, flags, glazes). Cost: about 0.2 ms per 96 px picture.
Source: spatial pyramids, Lazebnik et al., CVPR 2006; square roots of histograms (Hellinger
kernel), Arandjelovic and Zisserman, CVPR 2012.
"""
# N pictures, S size in pixels, C bins per cell

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import require
from handful.learn.towers.classical.image.base import Canvas, ImageBlock, pyramid, pyramid_cells


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How finely colours are told apart."""

    size: int = 96
    """Height and width in pixels that pictures are brought to."""
    lightness_bins: int = 5
    """Bins from black to white."""
    chroma_bins: int = 9
    """Bins on each of the two chroma axes; odd, so that grey has a bin of its own."""
    chroma_reach: float = 80.0
    """Chroma at the rim of the outer bins; stronger colours are counted there. 60 to 128."""

    def __post_init__(self) -> None:
        require(self.size >= 4, "size", self.size, "at least 4")
        require(self.lightness_bins >= 1, "lightness_bins", self.lightness_bins, "at least 1")
        require(self.chroma_bins >= 1, "chroma_bins", self.chroma_bins, "at least 1")
        require(0 < self.chroma_reach <= 128, "chroma_reach", self.chroma_reach, "in (0, 128]")


class Lab(ImageBlock):
    """Square roots of joint colour histograms on three grids; each grid has unit length."""

    prefers: ClassVar[Literal["rbf", "linear"]] = "rbf"
    config: Config

    @property
    def _bins(self) -> int:
        return self.config.lightness_bins * self.config.chroma_bins**2

    @property
    def width(self) -> int:
        """Numbers per picture: 21 cells times the bins of one."""
        return 21 * self._bins

    def encode_canvas(self, canvas: Canvas) -> NDArray[np.float32]:
        """Encode one batch: `[n, width]` float32, at least 0."""
        cells_SS = pyramid_cells(canvas.size)
        places_NSS = np.arange(len(canvas))[:, None, None] * 16 + cells_SS
        slots_NSS = places_NSS * self._bins + self._bin(canvas.lab)
        counts = np.bincount(slots_NSS.ravel(), minlength=len(canvas) * 16 * self._bins)
        shares = counts.reshape(-1, 4, 4, self._bins).astype(np.float32)
        return np.sqrt(pyramid(shares / np.float32(canvas.size**2)))

    def _bin(self, lab: NDArray[np.float32]) -> NDArray[np.intp]:
        config = self.config
        light = lab[..., 0] * np.float32(config.lightness_bins / 100)
        light = np.clip(light, 0, config.lightness_bins - 1).astype(np.intp)
        scale = config.chroma_bins / (2 * config.chroma_reach)
        chroma = lab[..., 1:] * np.float32(scale) + np.float32(config.chroma_bins / 2)
        chroma = np.clip(chroma, 0, config.chroma_bins - 1).astype(np.intp)
        return (light * config.chroma_bins + chroma[..., 0]) * config.chroma_bins + chroma[..., 1]
