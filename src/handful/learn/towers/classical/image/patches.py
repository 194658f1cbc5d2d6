"""Strokes and dots of small grey pictures: answers of learned whitened patches, pooled on a grid.

Use when: pictures are tiny and grey (digits, glyphs, thumbnails of scans), even badly degraded;
on photos the Fisher blocks are better. Needs: unlabelled pictures to learn its patches from.
Cost: about 0.5 ms per 32 px picture, 1 s to learn.
Source: Coates and Ng, "Learning feature representations with k-means", 2012.
"""
# N pictures, S size in pixels, T patches per picture, D pixels per patch, K words

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from handful.data.modalities.base import Picture
from handful.foundation.errors import InputError, require
from handful.learn.towers.classical.base import State, take
from handful.learn.towers.classical.image.base import (
    Canvas,
    ImageBlock,
    canvases,
    pyramid,
    pyramid_cells,
)

_FIT_PICTURES = 2000
_KMEANS_ROUNDS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Patches and words."""

    size: int = 32
    """Height and width in pixels that pictures are brought to; 32 for digits, 64 for icons."""
    side: int = 7
    """Side of a patch in pixels; 5 to 8 is usual."""
    stride: int = 1
    """Pixels between patches."""
    words: int = 256
    """Patches learned; 200 to 1,000 is usual, and 200 did as well as 500."""
    threshold: float = 0.5
    """How strongly a word must answer to count, in standard deviations; 0.25 to 1."""
    samples: int = 60_000
    """Patches the words are learned from, at most."""
    faint: float = 10.0
    """Contrast, in grey levels of 255, at which a patch counts as half empty."""

    def __post_init__(self) -> None:
        require(2 <= self.side <= self.size, "side", self.side, f"between 2 and {self.size}")
        grid = (self.size - self.side) // self.stride + 1 if self.stride >= 1 else 0
        require(grid >= 4, "stride", self.stride, "such that 4 or more patches fit on a side")
        require(self.words >= 1, "words", self.words, "at least 1")
        require(self.threshold >= 0, "threshold", self.threshold, "at least 0")
        require(self.samples >= self.words, "samples", self.samples, "at least `words`")
        require(self.faint > 0, "faint", self.faint, "above 0")


class Patches(ImageBlock):
    """Square roots of pooled answers; the words are unit vectors over whitened patches."""

    prefers: ClassVar[Literal["rbf", "linear"]] = "rbf"
    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._learned: dict[str, NDArray[Any]] = {}

    @property
    def width(self) -> int:
        """Numbers per picture: 21 cells times the words."""
        return 21 * self.config.words

    def fit(self, values: Sequence[Picture], *, seed: int) -> None:
        """Learn the whitening and the words from patches of up to 2,000 pictures.

        Args:
            values: RGB pictures; their brightness is what counts.
            seed: Decides which patches are looked at, and the first words.

        Raises:
            InputError: When the pictures hold fewer patches than words.
        """
        random = np.random.default_rng(seed)
        chosen = np.sort(random.permutation(len(values))[:_FIT_PICTURES])
        each = -(-self.config.samples // max(len(chosen), 1))
        taken = [
            rows[random.permutation(len(rows))[:each]]
            for canvas in canvases([values[index] for index in chosen], self.config.size)
            for rows in self._patches(canvas)
        ]
        found = sum(len(rows) for rows in taken)
        if found < self.config.words:
            raise InputError(
                f"{found} patches are too few for {self.config.words} words.",
                "add pictures, or ask for fewer words",
            )
        patches: NDArray[np.float32] = np.concatenate(taken)[: self.config.samples]
        origin, whitening = _whitening(patches)
        words = _directions((patches - origin) @ whitening, self.config.words, random)
        self._learned = {"origin": origin, "words": whitening @ words.T}

    def encode_canvas(self, canvas: Canvas) -> NDArray[np.float32]:
        """Encode one batch: `[n, width]` float32, at least 0."""
        if not self._learned:
            raise self.unfitted()
        words = self._learned["words"]
        shift = self._learned["origin"] @ words + np.float32(self.config.threshold)
        patches = self._patches(canvas)
        grid = round(patches.shape[1] ** 0.5)
        share = pyramid_cells(grid).ravel() == np.arange(16)[:, None]
        share = share.astype(np.float32) / np.float32(grid**2)
        pooled = np.empty((len(canvas), 16, self.config.words), dtype=np.float32)
        for index, rows in enumerate(patches):  # one picture's answers fit the processor's cache
            answers = rows @ words - shift
            pooled[index] = share @ np.maximum(answers, 0, out=answers)
        return np.sqrt(pyramid(pooled.reshape(-1, 4, 4, self.config.words)))

    def state(self) -> dict[str, NDArray[Any]]:
        """Mean patch and words; empty before `fit`."""
        return dict(self._learned)

    def load(self, state: State) -> None:
        """Take over learned words.

        Args:
            state: What `state` returned on a block of the same configuration.

        Raises:
            InputError: When an array is missing, unknown, or of the wrong shape.
        """
        depth = self.config.side**2
        shapes = {"origin": (depth,), "words": (depth, self.config.words)}
        self._learned = take(state, shapes, self.name)

    def _patches(self, canvas: Canvas) -> NDArray[np.float32]:
        """`[n, T, D]`: every patch less its mean, divided by its contrast."""
        side, stride = self.config.side, self.config.stride
        luma = canvas.luma.astype(np.float32)
        view = np.lib.stride_tricks.sliding_window_view(luma, (side, side), axis=(1, 2))
        patches = view[:, ::stride, ::stride].reshape(len(canvas), -1, side * side)
        patches = patches - patches.mean(axis=-1, keepdims=True)
        contrast = np.sqrt((patches * patches).mean(axis=-1, keepdims=True))
        return patches / (contrast + np.float32(self.config.faint))


def _whitening(patches: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean patch `[D]` and the symmetric map `[D, D]` to unit spread in all directions."""
    origin = patches.mean(axis=0, dtype=np.float64)
    centred = patches - origin
    spreads, directions = np.linalg.eigh(centred.T @ centred / len(patches))
    scale = 1 / np.sqrt(np.maximum(spreads, 0) + 0.01)
    whitening = (directions * scale) @ directions.T
    return origin.astype(np.float32), whitening.astype(np.float32)


def _directions(
    white: NDArray[np.floating], count: int, random: np.random.Generator
) -> NDArray[np.float32]:
    """`[K, D]` unit vectors by k-means on the sphere, weighted by contrast."""
    words = random.standard_normal((count, white.shape[1])).astype(np.float32)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    for _ in range(_KMEANS_ROUNDS):
        alike = white @ words.T
        nearest = alike.argmax(axis=1)
        sums = np.zeros_like(words)
        np.add.at(sums, nearest, white)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        lost = lengths[:, 0] < 1e-6
        words = np.where(lost[:, None], words, sums / np.maximum(lengths, 1e-6))
    return words.astype(np.float32)
