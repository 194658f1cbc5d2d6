"""What all picture blocks share: one size, one colour space, one set of gradients per batch.

A `Canvas` is a batch of pictures brought to one square size. It remembers its Lab colours and its
gradients, so that a tower of several blocks computes each once. A canvas is itself a sequence of
pictures: blocks take either, and paint a canvas themselves when they are given plain pictures.
"""
# N pictures, S size in pixels

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handful.data.modalities.base import Picture
from handful.foundation.errors import InputError
from handful.learn.towers.classical.base import Block

BATCH = 4
"""Pictures a block works on at once: at 128 px 4 ran a tenth faster than 8, at 96 px 8 a fifth
faster than 32, whose maps leave the cache."""

_SHARED = 64  # larger canvases do not hold maps of all their pictures for their parts

SIZES = (32, 64, 96)
"""Sizes a canvas usually has: digits, icons, photos."""

_LINEAR = np.array(
    [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in np.arange(256) / 255],
    dtype=np.float32,
)
_TO_XYZ = np.array(  # sRGB primaries; rows are divided by the D65 white point below
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_TO_WHITE_XYZ = (_TO_XYZ / np.array([[0.95047], [1.0], [1.08883]])).T.astype(np.float32)
_TO_LAB = np.array([[0, 500, 0], [116, -500, 200], [0, 0, -200]], dtype=np.float32)


class Gradients(NamedTuple):
    """Central differences of the square root of the colours, which evens out lighting.

    Attributes:
        right: `[N, S, S, 3]` float32, change from left to right.
        down: `[N, S, S, 3]` float32, change from top to bottom.
    """

    right: NDArray[np.float32]
    down: NDArray[np.float32]


class Canvas(Sequence[Picture]):
    """A batch of pictures of one square size that remembers the work done on it.

    A slice of a canvas reads what the whole canvas remembers.

    Args:
        pixels: `[N, S, S, 3]` uint8 RGB.
    """

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.pixels = pixels
        self._whole: Canvas | None = None
        self._part = slice(None)

    @property
    def size(self) -> int:
        """Height and width in pixels."""
        return self.pixels.shape[1]

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> Canvas: ...
    def __getitem__(self, index: int | slice) -> Picture | Canvas:
        if isinstance(index, slice):
            part = Canvas(self.pixels[index])
            if len(self) <= _SHARED:
                part._whole, part._part = self, index
            return part
        return self.pixels[index]

    def __len__(self) -> int:
        return len(self.pixels)

    @cached_property
    def lab(self) -> NDArray[np.float32]:
        """`[N, S, S, 3]` float32 CIE Lab: lightness 0 to 100, the two chroma about -100 to 100."""
        if self._whole is not None:
            return self._whole.lab[self._part]
        xyz = _LINEAR[self.pixels] @ _TO_WHITE_XYZ
        bent = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + np.float32(16 / 116))
        lab: NDArray[np.float32] = bent.astype(np.float32, copy=False) @ _TO_LAB
        lab[..., 0] -= 16
        return lab

    @cached_property
    def luma(self) -> NDArray[np.uint8]:
        """`[N, S, S]` uint8 brightness by the weights of Rec. 601."""
        if self._whole is not None:
            return self._whole.luma[self._part]
        red, green, blue = np.moveaxis(self.pixels.astype(np.uint16), -1, 0)
        return ((77 * red + 150 * green + 29 * blue) >> 8).astype(np.uint8)

    @cached_property
    def gradients(self) -> Gradients:
        """Differences of the square root of the colours, in [-1, 1]; edges are repeated."""
        if self._whole is not None:
            return Gradients(*(maps[self._part] for maps in self._whole.gradients))
        roots = np.sqrt(self.pixels.astype(np.float32) / 255)
        framed = np.pad(roots, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
        return Gradients(
            right=framed[:, 1:-1, 2:] - framed[:, 1:-1, :-2],
            down=framed[:, 2:, 1:-1] - framed[:, :-2, 1:-1],
        )


def paint(pictures: Sequence[Picture], size: int) -> Canvas:
    """Bring pictures to one square size.

    The whole picture is kept and its aspect given up: a cut would lose what lies at the rim.

    Args:
        pictures: RGB pictures of any size; a canvas of this size is returned as it is.
        size: Height and width in pixels; one of `SIZES` is usual.

    Raises:
        InputError: When something is not a picture of at least one pixel.
    """
    if isinstance(pictures, Canvas) and pictures.size == size:
        return pictures
    pixels = np.empty((len(pictures), size, size, 3), dtype=np.uint8)
    for index, picture in enumerate(pictures):
        pixels[index] = _resized(picture, size, index)
    return Canvas(pixels)


def working_size(pictures: Sequence[Picture]) -> int:
    """The smallest of `SIZES` that holds the median shorter side; the largest for photos.

    Args:
        pictures: At least one picture; a few hundred are enough.

    Raises:
        InputError: When there are no pictures.
    """
    if not len(pictures):
        raise InputError("There are no pictures to choose a size for.", "pass at least one")
    side = float(np.median([min(picture.shape[:2]) for picture in pictures]))
    return next((size for size in SIZES if size >= side), SIZES[-1])


def _resized(picture: Picture, size: int, index: int) -> Picture:
    is_picture = picture.ndim == 3 and picture.shape[2:] == (3,) and picture.dtype == np.uint8
    if not is_picture or 0 in picture.shape:
        raise InputError(
            f"Picture {index} is an array of shape {picture.shape} and type {picture.dtype}; "
            "[height, width, 3] uint8 with at least one pixel is understood.",
            "read files with `handful.data.modalities.image`, which gives such arrays",
        )
    if picture.shape[:2] == (size, size):
        return picture
    image = Image.fromarray(np.ascontiguousarray(picture))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, reducing_gap=2.0))


class ImageBlock(Block[Picture]):
    """A block that reads canvases of the size its configuration names."""

    modality = "image"
    preparation = "square, Pillow bicubic with reducing gap 2"

    @property
    @abstractmethod
    def width(self) -> int:
        """Numbers per picture that `encode` gives."""

    @abstractmethod
    def encode_canvas(self, canvas: Canvas) -> NDArray[np.float32]:
        """Encode one batch: `[n, width]` float32."""

    def encode(self, values: Sequence[Picture]) -> NDArray[np.float32]:
        """Turn pictures into vectors.

        Args:
            values: RGB pictures of any size, or a canvas of the block's size.

        Returns:
            `[N, width]` float32.

        Raises:
            InputError: When something is not a picture.
            UsageError: When the block learns and has not been fitted or loaded.
        """
        encoded = np.empty((len(values), self.width), dtype=np.float32)
        start = 0
        for canvas in canvases(values, self.config.size):
            encoded[start : start + len(canvas)] = self.encode_canvas(canvas)
            start += len(canvas)
        return encoded


def canvases(values: Sequence[Picture], size: int) -> Iterator[Canvas]:
    """Canvases of at most `BATCH` pictures, in order; parts of a canvas share what it remembers.

    Args:
        values: RGB pictures of any size, or a canvas.
        size: Height and width in pixels.
    """
    for start in range(0, len(values), BATCH):
        yield paint(values[start : start + BATCH], size)


def pyramid_cells(size: int) -> NDArray[np.intp]:
    """Which of 4 x 4 cells, counted row by row, each pixel lies in: `[S, S]`."""
    line = np.arange(size) * 4 // size
    return line[:, None] * 4 + line


def pyramid(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Whole picture, quarters and sixteenths from sixteenths.

    Args:
        shares: `[N, 4, 4, C]` for each of 4 x 4 cells, as parts of the picture.

    Returns:
        `[N, 21 * C]`: 1 + 4 + 16 cells; each of the three levels sums to what `shares` does.
    """
    count = len(shares)
    quarters = shares.reshape(count, 2, 2, 2, 2, -1).sum(axis=(2, 4))
    whole = quarters.sum(axis=(1, 2))
    return np.concatenate(
        [whole, quarters.reshape(count, -1), shares.reshape(count, -1)], axis=1, dtype=np.float32
    )
