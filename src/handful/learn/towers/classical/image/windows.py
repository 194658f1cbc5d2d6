"""Small windows of a canvas, and the part that blocks of Fisher vectors share.

A window is 4 x 4 square cells; a block says what a cell is described by.
"""
# N pictures, H and W height and width, C numbers per cell, T windows per picture, M sampled windows

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from handful.data.modalities.base import Picture
from handful.foundation.errors import InputError, require
from handful.learn.towers.classical.base import State, take
from handful.learn.towers.classical.fisher import Codebook, Windows
from handful.learn.towers.classical.image.base import Canvas, ImageBlock, canvases

_FIT_PICTURES = 1500


class WindowConfig(Protocol):
    """The settings that every block of Fisher vectors has."""

    @property
    def size(self) -> int:
        """Height and width in pixels that pictures are brought to."""
        ...

    @property
    def cells(self) -> tuple[int, ...]:
        """Sides in pixels of the cells; a window has 4 x 4 of them."""
        ...

    @property
    def stride(self) -> int:
        """Pixels between windows."""
        ...

    @property
    def width(self) -> int:
        """Principal directions kept."""
        ...

    @property
    def words(self) -> int:
        """Gaussians in the codebook."""
        ...

    @property
    def samples(self) -> int:
        """Windows the codebook is learned from, at most."""
        ...


def require_windows(config: WindowConfig, depth: int) -> None:
    """Check the settings that every block of Fisher vectors has.

    Args:
        config: The settings.
        depth: Numbers per window.

    Raises:
        ConfigError: When one is out of its range.
    """
    largest = config.size // 4
    fits = len(config.cells) > 0 and all(1 <= cell <= largest for cell in config.cells)
    require(fits, "cells", config.cells, f"between 1 and {largest}, a quarter of `size`")
    require(config.stride >= 1, "stride", config.stride, "at least 1")
    require(1 <= config.width <= depth, "width", config.width, f"between 1 and {depth}")
    require(config.words >= 1, "words", config.words, "at least 1")
    require(config.samples >= config.words, "samples", config.samples, "at least `words`")


class FisherBlock(ImageBlock):
    """A block that learns a codebook of windows and codes pictures by Fisher vectors."""

    prefers: ClassVar[Literal["rbf", "linear"]] = "linear"

    depth: ClassVar[int]
    """Numbers per window."""

    whiten: ClassVar[bool]
    """Whether directions are brought to the same spread before words are learned."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._codebook: Codebook | None = None

    @abstractmethod
    def windows(self, canvas: Canvas) -> Windows:
        """Describe the windows of one batch: `[n, T, depth]` and their places `[T, 2]`."""

    @property
    def width(self) -> int:
        """Numbers per picture: mean and spread of directions and place, for every word."""
        return 2 * (self.config.width + 2) * self.config.words

    def fit(self, values: Sequence[Picture], *, seed: int) -> None:
        """Learn directions and words from windows of up to 1,500 pictures.

        Args:
            values: RGB pictures; some hundred are enough.
            seed: Decides which windows are looked at, and the first words.

        Raises:
            InputError: When the pictures hold fewer windows than words.
        """
        config = self.config
        descriptors, places = sample_windows(
            values, config.size, self.windows, config.samples, np.random.default_rng(seed)
        )
        self._codebook = Codebook.fit(
            descriptors,
            places,
            width=config.width,
            words=config.words,
            whiten=self.whiten,
            seed=seed,
        )

    def encode_canvas(self, canvas: Canvas) -> NDArray[np.float32]:
        """Encode one batch: `[n, width]` float32 of unit length."""
        if self._codebook is None:
            raise self.unfitted()
        return self._codebook.encode(self.windows(canvas))

    def state(self) -> dict[str, NDArray[Any]]:
        """The codebook's arrays; empty before `fit`."""
        return self._codebook.arrays() if self._codebook else {}

    def load(self, state: State) -> None:
        """Take over a codebook.

        Args:
            state: What `state` returned on a block of the same configuration.

        Raises:
            InputError: When an array is missing, unknown, or of the wrong shape.
        """
        shapes = Codebook.shapes(self.depth, self.config.width, self.config.words)
        self._codebook = Codebook.from_arrays(take(state, shapes, self.name))


def sums(maps: NDArray[Any], cell: int) -> NDArray[Any]:
    """Sums over every `cell` x `cell` window.

    Args:
        maps: `[N, H, W, C]`.
        cell: Side of the window in pixels, at most H and W.

    Returns:
        `[N, H - cell + 1, W - cell + 1, C]`; entry `[y, x]` is the window that starts there.
    """
    for axis in (1, 2):
        maps = _runs(maps, cell, axis)
    return maps


def _runs(maps: NDArray[Any], length: int, axis: int) -> NDArray[Any]:
    """Sums of `length` neighbours, by doubling: about 2 log2(length) additions per value."""
    lead = (slice(None),) * axis
    kept = maps.shape[axis] - length + 1
    doubled, reach, done = maps, 1, 0
    total: NDArray[Any] | None = None
    while True:
        if length & reach:
            piece = doubled[(*lead, slice(done, done + kept))]
            total = piece if total is None else total + piece
            done += reach
        if done == length:
            return total if total is not None else maps
        wide = doubled.shape[axis]
        doubled = doubled[(*lead, slice(0, wide - reach))] + doubled[(*lead, slice(reach, wide))]
        reach *= 2


def gather(maps: NDArray[np.float32], cell: int, stride: int) -> NDArray[np.float32]:
    """Line up the cells of every 4 x 4 window.

    Args:
        maps: `[N, H, W, C]`; entry `[y, x]` describes the cell that starts there.
        cell: Side of a cell in pixels.
        stride: Pixels between windows.

    Returns:
        `[N, T, 16 * C]`, windows row by row as in `window_places`.
    """
    count, height, width, depth = maps.shape
    rows = range(0, height - 3 * cell, stride)
    columns = range(0, width - 3 * cell, stride)
    by_picture, by_row, by_column, by_depth = maps.strides
    view = np.lib.stride_tricks.as_strided(
        maps,
        shape=(count, len(rows), len(columns), 4, 4, depth),
        strides=(
            by_picture,
            by_row * stride,
            by_column * stride,
            by_row * cell,
            by_column * cell,
            by_depth,
        ),
        writeable=False,
    )
    return view.reshape(count, len(rows) * len(columns), 16 * depth)


def window_places(size: int, cell: int, stride: int) -> NDArray[np.float32]:
    """Centres of the 4 x 4 windows of cells on a canvas.

    Args:
        size: Height and width of the canvas in pixels.
        cell: Side of a cell in pixels.
        stride: Pixels between windows.

    Returns:
        `[T, 2]` float32, vertical then horizontal, -0.5 to 0.5.
    """
    line = np.arange(0, size - 4 * cell + 1, stride)
    line = ((line + 2 * cell) / size - 0.5).astype(np.float32)
    down, across = np.meshgrid(line, line, indexing="ij")
    return np.stack([down.ravel(), across.ravel()], axis=1)


def sample_windows(
    values: Sequence[Picture],
    size: int,
    describe: Callable[[Canvas], Windows],
    samples: int,
    random: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Windows of random pictures at random places, to learn a codebook from.

    Args:
        values: RGB pictures; up to 1,500 of them are looked at.
        size: Height and width in pixels they are brought to.
        describe: The windows of a canvas.
        samples: Windows to take in all, at most; the same number from every picture.
        random: Decides which.

    Returns:
        `[M, D]` descriptors and `[M, 2]` places.
    """
    chosen = np.sort(random.permutation(len(values))[:_FIT_PICTURES])
    each = -(-samples // max(len(chosen), 1))
    descriptors, places = [], []
    for canvas in canvases([values[index] for index in chosen], size):
        windows = describe(canvas)
        for rows in windows.descriptors:
            taken = random.permutation(len(rows))[:each]
            descriptors.append(rows[taken])
            places.append(windows.places[taken])
    if not descriptors:
        raise InputError("There are no pictures to learn from.", "pass at least one")
    return np.concatenate(descriptors)[:samples], np.concatenate(places)[:samples]
