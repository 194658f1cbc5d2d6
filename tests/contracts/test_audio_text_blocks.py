"""What every audio and text block promises; a new file in either room is tested at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from handful.data.modalities.base import Sound
from handful.foundation.components import find
from handful.foundation.errors import InputError, UsageError
from handful.learn.towers.classical.audio.base import Recordings
from handful.learn.towers.classical.base import Block
from handful.learn.towers.classical.tower import ClassicalTower, make_block

ROOM = "handful.learn.towers.classical"
BLOCKS = [(kind, name) for kind in ("audio", "text") for name in find(f"{ROOM}.{kind}")]
WORDS = [
    "blue",
    "green",
    "bowl",
    "mug",
    "plate",
    "cracked",
    "fired",
    "glaze",
    "kiln",
    "second",
    "first",
    "rim",
    "foot",
]


def sounds(seed: int, count: int = 12) -> list[Sound]:
    """Tones and noise of many lengths and rates."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        rate = int(rng.choice([8_000, 16_000, 22_050]))
        time_s = np.arange(int(rate * rng.uniform(0.1, 0.5))) / rate
        tone = np.sin(2 * np.pi * rng.uniform(200, 3000) * time_s) * np.exp(-9 * time_s)
        hiss = 0.1 * rng.standard_normal(len(time_s))
        found.append(Sound((tone + hiss).astype(np.float32), rate))
    return found


def texts(seed: int, count: int = 12) -> list[dict[str, str]]:
    """Short texts in one or two fields."""
    rng = np.random.default_rng(seed)
    return [
        {tag: " ".join(rng.choice(WORDS, rng.integers(2, 7))) for tag in ("en", "und")[: 1 + i % 2]}
        for i in range(count)
    ]


def values(modality: str, seed: int = 0) -> list[Any]:
    return sounds(seed) if modality == "audio" else texts(seed)


ODD: dict[str, list[Any]] = {
    "audio": [
        Sound(np.zeros(4_000, np.float32), 16_000),
        Sound(np.ones(1, np.float32), 8_000),
        Sound(np.array([0, 1, 0, -1] * 500, np.float32), 48_000),
        Sound(1e30 * np.ones(900, np.float32) * np.array([1, -1] * 450, np.float32), 11_025),
        Sound(np.eye(1, 3_000, 1_500, dtype=np.float32)[0], 16_000),
    ],
    "text": [
        {},
        {"en": ""},
        {"ja": "青いひび割れた鉢", "th": "ชามสีฟ้าแตก"},
        {"und": "🏺👩‍🎨 \ud800 \x00 \u0301"},
        {"en": "a" * 50_000},
    ],
}


@pytest.fixture(params=BLOCKS, ids=lambda pair: ".".join(pair))
def block(request: pytest.FixtureRequest) -> Block[Any]:
    made = make_block(*request.param)
    made.fit(values(made.modality), seed=3)
    return made


def test_the_blocks_of_both_profiles_are_there() -> None:
    audio = {"mfcc", "band_statistics", "modulation", "aligned_cepstra", "random_kernels"}
    assert {("audio", name) for name in audio} <= set(BLOCKS)
    assert {("text", "characters"), ("text", "words")} <= set(BLOCKS)


def test_rows_are_finite_float32_and_lengths_agree(block: Block[Any]) -> None:
    new = values(block.modality, seed=1)
    rows = block.encode(new)
    assert rows.dtype == np.float32
    assert rows.shape == (len(new), block.encode([]).shape[1])
    assert np.isfinite(rows).all()
    assert (rows.std(axis=0) > 0).any()
    assert np.abs(rows).max() < 60_000
    assert block.prefers in ("rbf", "linear")


def test_a_row_depends_on_its_value_only(block: Block[Any]) -> None:
    new = values(block.modality, seed=1)
    rows = block.encode(new)
    assert np.array_equal(block.encode(new[::-1]), rows[::-1])
    assert np.array_equal(block.encode(new[4:5]), rows[4:5])


def test_odd_values_have_finite_rows(block: Block[Any]) -> None:
    rows = block.encode(ODD[block.modality])
    assert np.isfinite(rows).all()
    for place, value in enumerate(ODD[block.modality]):
        assert np.array_equal(block.encode([value])[0], rows[place])


def test_odd_values_can_be_learned_from(block: Block[Any]) -> None:
    fresh = type(block)(block.config)
    fresh.fit(ODD[block.modality], seed=0)
    assert np.isfinite(fresh.encode(values(block.modality))).all()


def test_the_same_seed_learns_the_same(block: Block[Any]) -> None:
    again = type(block)(block.config)
    again.fit(values(block.modality), seed=3)
    assert again.fingerprint() == block.fingerprint()
    again.fit(values(block.modality, seed=7), seed=3)
    assert again.fingerprint() != block.fingerprint()


def test_a_saved_state_makes_the_same_rows(block: Block[Any]) -> None:
    copy = type(block)(block.config)
    copy.load(load(save(block.state())))
    assert copy.fingerprint() == block.fingerprint()
    new = values(block.modality, seed=1)
    assert np.array_equal(copy.encode(new), block.encode(new))


def test_nothing_is_encoded_before_it_is_learned(block: Block[Any]) -> None:
    fresh = type(block)(block.config)
    assert fresh.state() == {}
    with pytest.raises(UsageError, match="has not learned anything yet"):
        fresh.encode(values(block.modality))


def test_a_wrong_state_is_refused(block: Block[Any]) -> None:
    state = block.state()
    for name, array in state.items():
        fresh = type(block)(block.config)
        without = {key: value for key, value in state.items() if key != name}
        for damaged in (
            without,
            state | {"stranger": array},
            state | {name: array[None]},
            state | {name: array[:-1]},
        ):
            with pytest.raises(InputError):
                fresh.load(damaged)
        if array.dtype.kind == "f":
            with pytest.raises(InputError, match="not finite"):
                fresh.load(state | {name: np.full_like(array, np.nan)})


def test_settings_are_part_of_the_fingerprint(block: Block[Any]) -> None:
    changes: dict[str, Any] = {
        "mfcc": {"coefficients": 13},
        "band_statistics": {"groups": 8},
        "modulation": {"rates": 7},
        "aligned_cepstra": {"steps": 8},
        "random_kernels": {"kernels": 50},
        "characters": {"longest": 4},
        "words": {"longest": 1},
    }
    other = type(block)(replace(block.config, **changes[block.name]))
    assert other.fingerprint() != type(block)(block.config).fingerprint()


@pytest.mark.parametrize("modality", ["audio", "text"])
def test_a_tower_gives_what_its_blocks_give(modality: str) -> None:
    blocks = [make_block(kind, name) for kind, name in BLOCKS if kind == modality]
    prepare = Recordings.of if modality == "audio" else None
    tower = ClassicalTower(blocks, prepare=prepare, batch=5)
    tower.fit(values(modality), seed=0)
    new = values(modality, seed=1)
    views = tower.encode(new)
    assert list(views) == [block.name for block in blocks]
    for block in blocks:
        assert np.array_equal(views[block.name], block.encode(new))
