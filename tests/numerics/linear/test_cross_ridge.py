"""What modalities tell of each other: believed only where it holds, one space for all."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.cross_ridge import Config, CrossRidge

Floats = NDArray[np.float64]
MODALITIES = ("text", "image", "audio")


def world(
    items: int, *, shared: float = 3.0, missing: float = 0.3, seed: int = 0
) -> tuple[dict[str, Block], NDArray[np.intp]]:
    """A class that every modality shows, in its own way, amid its own noise."""
    dice = np.random.default_rng(seed)
    classes = dice.integers(0, 4, items)
    blocks = {}
    for place, name in enumerate(MODALITIES):
        width = 20 + 5 * place
        signs = dice.normal(size=(4, width))
        values = dice.normal(size=(items, width)) * np.linspace(3, 0.5, width)
        values += shared * signs[classes] / np.linalg.norm(signs, axis=1).mean() + 7
        present = dice.random(items) >= missing
        blocks[name] = Block(values=np.where(present[:, None], values, 0.0), present=present)
    return blocks, classes


def place_of(cross: CrossRidge, blocks: dict[str, Block]) -> Floats:
    told = [cross.of(name, blocks[name]) for name in cross.maps]
    count = np.sum([block.present for block in told], axis=0)
    total = np.sum([block.values for block in told], axis=0)
    return np.asarray(total / np.maximum(count, 1)[:, None])


def test_few_labels_reach_further_in_the_common_space() -> None:
    right = {"plain": 0.0, "told": 0.0}
    for seed in range(5):
        blocks, classes = world(900, shared=3.0, seed=seed)
        known = np.arange(900) < 600
        cross = CrossRidge.fit({n: b.take(known) for n, b in blocks.items()}, Config())
        plain = np.concatenate(
            [np.where(b.present[:, None], b.values - 7, 0) for b in blocks.values()], axis=1
        )
        dice = np.random.default_rng(seed)
        taught = [dice.choice(np.flatnonzero(known & (classes == k)), 2) for k in range(4)]
        for name, values in {"plain": plain, "told": place_of(cross, blocks)}.items():
            means = np.array([values[rows].mean(axis=0) for rows in taught])
            gaps = ((values[~known][:, None] - means) ** 2).sum(axis=2)
            right[name] += float((gaps.argmin(axis=1) == classes[~known]).mean()) / 5
    assert right["told"] > right["plain"] + 0.1


def test_a_photo_lies_near_the_sound_that_belongs_to_it() -> None:
    blocks, classes = world(1500, shared=4.0, missing=0.0)
    known = np.arange(1500) < 1000
    cross = CrossRidge.fit({n: b.take(known) for n, b in blocks.items()}, Config())
    seen = cross.of("image", blocks["image"].take(~known)).values
    heard = cross.of("audio", blocks["audio"].take(~known)).values
    seen, heard = seen - seen.mean(axis=0), heard - heard.mean(axis=0)
    cosines = seen @ heard.T / np.outer(*(np.linalg.norm(v, axis=1) for v in (seen, heard)))
    same = classes[~known][:, None] == classes[~known][None, :]
    assert cosines[same].mean() > cosines[~same].mean() + 0.3


def test_modalities_that_share_nothing_are_not_believed() -> None:
    believed = 0
    for seed in range(30):
        blocks, _ = world(200, shared=0.0, missing=0.0, seed=seed)
        believed += CrossRidge.fit(blocks, Config()).width > 0
    # Six directions of prediction at 1 % each.
    assert believed <= 6


def test_what_holds_inside_groups_only_is_not_believed() -> None:
    """Every day has its own light and its own hum: pairs agree, new days do not."""
    believed = 0
    for seed in range(20):
        dice = np.random.default_rng(seed)
        groups = np.repeat(np.arange(20), 20)
        blocks = {}
        for name in ("image", "audio"):
            values = dice.normal(size=(400, 30)) + 4 * dice.normal(size=(20, 30))[groups]
            blocks[name] = Block.of(values)
        believed += CrossRidge.fit(blocks, Config(), groups=groups).width > 0
    assert believed <= 3


def test_too_few_pairs_tell_nothing() -> None:
    blocks, _ = world(19, missing=0.0)
    cross = CrossRidge.fit(blocks, Config())
    assert cross.width == 0
    assert not cross.maps
    with pytest.raises(UsageError, match="Nothing is predicted"):
        cross.of("image", blocks["image"])


def test_a_modality_without_pairs_is_left_out() -> None:
    blocks, _ = world(400, shared=4.0, missing=0.0)
    apart = np.arange(400) < 200
    blocks["audio"] = Block(values=blocks["audio"].values, present=apart)
    for name in ("text", "image"):
        blocks[name] = Block(values=blocks[name].values, present=~apart)
    cross = CrossRidge.fit(blocks, Config())
    assert set(cross.maps) == {"text", "image"}
    assert cross.width == blocks["text"].width + blocks["image"].width


def test_absent_items_change_nothing() -> None:
    blocks, _ = world(300)
    cross = CrossRidge.fit(blocks, Config())
    poisoned = {
        name: Block(
            values=np.where(block.present[:, None], block.values, 1e6), present=block.present
        )
        for name, block in blocks.items()
    }
    again = CrossRidge.fit(poisoned, Config())
    for name in MODALITIES:
        np.testing.assert_array_equal(again.maps[name], cross.maps[name])
        told = cross.of(name, poisoned[name])
        assert not told.values[~told.present].any()


def test_places_have_unit_mean_norm_whatever_the_units() -> None:
    blocks, _ = world(600, missing=0.0)
    louder = dict(blocks, audio=Block.of(1000 * blocks["audio"].values))
    for given in (blocks, louder):
        cross = CrossRidge.fit(given, Config())
        for name, block in given.items():
            told = cross.of(name, block).values
            assert (told**2).sum(axis=1).mean() == pytest.approx(1, rel=1e-3)


def test_arrays_bring_it_back() -> None:
    blocks, _ = world(300)
    cross = CrossRidge.fit(blocks, Config())
    again = CrossRidge.from_arrays(cross.arrays())
    for name, block in blocks.items():
        np.testing.assert_array_equal(again.of(name, block).values, cross.of(name, block).values)
    assert CrossRidge.from_arrays({}).width == 0


def test_another_width_is_refused() -> None:
    blocks, _ = world(300)
    cross = CrossRidge.fit(blocks, Config())
    with pytest.raises(InputError, match="20 were there in training"):
        cross.of("text", blocks["image"])
    with pytest.raises(UsageError, match="penalty"):
        Config(penalty=0)
