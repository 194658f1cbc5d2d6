"""Random dilated kernels over neighbouring bands: the strongest single block, untrained.

Use when: always in the default profile; best single block on scenes, words and speech.
Cost: 0.7 ms per second of sound; 3 x 1,200 numbers.
Source: ROCKET, Dempster, Petitjean and Webb, arXiv 1910.13051, taken from one series to bands;
thresholds from quantiles of the outputs as in MiniRocket, arXiv 2012.08791.
"""
# T frames, B mel bands, K kernels, L taps, W widest kernel

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, require
from handful.learn.towers.classical.audio.base import AudioBlock
from handful.learn.towers.classical.audio.hearing import Hearing

_TAPS = 9
_DILATIONS = (1, 2, 4, 8, 16)
_SAMPLE_PICTURES = 64
_SAMPLE_FRAMES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of the random kernels."""

    hearing: Hearing = field(default_factory=Hearing)
    """How sounds become log-mel pictures; share it between blocks to make each picture once."""
    kernels: int = 1200
    """How many; time and width grow with it. 600 to 2,400; 2,400 gained 0 to 1 point."""
    widest: int = 12
    """A kernel looks at 1 to this many neighbouring bands; 6 to 20 made no difference."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(1 <= self.kernels <= 100_000, "kernels", self.kernels, "1 to 100,000")
        fits = 1 <= self.widest <= self.hearing.bands
        require(fits, "widest", self.widest, "1 to the number of bands")


class _Bank(NamedTuple):
    """Everything drawn and learned.

    Attributes:
        weights: `[K, L, W]` float32, zero beyond a kernel's own width.
        first: `[K]` int64, the lowest band a kernel looks at.
        dilation: `[K]` int64, frames between taps.
        threshold: `[K]` float32.
        level: `[B]` float32, mean level per band.
        spread: `[B]` float32, standard deviation per band.
    """

    weights: NDArray[np.float32]
    first: NDArray[np.int64]
    dilation: NDArray[np.int64]
    threshold: NDArray[np.float32]
    level: NDArray[np.float32]
    spread: NDArray[np.float32]


class _Bucket(NamedTuple):
    """Kernels of one dilation in one range of bands, as one matrix.

    Attributes:
        dilation: Frames between taps.
        bands: The range.
        kernels: `[k]` which ones.
        matrix: `[L * width of the range, k]` float32.
    """

    dilation: int
    bands: slice
    kernels: NDArray[np.intp]
    matrix: NDArray[np.float32]


class RandomKernels(AudioBlock):
    """Share of time above the threshold, maximum, and mean excess, for every kernel."""

    config: Config

    @property
    def width(self) -> int:
        """How many numbers describe a sound."""
        return 3 * self.config.kernels

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._bank: _Bank | None = None
        self._buckets: list[_Bucket] = []

    def learn(self, pictures: Sequence[NDArray[np.float32]], rng: np.random.Generator) -> None:
        """Draw the kernels, and take each threshold from what the kernel answers on the library.

        Args:
            pictures: Each `[T, B]`, at least one.
            rng: Where everything random comes from.
        """
        frames = np.concatenate(pictures)
        level = frames.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = frames.std(axis=0, dtype=np.float64).astype(np.float32) + np.float32(1e-3)
        self._use(_draw(self.config, level, spread, rng))
        some = rng.permutation(len(pictures))[:_SAMPLE_PICTURES]
        answers = np.concatenate([self._some_answers(pictures[place], rng) for place in some])
        answers.sort(axis=0)
        heights = (rng.random(self.config.kernels) * len(answers)).astype(np.intp)
        assert self._bank is not None
        threshold = answers[heights, np.arange(self.config.kernels)]
        self._use(self._bank._replace(threshold=threshold))

    def describe(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn one log-mel picture into three numbers per kernel.

        Args:
            picture: `[T, B]` decibels.

        Returns:
            `[3 * kernels]` float32: shares, maxima, mean excesses.
        """
        if self._bank is None:
            raise self.unfitted()
        numbers = np.empty((3, self.config.kernels), dtype=np.float32)
        average = np.full(len(picture), 1 / len(picture), dtype=np.float32)
        for bucket, answers in self._answers(picture):
            answers -= self._bank.threshold[bucket.kernels]
            numbers[1, bucket.kernels] = answers.max(axis=0)
            np.maximum(answers, 0, out=answers)
            numbers[2, bucket.kernels] = average @ answers
            np.greater(answers, 0, out=answers, casting="unsafe")
            numbers[0, bucket.kernels] = average @ answers
        return numbers.ravel()

    def learned(self) -> dict[str, NDArray[Any]]:
        """The kernels and what they learned, as plain arrays."""
        return {} if self._bank is None else self._bank._asdict()

    def shapes(self) -> dict[str, tuple[int | None, ...]]:
        """The expected shape of each array of `learned`."""
        kernels, bands = self.config.kernels, self.config.hearing.bands
        return {
            "weights": (kernels, _TAPS, self.config.widest),
            "first": (kernels,),
            "dilation": (kernels,),
            "threshold": (kernels,),
            "level": (bands,),
            "spread": (bands,),
        }

    def adopt(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `learned` returned elsewhere.

        Args:
            arrays: Shapes are already checked.

        Raises:
            InputError: When a kernel lies outside the bands, or numbers are not positive.
        """
        bands = self.config.hearing.bands
        inside = (arrays["first"] >= 0).all() and (arrays["first"] < bands).all()
        positive = (arrays["spread"] > 0).all() and np.isin(arrays["dilation"], _DILATIONS).all()
        if not (inside and positive):
            raise InputError(
                f"The state for block `{self.name}` holds kernels outside of {bands} bands, or "
                f"dilations other than {_DILATIONS}.",
                "the file is damaged: fit the block again",
            )
        self._use(_Bank(**{name: np.asarray(arrays[name]) for name in _Bank._fields}))

    def _use(self, bank: _Bank) -> None:
        self._bank = bank
        self._buckets = _buckets(bank, self.config)

    def _some_answers(
        self, picture: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        frames = rng.permutation(len(picture))[:_SAMPLE_FRAMES]
        found = np.empty((len(frames), self.config.kernels), dtype=np.float32)
        for bucket, answers in self._answers(picture):
            found[:, bucket.kernels] = answers[frames]
        return found

    def _answers(
        self, picture: NDArray[np.float32]
    ) -> Iterator[tuple[_Bucket, NDArray[np.float32]]]:
        """Every bucket with what its kernels answer at every frame, `[T, k]`; held at the ends."""
        assert self._bank is not None
        levels = (picture - self._bank.level) / self._bank.spread
        frames = len(levels)
        furthest = max(1, (frames - 1) // (_TAPS - 1))  # a short sound gets narrower kernels
        held: dict[int, NDArray[np.float32]] = {}
        for bucket in self._buckets:
            dilation = min(bucket.dilation, furthest)
            if dilation not in held:
                margin = dilation * (_TAPS - 1) // 2
                held[dilation] = np.pad(levels, ((margin, margin), (0, 0)), mode="edge")
            part = held[dilation][:, bucket.bands]
            step, along = part.strides
            taps = np.lib.stride_tricks.as_strided(
                part,
                (frames, _TAPS, part.shape[1]),
                (step, dilation * step, along),
                writeable=False,
            )
            yield bucket, taps.reshape(frames, -1) @ bucket.matrix


def _draw(
    config: Config,
    level: NDArray[np.float32],
    spread: NDArray[np.float32],
    rng: np.random.Generator,
) -> _Bank:
    """Kernels of random place, width, dilation and weights; weights have mean 0 and length 1."""
    count = config.kernels
    widths = rng.integers(1, config.widest, count, endpoint=True)
    first = rng.integers(0, config.hearing.bands - widths, endpoint=True)
    weights = np.zeros((count, _TAPS, config.widest), dtype=np.float32)
    for kernel, width in zip(weights, widths, strict=True):
        drawn = rng.standard_normal((_TAPS, width))
        drawn -= drawn.mean()
        kernel[:, :width] = drawn / np.linalg.norm(drawn)
    return _Bank(
        weights=weights,
        first=first,
        dilation=rng.choice(np.array(_DILATIONS), count),
        threshold=np.zeros(count, dtype=np.float32),
        level=level,
        spread=spread,
    )


def _buckets(bank: _Bank, config: Config) -> list[_Bucket]:
    """Kernels that can share one matrix product.

    Two overlapping ranges of bands instead of one cost a third less time; more gained nothing.
    """
    bands, widest = config.hearing.bands, config.widest
    middle = max(0, (bands - widest) // 2)
    upper = bank.first > middle
    ranges = ((~upper, slice(0, min(bands, middle + widest))), (upper, slice(middle + 1, bands)))
    found = []
    for dilation in np.unique(bank.dilation):
        for inside, span in ranges:
            kernels = np.flatnonzero((bank.dilation == dilation) & inside)
            if len(kernels):
                matrix = _matrix(bank, kernels, span)
                found.append(_Bucket(int(dilation), span, kernels, matrix))
    return found


def _matrix(bank: _Bank, kernels: NDArray[np.intp], span: slice) -> NDArray[np.float32]:
    """The kernels' weights at their bands within the range, `[L * bands, k]`."""
    wide = np.zeros((len(kernels), _TAPS, span.stop - span.start), dtype=np.float32)
    for row, kernel in zip(wide, kernels, strict=True):
        start = int(bank.first[kernel]) - span.start
        own = min(bank.weights.shape[2], row.shape[1] - start)
        row[:, start : start + own] = bank.weights[kernel][:, :own]
    return np.ascontiguousarray(wide.reshape(len(kernels), -1).T)
