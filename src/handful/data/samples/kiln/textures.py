"""Cloudy noise that repeats without a seam: the grain of glaze, wood, plaster and cloth."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.data.samples.kiln.dice import Dice

Floats = NDArray[np.floating[Any]]


def cornered(values: Floats) -> NDArray[np.complex128]:
    """What a bilinear reading needs of each cell of a table, in 16 bytes to fetch at once.

    These are four float32 in the place of one complex number: the value at the low left, the
    way to its right neighbour (round the edge), and the same of the row above.

    Args:
        values: `[rows, columns]` float32.

    Returns:
        `[rows * columns]`.
    """
    ways = np.roll(values, -1, axis=1) - values
    above, ways_above = (np.roll(part, -1, axis=0) for part in (values, ways))
    cells = np.stack([values, ways, above, ways_above], axis=-1)
    return cells.astype(np.float32).view(np.complex128).ravel()


def between(
    cells: NDArray[np.complex128], corner: NDArray[np.intp], u: Floats, v: Floats
) -> Floats:
    """Bilinear reading of a cornered table: `corner` is low left, `u` and `v` are in [0, 1)."""
    # "clip" spares a second look at indices that are known to be good.
    fetched = cells.take(corner, mode="clip").view(np.float32).reshape(-1, 4)
    low = u * fetched[:, 1]
    low += fetched[:, 0]
    high = u * fetched[:, 3]
    high += fetched[:, 2]
    high -= low
    high *= v
    high += low
    return high


class Noise:
    """Noise with mean 0 and standard deviation 1 on a square that repeats.

    Args:
        name: Names its stream of chance.
        roughness: Fall of the amplitude with frequency: 0.5 is grainy, 2 is cloudy.
        lowest: Waves per period below which there is nothing.
        size: Nodes along a side, a power of two.
    """

    def __init__(self, name: str, roughness: float, lowest: int = 1, size: int = 512) -> None:
        white = Dice(0, "noise", name).bells(size, size)
        rows = np.fft.fftfreq(size, 1 / size)[:, None]
        columns = np.fft.rfftfreq(size, 1 / size)[None]
        frequency = np.hypot(rows, columns)
        shape = np.where(frequency >= lowest, np.maximum(frequency, 1) ** -(roughness + 0.5), 0)
        made = np.fft.irfft2(np.fft.rfft2(white) * shape, s=(size, size))
        made = (made - made.mean()) / made.std()
        self._mask = size - 1
        self._size = size
        self._cells = cornered(made.astype(np.float32))

    def at(self, u: Floats, v: Floats) -> Floats:
        """The noise at places counted in periods, linear between nodes. Any shape."""
        shape, side = u.shape, np.float32(self._size)
        u, v = u.ravel() * side, v.ravel() * side
        left, low = np.floor(u), np.floor(v)
        u -= left
        v -= low
        corner = low.astype(np.intp)
        corner &= self._mask
        corner *= self._size
        corner += left.astype(np.intp) & self._mask
        return between(self._cells, corner, u, v).reshape(shape)


@functools.cache
def noise(name: str) -> Noise:
    """One of the shared noises: "clouds", "grain", "patches", "fibres", "islands"."""
    roughness = {"clouds": 1.6, "grain": 0.45, "patches": 1.1, "fibres": 0.9, "islands": 3.2}[name]
    lowest = {"patches": 3, "islands": 5}.get(name, 1)
    return Noise(name, roughness, lowest)


def smooth_step(low: float, high: float, values: Floats) -> Floats:
    """0 below `low`, 1 above `high`, with a soft bend between. Any shape."""
    share = np.clip((values - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return share * share * (3 - 2 * share)


def blend(first: Floats, second: Floats, share: Floats) -> Floats:
    """Colours `[n, 3]` mixed by a share `[n]` of the second. `[n, 3]` float32, planar."""
    made = np.empty((3, len(share)), np.float32)
    for plane, low, high in zip(made, first.T, second.T, strict=True):
        plane[:] = low + (high - low) * share
    return made.T


def tinted(share: Floats, colour: Floats) -> Floats:
    """Shares `[n]` of one colour `[3]`: `[n, 3]`, planar."""
    # Planar: the three columns lie one after the other, and run thrice as fast as side by side.
    return np.multiply.outer(colour, share).T


def swarm(
    x: Floats, y: Floats, z: Floats, *, pitch: float, size: tuple[float, float], share: float
) -> Floats:
    """Scattered dots in space: distance to the nearest dot's middle over its radius. `[n]`.

    Args:
        x: Place, and so `y` and `z`: `[n]` centimetres.
        y: Upwards.
        z: Towards the viewer.
        pitch: Usual distance between dots, centimetres.
        size: Smallest and largest radius, centimetres.
        share: How many of the places that could hold a dot do.
    """
    cells = np.stack([x, y, z], axis=1) / np.float32(pitch)
    base = np.rint(cells) - 1
    nearest = np.full(len(x), 9.0, np.float32)
    for shift in np.ndindex(2, 2, 2):
        corner = base + np.array(shift, np.float32)
        key = corner @ np.array([12.9898, 78.233, 37.719], np.float32)
        there = np.flatnonzero(_scatter(key, 7.9) < share)
        key, offset = key[there], cells[there] - corner[there]
        for axis, salt in enumerate((1.0, 2.3, 3.7)):
            offset[:, axis] -= _scatter(key, salt)
        radius = size[0] + (size[1] - size[0]) * _scatter(key, 5.1)
        away = np.sqrt(np.einsum("ij,ij->i", offset, offset)) * np.float32(pitch) / radius
        nearest[there] = np.minimum(nearest[there], away)
    return nearest


def _scatter(key: Floats, salt: float) -> Floats:
    """A scrambled number in [0, 1) for each key: whole-number mixing, the same everywhere."""
    mixed = (key * np.float32(1000)).astype(np.int64) * 2654435761 + int(salt * 1e6)
    mixed ^= mixed >> 15
    mixed = (mixed * 2246822519) & 0xFFFFFFFF
    mixed ^= mixed >> 13
    return ((mixed & 0xFFFFFF) / np.float32(1 << 24)).astype(np.float32)
