"""Pictures that are the same one: re-encoded, resized, brightened, mirrored, turned, cropped a bit.

Two steps. A hash of 64 bits finds candidates: the signs of a picture's lowest frequencies, looked
up in all eight orientations. Then both thumbnails are laid over each other, shifted and stretched a
little until they fit, and must agree everywhere: two products on one backdrop, or two signs of one
shape in two colours, agree almost everywhere, and the place where they do not tells them apart.

Source of the hash: pHash (Zauner, 2010); the eight orientations are read from one transform.
"""
# N pictures, S side of a thumbnail, O = 8 orientations, P candidate pairs

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from handful.data.modalities.base import Picture

SIDE = 32
"""Side of the thumbnail that is kept, in pixels."""

LEAST_SPREAD = 4.0
"""A picture whose lightness varies less than this, of 255, shows nothing to compare."""

MOST_DIFFERENCE = 0.20
"""Root mean square of what differs, over the spread of the picture. Re-encoded at quality 60 and
half the size, 99 of 100 photos of 128 pixels are below 0.19; two photos of a burst at 0.23."""

MOST_LOCAL = 0.60
"""The same inside the worst window of 4 x 4 pixels: what differs in one place is another thing."""

_MOST_BITS = 10
"""Candidates differ in at most so many of 64 bits; cropped by 5 %, 96 of 100 photos still do."""

_BANDS = 4
"""Hashes with at most 7 unlike bits have a band of 16 with at most one, which is looked up too."""

_MOST_IN_BUCKET = 64
_AT_ONCE = 1024
_MOST_UNFITTED = 0.55
"""What differs more than this before fitting is no crop; 99 of 100 crops by 5 % are below."""

_MOST_FITTED = 8
"""How many candidates of one picture are fitted; among many of one family it would take long."""

_LEAST_SEEN = 0.8
"""How much of a picture must be in the other one, so that a detail of it is no copy."""


def print_of(picture: Picture) -> bytes:
    """What is kept of a picture for comparing; empty when it shows nothing.

    Args:
        picture: `[height, width, 3]` uint8.
    """
    small = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BOX)
    thumbnail = np.asarray(small)
    return thumbnail.tobytes() if _light(thumbnail[None])[0].std() >= LEAST_SPREAD else b""


def twins(prints: Sequence[bytes], new: int) -> Iterator[tuple[int, int]]:
    """Find pairs of the same picture.

    Args:
        prints: All that are to be compared, none empty.
        new: The place of the first one that was not compared yet.

    Yields:
        Places of both, the earlier one first.
    """
    if new >= len(prints):
        return
    thumbnails_N = np.frombuffer(b"".join(prints), np.uint8).reshape(-1, SIDE, SIDE, 3)
    hash_N = np.concatenate([_hashes(each, 1)[:, 0] for each in _pieces(thumbnails_N)])
    hash_MO = np.concatenate([_hashes(each) for each in _pieces(thumbnails_N[new:])])
    buckets = [_Bucket.of(_band(hash_N, band)) for band in range(_BANDS)]
    for start in range(0, len(hash_MO), _AT_ONCE):
        some_MO = hash_MO[start : start + _AT_ONCE]
        fitted: Counter[int] = Counter()
        for one, orientation, other in _candidates(some_MO, hash_N, buckets, new + start):
            turned = oriented(thumbnails_N[one], orientation)
            likeness = likeness_of(turned, thumbnails_N[other], fitted[one] < _MOST_FITTED)
            fitted[one] += likeness.was_fitted
            if likeness.is_same:
                yield other, one


class _Bucket(NamedTuple):
    """One band of all hashes, sorted so that equal ones stand together."""

    keys: NDArray[np.uint16]
    order: NDArray[np.intp]

    @classmethod
    def of(cls, keys_N: NDArray[np.uint16]) -> _Bucket:
        order = np.argsort(keys_N, kind="stable")
        return cls(keys_N[order], order)


def _light(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    return thumbnails.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)


def _pieces(thumbnails_N: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(thumbnails_N), _AT_ONCE):
        yield thumbnails_N[start : start + _AT_ONCE]


def _hashes(thumbnails_N: NDArray[np.uint8], orientations: int = 8) -> NDArray[np.uint64]:
    """`[N, O]`: the hash of each picture in its first orientations, as it is first."""
    waves = dctn(_light(thumbnails_N), axes=(1, 2), norm="ortho")[:, :8, :8].astype(np.float64)
    waves[:, 0, 0] = 0.0
    odd = np.where(np.arange(8) % 2, -1.0, 1.0)
    found = []
    for orientation in range(orientations):
        turned = waves.swapaxes(1, 2) if orientation & 4 else waves
        turned = turned * odd[:, None] if orientation & 2 else turned
        turned = turned * odd if orientation & 1 else turned
        flat = turned.reshape(len(turned), 64)
        bits = flat > np.median(flat, axis=1)[:, None]
        found.append(np.packbits(bits, axis=1).view(np.uint64)[:, 0])
    return np.stack(found, axis=1)


def oriented(thumbnail: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """A thumbnail as its hash of this number sees it.

    Args:
        thumbnail: `[S, S, 3]`.
        orientation: 0 to 7; 0 leaves it as it is.
    """
    turned = thumbnail.swapaxes(0, 1) if orientation & 4 else thumbnail
    turned = turned[::-1] if orientation & 2 else turned
    return turned[:, ::-1] if orientation & 1 else turned


def _band(hashes: NDArray[np.uint64], band: int) -> NDArray[np.uint16]:
    return (hashes >> np.uint64(16 * band)).astype(np.uint16)


def _candidates(
    some_MO: NDArray[np.uint64],
    hash_N: NDArray[np.uint64],
    buckets: Sequence[_Bucket],
    first: int,
) -> list[tuple[int, int, int]]:
    """New picture, orientation, earlier picture: each pair once, in its best orientation."""
    flips = np.concatenate([[0], 1 << np.arange(16)]).astype(np.uint16)
    asked, met = [], []
    for band, bucket in enumerate(buckets):
        keys = (_band(some_MO, band).reshape(-1, 1) ^ flips).ravel()
        low = np.searchsorted(bucket.keys, keys, side="left")
        size = np.minimum(np.searchsorted(bucket.keys, keys, side="right") - low, _MOST_IN_BUCKET)
        ask = np.repeat(np.arange(len(keys)) // len(flips), size)
        within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        asked.append(ask)
        met.append(bucket.order[np.repeat(low, size) + within])
    ask, other = np.concatenate(asked), np.concatenate(met)
    one, orientation = first + ask // 8, ask % 8
    bits = np.bitwise_count(some_MO.ravel()[ask] ^ hash_N[other])
    keep = (other < one) & (bits <= _MOST_BITS)
    one, orientation, other, bits = one[keep], orientation[keep], other[keep], bits[keep]
    order = np.lexsort((orientation, bits, other, one))
    pairs = np.stack([one, other], axis=1)[order]
    is_first = np.ones(len(pairs), bool)
    is_first[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    best = order[is_first]
    return list(
        zip(one[best].tolist(), orientation[best].tolist(), other[best].tolist(), strict=True)
    )


class Likeness(NamedTuple):
    """What became of a comparison.

    Attributes:
        is_same: Whether both show the same picture.
        was_fitted: Whether one had to be shifted and stretched, which takes time.
    """

    is_same: bool
    was_fitted: bool


def likeness_of(one: NDArray[np.uint8], other: NDArray[np.uint8], may_fit: bool = True) -> Likeness:
    """Whether two thumbnails in the same orientation show the same picture.

    Args:
        one: `[S, S, 3]`.
        other: `[S, S, 3]`.
        may_fit: Also look whether one is a part of the other.
    """
    difference, local = _differences(one, other, _WHOLE)
    if difference <= MOST_DIFFERENCE and local <= MOST_LOCAL:
        return Likeness(True, False)
    if not may_fit or difference > _MOST_UNFITTED:
        return Likeness(False, False)
    for large, small in ((one, other), (other, one)):
        fit = _fitted(large, small)
        if fit:
            difference, local = _differences(large, small, fit)
            if difference <= MOST_DIFFERENCE and local <= MOST_LOCAL:
                return Likeness(True, True)
    return Likeness(False, True)


class _Fit(NamedTuple):
    """Where the small picture lies in the large one: shift in pixels and stretch, by axis."""

    down: float
    tall: float
    right: float
    wide: float


_WHOLE = _Fit(0.0, 1.0, 0.0, 1.0)


def _fitted(large: NDArray[np.uint8], small: NDArray[np.uint8]) -> _Fit | None:
    """Shift and stretch the large one until it fits, by a few steps of Gauss and Newton."""
    target = _light(small[None])[0]
    source = _light(large[None])[0]
    fit = _WHOLE
    away = np.arange(SIDE) - (SIDE - 1) / 2
    for _ in range(8):
        moved = _rows(fit.down, fit.tall) @ source @ _rows(fit.right, fit.wide).T
        down, right = np.gradient(moved)
        parts = [moved, np.ones_like(moved), down, down * away[:, None], right, right * away]
        step = np.linalg.lstsq(np.stack(parts, -1).reshape(-1, 6), target.ravel(), rcond=None)[0]
        if abs(step[0]) < 0.2:
            return None
        step = np.clip(step[2:] / step[0], [-2, -0.1] * 2, [2, 0.1] * 2)
        fit = _Fit(*(old + float(new) for old, new in zip(fit, step, strict=True)))
        if not all(_LEAST_SEEN <= stretch <= 1.02 for stretch in (fit.tall, fit.wide)):
            return None
    return fit


def _rows(shift: float, stretch: float) -> NDArray[np.float32]:
    """`[S, S]`: linear interpolation at shifted and stretched places, held at the border."""
    middle = (SIDE - 1) / 2
    places = np.clip((np.arange(SIDE) - middle) * stretch + middle + shift, 0, SIDE - 1)
    low = np.minimum(places.astype(int), SIDE - 2)
    rows = np.zeros((SIDE, SIDE), np.float32)
    rows[np.arange(SIDE), low] = 1 - (places - low)
    rows[np.arange(SIDE), low + 1] = places - low
    return rows


def _differences(
    large: NDArray[np.uint8], small: NDArray[np.uint8], fit: _Fit
) -> tuple[float, float]:
    """What differs over the spread, all in all and in the worst window.

    One gain and one offset are allowed, the same for all colours.
    """
    moved = large.astype(np.float32)
    if fit != _WHOLE:
        rows, columns = _rows(fit.down, fit.tall), _rows(fit.right, fit.wide)
        moved = np.einsum("yi,ijc,xj->yxc", rows, moved, columns, optimize=True)
    moved, target = moved - moved.mean(), small.astype(np.float32)
    target -= target.mean()
    spread = max(float(target.std()), 1e-6)
    gain = max(0.0, float((moved * target).mean()) / max(float((moved**2).mean()), 1e-6))
    left = ((target - gain * moved) ** 2).mean(axis=2)
    windows = np.lib.stride_tricks.sliding_window_view(left, (4, 4)).mean(axis=(2, 3))
    return float(np.sqrt(left.mean())) / spread, float(np.sqrt(windows.max())) / spread
