"""What the audio blocks share: log-mel pictures made once, and one scale for all numbers.

Every block describes a picture by numbers of very different size. Each number is brought to mean
0 and spread 1 over the library (learned without labels): with an RBF kernel that gained 2.5
points for random kernels and 5 for band statistics on ten environmental sounds.
"""
# N sounds, T frames, B mel bands, D numbers

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from handful.data.modalities.base import Sound
from handful.foundation.errors import InputError
from handful.learn.towers.classical.audio.hearing import Hearing, log_mel
from handful.learn.towers.classical.base import Block, State, take

_SAMPLE = 512
"""Sounds that a fit listens to at most."""
_FURTHEST = 8.0
"""Standard deviations after which a number is cut: no single oddity owns a distance."""


class Recordings(Sequence[Sound]):
    """Sounds that remember their log-mel pictures, so that five blocks make each only once.

    Wrap the sounds once with `Recordings.of` and give the same object to every block.

    Args:
        sounds: The sounds; a sequence that reads files when asked is welcome.
    """

    def __init__(self, sounds: Sequence[Sound]) -> None:
        self._sounds = sounds
        self._pictures: dict[tuple[int, Hearing], NDArray[np.float32]] = {}

    @classmethod
    def of(cls, sounds: Sequence[Sound]) -> Recordings:
        """The same sounds with a memory; recordings are returned as they are."""
        return sounds if isinstance(sounds, Recordings) else cls(sounds)

    @overload
    def __getitem__(self, place: int) -> Sound: ...

    @overload
    def __getitem__(self, place: slice) -> Recordings: ...

    def __getitem__(self, place: int | slice) -> Sound | Recordings:
        return Recordings(self._sounds[place]) if isinstance(place, slice) else self._sounds[place]

    def __len__(self) -> int:
        return len(self._sounds)

    def picture(self, place: int, hearing: Hearing) -> NDArray[np.float32]:
        """The log-mel picture of one sound.

        Args:
            place: Which sound, from 0.
            hearing: How to listen.

        Returns:
            `[T, B]` float32 decibels in [-floor_db, 0].

        Raises:
            InputError: When that sound cannot be heard; the message says which one it is.
        """
        key = (place, hearing)
        if key not in self._pictures:
            try:
                self._pictures[key] = log_mel(self._sounds[place], hearing)
            except InputError as error:
                which = f"Sound {place + 1} of {len(self)}"
                raise InputError(f"{which}: {error.what}", error.hint) from None
        return self._pictures[key]


class AudioBlock(Block[Sound]):
    """A block that describes log-mel pictures; subclasses override `describe`.

    The `Config` of a subclass has a field `hearing`. Blocks that learn more than the scale also
    override `learn`, `learned`, `shapes` and `adopt`.
    """

    modality = "audio"
    prefers = "rbf"
    preparation = "one channel, soxr HQ, no offset, peak 1, Hann frames, decibels under the loudest"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._mean: NDArray[np.float32] | None = None
        self._scale: NDArray[np.float32] | None = None

    @property
    @abstractmethod
    def width(self) -> int:
        """How many numbers describe a sound, D."""

    @abstractmethod
    def describe(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn one log-mel picture into numbers.

        Args:
            picture: `[T, B]` decibels in [-floor_db, 0], T of 1 or more.

        Returns:
            `[D]` float32, finite.
        """

    def learn(self, pictures: Sequence[NDArray[np.float32]], rng: np.random.Generator) -> None:
        """Learn what `describe` needs, before the scale is learned; nothing by default.

        Args:
            pictures: Each `[T, B]`, at least one.
            rng: Where everything random comes from.
        """
        _ = pictures, rng

    def learned(self) -> dict[str, NDArray[Any]]:
        """What `learn` learned, as plain arrays."""
        return {}

    def shapes(self) -> dict[str, tuple[int | None, ...]]:
        """The expected shape of each array of `learned`, for `load`."""
        return {}

    def adopt(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `learned` returned elsewhere; shapes are already checked."""
        _ = arrays

    def fit(self, values: Sequence[Sound], *, seed: int) -> None:
        """Learn the scale of every number from some of the sounds.

        Args:
            values: The library's sounds, at least one; 512 of them are listened to.
            seed: Decides which ones, and everything else that is random.

        Raises:
            InputError: When there is no sound, or one cannot be heard.
        """
        if len(values) == 0:
            raise InputError(
                f"The audio block `{self.name}` was given no sound to learn from.",
                "add sounds to the library, or leave audio out",
            )
        recordings = Recordings.of(values)
        chosen = np.arange(len(values))
        if len(values) > _SAMPLE:
            draw = np.random.default_rng(seed).choice(len(values), _SAMPLE, replace=False)
            chosen = np.sort(draw)
        pictures = [recordings.picture(int(place), self.config.hearing) for place in chosen]
        self.learn(pictures, np.random.default_rng([seed, 1]))
        self._set_scale(np.stack([self.describe(picture) for picture in pictures]))

    def encode(self, values: Sequence[Sound]) -> NDArray[np.float32]:
        """Describe every sound by one vector, each number in standard deviations of the library.

        Args:
            values: `N` sounds of any rate and length; `Recordings` share their pictures.

        Returns:
            `[N, D]` float32 in [-8, 8]. Row `i` depends on sound `i` only.

        Raises:
            UsageError: When the block has not been fitted or loaded.
            InputError: When a sound cannot be heard; the message says which one.
        """
        if self._mean is None or self._scale is None:
            raise self.unfitted()
        recordings = Recordings.of(values)
        rows = np.empty((len(values), len(self._mean)), dtype=np.float32)
        for place, row in enumerate(rows):
            row[:] = self.describe(recordings.picture(place, self.config.hearing))
        rows -= self._mean
        rows *= self._scale
        return np.clip(rows, -_FURTHEST, _FURTHEST, out=rows)

    def state(self) -> dict[str, NDArray[Any]]:
        """What was learned, as plain arrays; empty before `fit`."""
        if self._mean is None or self._scale is None:
            return {}
        return {"mean": self._mean, "scale": self._scale, **self.learned()}

    def load(self, state: State) -> None:
        """Take over what another block of the same configuration learned.

        Args:
            state: What `state` returned there.

        Raises:
            InputError: When an array is missing, unknown, or of the wrong shape.
        """
        scale: dict[str, tuple[int | None, ...]] = {"mean": (self.width,), "scale": (self.width,)}
        arrays = take(state, scale | self.shapes(), self.name)
        self.adopt({key: arrays[key] for key in self.shapes()})
        self._mean = np.asarray(arrays["mean"], dtype=np.float32)
        self._scale = np.asarray(arrays["scale"], dtype=np.float32)

    def _set_scale(self, raw_ND: NDArray[np.float32]) -> None:
        mean = raw_ND.mean(axis=0, dtype=np.float64)
        spread = raw_ND.std(axis=0, dtype=np.float64)
        # What never varied in the library says nothing; dividing by it would shout.
        varies = spread > 1e-5 * np.maximum(np.abs(mean), 1e-3)
        self._mean = mean.astype(np.float32)
        self._scale = np.where(varies, 1 / np.where(varies, spread, 1), 0).astype(np.float32)
