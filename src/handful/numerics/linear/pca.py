"""Principal directions, plain or half-whitened, exact when small and randomised when big.

Half-whitening divides each coordinate by the square root of its standard deviation. Measured:
plain is best up to 5 labels per class, half-whitened above for Fisher vectors, and full
whitening is worst everywhere (6 to 10 points).
Source: randomised range finder with power steps, Halko et al., SIAM Review 2011, alg. 4.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from handful.foundation.errors import InputError, require

_CHUNK = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How many directions, and how they are scaled."""

    width: int = 256
    """Directions kept at most; 64 to 512 is usual."""
    whiten: float = 0.0
    """0 plain, 0.5 half-whitened, 1 fully whitened."""
    exact_below: int = 3072
    """Exact when items or numbers per item are at most this many (2.6 s on one core at 2,640 by
    8,704); randomised above, which loses some variance where the spectrum is flat."""

    def __post_init__(self) -> None:
        require(self.width >= 1, "width", self.width, "1 or more")
        require(0 <= self.whiten <= 1, "whiten", self.whiten, "from 0 to 1")
        require(self.exact_below >= 1, "exact_below", self.exact_below, "1 or more")


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """An affine map onto the directions in which the training rows vary most.

    Attributes:
        origin: `[D]` float32, mean training row.
        directions: `[D, K]` float32, orthonormal; the largest entry of each is positive.
        deviations: `[K]` float64, standard deviation along each direction, falling.
        share: Share of the total variance that the directions hold.
        whiten: 0 plain, 0.5 half, 1 full.
    """

    origin: NDArray[np.float32]
    directions: NDArray[np.float32]
    deviations: NDArray[np.float64]
    share: float
    whiten: float

    @classmethod
    def fit(cls, rows: NDArray[np.floating], config: Config, seed: int) -> Self:
        """Find the directions.

        Args:
            rows: `[N, D]`, N of two or more; only present items.
            config: Width and whitening.
            seed: For the randomised method.

        Raises:
            InputError: When there are fewer than two rows, or they are all the same.
        """
        if rows.ndim != 2 or len(rows) < 2:
            raise InputError(
                f"Rows have shape {rows.shape}; [N, D] with two or more items is needed.",
                "add items",
            )
        origin = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        total = sum(float((part.astype(np.float64) ** 2).sum()) for part in _parts(rows, origin))
        if not total > 0 or not np.isfinite(total):
            raise InputError(
                "All rows are the same or hold NaN, so there is no direction to find.",
                "check the tower that made them",
            )
        variances, directions = _directions(rows, origin, config, seed)
        kept = variances > 1e-9 * variances[0]
        variances, directions = variances[kept], directions[:, kept]
        signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(variances))])
        return cls(
            origin,
            (directions * signs).astype(np.float32),
            np.sqrt(variances / len(rows)),
            min(1.0, float(variances.sum()) / total),
            config.whiten,
        )

    def project(self, rows: NDArray[np.floating]) -> NDArray[np.float32]:
        """Coordinates of new rows.

        Args:
            rows: `[M, D]`.

        Returns:
            `[M, K]` float32.

        Raises:
            InputError: When D differs from training.
        """
        if rows.ndim != 2 or rows.shape[1] != len(self.origin):
            raise InputError(
                f"Rows have shape {rows.shape}; [M, {len(self.origin)}] is needed.",
                "encode with the tower that the projection was fitted on",
            )
        scaled = self.directions
        if self.whiten:  # otherwise the division costs more than the product for a single row
            scaled = scaled / (self.deviations**self.whiten).astype(np.float32)
        result = np.empty((len(rows), scaled.shape[1]), dtype=np.float32)
        for place, part in enumerate(_parts(rows, self.origin)):
            np.matmul(part, scaled, out=result[place * _CHUNK : place * _CHUNK + len(part)])
        return result

    def arrays(self) -> dict[str, NDArray]:
        """Plain arrays, for a release."""
        return {
            "origin": self.origin,
            "directions": self.directions,
            "deviations": self.deviations,
            "share": np.asarray(self.share),
            "whiten": np.asarray(self.whiten),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Self:
        """The projection that `arrays()` described."""
        return cls(
            arrays["origin"],
            arrays["directions"],
            arrays["deviations"],
            float(arrays["share"]),
            float(arrays["whiten"]),
        )


def _parts(
    rows: NDArray[np.floating], origin: NDArray[np.float32]
) -> Iterator[NDArray[np.float32]]:
    """Centred rows, a few at a time, so that memory stays bounded."""
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK].astype(np.float32) - origin


def _directions(
    rows: NDArray[np.floating], origin: NDArray[np.float32], config: Config, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Variances times N `[K]`, falling, and directions `[D, K]`."""
    items, numbers = rows.shape
    width = min(config.width, items - 1, numbers)
    if min(items, numbers) > max(config.exact_below, width):
        return _randomised(rows, origin, width, seed)
    if numbers <= items:
        gram = np.zeros((numbers, numbers))
        for part in _parts(rows, origin):
            wide = part.astype(np.float64)
            gram += wide.T @ wide
        return _top(gram, width)
    centred = np.vstack(list(_parts(rows, origin))).astype(np.float64)
    variances, vectors = _top(centred @ centred.T, width)
    return variances, centred.T @ vectors / np.sqrt(np.maximum(variances, 1e-300))


def _top(gram: NDArray[np.float64], width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    size = len(gram)
    wanted = (size - width, size - 1)
    values, vectors = linalg.eigh(gram, subset_by_index=wanted, check_finite=False)
    return np.maximum(np.asarray(values)[::-1], 0), np.asarray(vectors)[:, ::-1]


def _randomised(
    rows: NDArray[np.floating], origin: NDArray[np.float32], width: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Four power steps over the rows with some spare directions, then an exact small problem."""
    spare = min(width + 16 + width // 4, rows.shape[1])
    start = np.random.default_rng(seed).standard_normal((rows.shape[1], spare))
    basis = np.linalg.qr(start)[0]
    for _ in range(4):
        basis = np.linalg.qr(_gram_times(rows, origin, basis))[0]
    values, turn = _top(basis.T @ _gram_times(rows, origin, basis), width)
    return values, basis @ turn


def _gram_times(
    rows: NDArray[np.floating], origin: NDArray[np.float32], basis: NDArray[np.float64]
) -> NDArray[np.float64]:
    narrow = basis.astype(np.float32)
    total = np.zeros_like(basis)
    for part in _parts(rows, origin):
        total += part.T @ (part @ narrow)
    return total
