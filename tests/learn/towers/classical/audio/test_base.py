"""What audio blocks share: pictures made once, one scale for all numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.data.modalities.base import Sound
from handful.foundation.errors import InputError
from handful.learn.towers.classical.audio import base
from handful.learn.towers.classical.audio.base import AudioBlock, Recordings
from handful.learn.towers.classical.audio.hearing import Hearing


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    hearing: Hearing = field(default_factory=Hearing)


class Three(AudioBlock):
    """Length, mean level, and a number that never varies."""

    @property
    def width(self) -> int:
        return 3

    def describe(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array([len(picture), picture.mean(), 7.0], dtype=np.float32)


def sounds(count: int, seed: int = 0) -> list[Sound]:
    rng = np.random.default_rng(seed)
    return [
        Sound(rng.standard_normal(int(rng.integers(2_000, 9_000))).astype(np.float32), 16_000)
        for _ in range(count)
    ]


def test_numbers_have_mean_0_and_spread_1_and_constants_say_nothing() -> None:
    block = Three(Config())
    block.fit(sounds(20), seed=0)
    rows = block.encode(sounds(20))
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(rows.std(axis=0), [1, 1, 0], atol=1e-4)


def test_an_oddity_is_cut_at_eight_deviations() -> None:
    block = Three(Config())
    block.fit(sounds(20), seed=0)
    long = Sound(np.random.default_rng(1).standard_normal(900_000).astype(np.float32), 16_000)
    assert block.encode([long])[0, 0] == 8


def test_a_single_sound_is_enough_and_then_says_nothing() -> None:
    block = Three(Config())
    block.fit(sounds(1), seed=0)
    assert np.array_equal(block.encode(sounds(2)), np.zeros((2, 3), np.float32))


def test_no_sound_is_refused() -> None:
    with pytest.raises(InputError, match="no sound to learn from"):
        Three(Config()).fit([], seed=0)


def test_a_fit_listens_to_a_sample_that_the_seed_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_SAMPLE", 5)
    values = sounds(30)
    marks = []
    for seed in (0, 0, 1):
        block = Three(Config())
        heard = Recordings(values)
        block.fit(heard, seed=seed)
        assert len(heard._pictures) == 5
        marks.append(block.fingerprint())
    assert marks[0] == marks[1] != marks[2]


def test_a_picture_is_made_once_however_many_blocks_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = base.log_mel

    def counted(sound: Sound, hearing: Hearing) -> NDArray[np.float32]:
        made.append(sound)
        return real(sound, hearing)

    monkeypatch.setattr(base, "log_mel", counted)
    heard = Recordings.of(sounds(4))
    assert Recordings.of(heard) is heard
    for _ in range(3):
        block = Three(Config())
        block.fit(heard, seed=0)
        block.encode(heard)
    assert len(made) == 4
    Three(Config(hearing=Hearing(bands=20))).fit(heard, seed=0)
    assert len(made) == 8


def test_recordings_are_a_sequence_of_the_same_sounds() -> None:
    values = sounds(5)
    heard = Recordings(values)
    assert len(heard) == 5
    assert heard[2] is values[2]
    assert list(heard[1:3]) == values[1:3]
    assert isinstance(heard[1:3], Recordings)


def test_the_error_says_which_sound_cannot_be_heard() -> None:
    block = Three(Config())
    block.fit(sounds(3), seed=0)
    with pytest.raises(InputError, match=r"Sound 2 of 3: .*not finite"):
        block.encode([*sounds(1), Sound(np.array([np.nan], np.float32), 16_000), *sounds(1)])
