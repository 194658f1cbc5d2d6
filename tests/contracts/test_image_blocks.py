"""What every picture block promises; a new file in the room is tested at once."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from handful.foundation.components import find
from handful.foundation.components import load as load_component
from handful.foundation.errors import InputError, UsageError
from handful.learn.towers.classical.image.base import ImageBlock, paint
from handful.learn.towers.classical.tower import make_block

ROOM = "handful.learn.towers.classical.image"
NAMES = list(find(ROOM))
SMALL = {"size": 32, "words": 8, "width": 6, "samples": 800}


def small(name: str, **settings: Any) -> ImageBlock:
    """A block with few words, so that it learns in no time."""
    known = {field.name for field in fields(load_component(ROOM, name).Config)}
    chosen = {key: value for key, value in SMALL.items() if key in known}
    block = make_block("image", name, chosen | settings)
    assert isinstance(block, ImageBlock)
    return block


def pictures(seed: int = 0, count: int = 11) -> list[np.ndarray]:
    """Blotches with grain, of many shapes."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        height, width = rng.integers(20, 70, 2)
        blotches = rng.integers(0, 256, (2, 2, 3))
        blotches = blotches.repeat(-(-height // 2), axis=0).repeat(-(-width // 2), axis=1)
        grain = rng.integers(-30, 31, (height, width, 3))
        found.append(np.clip(blotches[:height, :width] + grain, 0, 255).astype(np.uint8))
    return found


FITTED: dict[str, ImageBlock] = {}


def fitted(name: str) -> ImageBlock:
    """The block after learning from eleven pictures, made once."""
    if name not in FITTED:
        FITTED[name] = small(name)
        FITTED[name].fit(pictures(), seed=0)
    return FITTED[name]


def test_the_blocks_are_found():
    assert {"lab", "hog", "lbp", "fisher_colour", "fisher_gradient", "patches"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_introduces_itself(name):
    block = fitted(name)
    assert block.name == name
    assert block.modality == "image"
    assert block.prefers in ("rbf", "linear")
    assert find(ROOM)[name].summary.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_vectors_have_the_promised_form(name):
    rows = fitted(name).encode(pictures(1))
    assert rows.shape == (11, fitted(name).width)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert len(np.unique(rows.round(5), axis=0)) == 11


@pytest.mark.parametrize("name", NAMES)
def test_a_row_depends_on_its_own_picture_only(name):
    some = pictures(1)
    together = fitted(name).encode(some)
    backwards = fitted(name).encode(some[::-1])[::-1]
    alone = np.concatenate([fitted(name).encode([each]) for each in some])
    np.testing.assert_allclose(backwards, together, atol=1e-4)
    np.testing.assert_allclose(alone, together, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_and_canvases_give_the_same(name):
    some = pictures(2)
    rows = fitted(name).encode(some)
    np.testing.assert_allclose(fitted(name).encode(paint(some, 32)), rows, atol=1e-6)
    assert fitted(name).encode([]).shape == (0, fitted(name).width)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_left_as_they_were(name):
    some = pictures(3, count=3)
    before = [each.copy() for each in some]
    canvas = paint(some, 32)
    lab, right = canvas.lab.copy(), canvas.gradients.right.copy()
    fitted(name).encode(canvas)
    fitted(name).encode(some)
    for left, kept in zip(some, before, strict=True):
        np.testing.assert_array_equal(left, kept)
    np.testing.assert_array_equal(canvas.lab, lab)
    np.testing.assert_array_equal(canvas.gradients.right, right)


@pytest.mark.parametrize("name", NAMES)
def test_learning_is_repeatable_and_saved_whole(name):
    again, other = small(name), small(name)
    again.fit(pictures(), seed=0)
    assert again.fingerprint() == fitted(name).fingerprint()
    other.load(load(save({key: np.asarray(a) for key, a in again.state().items()})))
    assert other.fingerprint() == again.fingerprint()
    np.testing.assert_array_equal(other.encode(pictures(1)), again.encode(pictures(1)))


@pytest.mark.parametrize("name", NAMES)
def test_the_fingerprint_knows_size_and_learning(name):
    assert small(name, size=64).fingerprint() != small(name).fingerprint()
    if fitted(name).state():
        other = small(name)
        other.fit(pictures(), seed=1)
        assert other.fingerprint() != fitted(name).fingerprint()
        assert small(name).fingerprint() != fitted(name).fingerprint()


@pytest.mark.parametrize("name", NAMES)
def test_a_block_that_learns_says_when_it_has_not(name):
    if fitted(name).state():
        with pytest.raises(UsageError, match=f"`{name}` has not learned"):
            small(name).encode(pictures(1))
        with pytest.raises(InputError):
            small(name).fit([], seed=0)


@pytest.mark.parametrize("name", NAMES)
def test_a_state_that_does_not_fit_is_refused(name):
    with pytest.raises(InputError, match="unknown"):
        small(name).load({**fitted(name).state(), "stranger": np.zeros(2)})
    for key, array in fitted(name).state().items():
        for wrong in (array[..., None], np.full_like(array, np.nan)):
            with pytest.raises(InputError, match=key):
                small(name).load({**fitted(name).state(), key: wrong})


ODD = {
    "one pixel": np.full((1, 1, 3), 9, dtype=np.uint8),
    "black": np.zeros((64, 64, 3), dtype=np.uint8),
    "white": np.full((64, 64, 3), 255, dtype=np.uint8),
    "a thread": np.arange(1500, dtype=np.uint8).reshape(500, 1, 3),
    "a board": np.indices((32, 32)).sum(axis=0)[..., None].repeat(3, 2).astype(np.uint8) % 2 * 255,
}


@pytest.mark.parametrize("name", NAMES)
def test_odd_pictures_give_finite_vectors(name):
    rows = fitted(name).encode(list(ODD.values()))
    assert np.isfinite(rows).all()
    assert np.abs(rows).max() < 100


@pytest.mark.parametrize("name", NAMES)
def test_learning_from_blank_pictures_gives_finite_vectors(name):
    block = small(name)
    block.fit([ODD["white"]] * 9, seed=0)
    assert np.isfinite(block.encode(list(ODD.values()) + pictures(1))).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "wrong",
    [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.float32), np.zeros((0, 9, 3), np.uint8)],
)
def test_what_is_not_a_picture_is_named(name, wrong):
    with pytest.raises(InputError, match="Picture 0"):
        fitted(name).encode([wrong])
