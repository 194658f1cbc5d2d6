"""From views to a lesson: kernels in the shape each view is made for, lean ones, small files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from PIL import Image

import handful as hd
from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.data.modalities.base import Sound
from handful.learn.routes.lesson import (
    LessonKernels,
    inputs_of,
    kernel_configs,
    views_of,
    with_kernels,
)
from handful.learn.routes.towers import LEAN, Recipe, build
from handful.learn.rungs.base import Evidence
from handful.learn.towers.base import Tower
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.fusion import sum_kernels
from handful.numerics.linear.kernels import Config, KernelSum

ITEMS = 12
LEAN_IMAGE = LEAN["image"]
Views = dict[str, dict[str, Block]]


def views(named: Mapping[str, tuple[str, ...]], seed: int = 0, items: int = ITEMS) -> Views:
    dice = np.random.default_rng(seed)
    return {
        modality: {
            name: Block.of(dice.normal(size=(items, 5)).astype(np.float32)) for name in blocks
        }
        for modality, blocks in named.items()
    }


def towers_of(named: Mapping[str, tuple[str, ...]]) -> dict[str, Tower[Any]]:
    return build(Recipe(blocks=named))


def fitted(named: Mapping[str, tuple[str, ...]]) -> LessonKernels:
    return LessonKernels.fit(views(named), towers_of(named), seed=0)


# --- the shape of kernels ------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["fast", "default"])
def test_every_view_has_the_kernel_that_its_tower_prefers(profile: Any) -> None:
    named = Recipe.of(profile, ("text", "image", "audio")).blocks
    towers = towers_of(named)
    preferred = {
        f"{modality}/{name}": shape
        for modality, tower in towers.items()
        for name, shape in tower.kernels().items()
    }
    assert set(preferred.values()) == {"linear", "rbf"}
    configs = kernel_configs(views(named), towers)
    assert {name: config.shape for name, config in configs.items()} == preferred
    kernels = LessonKernels.fit(views(named), towers, seed=0).full.kernels
    made = {"/".join(key): "rbf" if each.width else "linear" for key, each in kernels.items()}
    assert made == preferred


# --- lean kernels --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "is_lean"),
    [
        ({"image": ("lab", *LEAN_IMAGE)}, True),
        ({"image": ("lab", "hog", *LEAN_IMAGE), "text": ("words",)}, True),
        ({"image": LEAN_IMAGE}, False),  # nothing would be left out
        ({"image": ("lab", "hog", *LEAN_IMAGE[1:])}, False),  # not all of them are there
        ({"image": ("lab", "hog")}, False),
        ({"text": ("words", "characters")}, False),
    ],
)
def test_lean_kernels_are_there_where_they_would_differ(
    named: dict[str, tuple[str, ...]], is_lean: bool
) -> None:
    kernels = fitted(named)
    full, lean = kernels.parts()
    assert full.kernels.keys() == named.keys()
    assert list(lean.kernels) == (["image"] if is_lean else [])
    if not is_lean:
        assert kernels.lean is None
        return
    among = views(named)["image"]
    fewer = {"image": {name: among[name] for name in LEAN_IMAGE}}
    own = KernelSum.fit(fewer, Config(shape="linear"), seed=0)
    np.testing.assert_array_equal(lean.kernels["image"], own.train().kernels["image"])
    assert not np.allclose(lean.kernels["image"], full.kernels["image"], atol=0.1)


def test_the_chosen_kernels_have_exactly_the_lean_blocks_of_what_goes_lean() -> None:
    named = {"text": ("words", "characters"), "image": ("lab", *LEAN_IMAGE)}
    kernels = fitted(named)
    assert set(kernels.chosen(()).kernels) == set(kernels.full.kernels)
    chosen = kernels.chosen(("image",))
    assert set(chosen.kernels) == {
        ("text", "words"),
        ("text", "characters"),
        *(("image", name) for name in LEAN_IMAGE),
    }
    assert kernels.lean is not None
    lean, kept = kernels.lean.train().kernels["image"], chosen.train().kernels
    np.testing.assert_array_equal(kept["image"], lean)
    np.testing.assert_array_equal(kept["text"], kernels.full.train().kernels["text"])


def test_a_model_that_went_lean_answers_from_the_kernels_it_learned_on() -> None:
    named = {"text": ("words",), "image": ("lab", *LEAN_IMAGE)}
    kernels, seen = fitted(named), views(named)
    bare = Evidence(kernels=kernels.full.train(), latents=seen, views=seen)
    learned_on = with_kernels(bare, kernels).leaner(("image",)).kernels
    chosen = kernels.chosen(("image",))
    asked = chosen.cross(chosen.known(seen))
    np.testing.assert_allclose(sum_kernels(asked), sum_kernels(learned_on), atol=1e-5)


def test_evidence_takes_its_kernels_and_keeps_the_rest() -> None:
    named = {"image": ("lab", *LEAN_IMAGE)}
    kernels, seen = fitted(named), views(named)
    nothing = kernels.full.of(()).train()
    before = Evidence(kernels=nothing, latents=seen, views=seen, inputs={"image": [None] * ITEMS})
    after = with_kernels(before, kernels)
    assert after.kernels.kernels.keys() == after.lean.kernels.keys() == {"image"}
    assert after.latents is seen
    assert after.views is seen
    assert after.inputs is before.inputs


# --- views of some items -------------------------------------------------------------------


def test_views_of_some_items_are_theirs_in_order() -> None:
    seen = views({"text": ("words",)})
    rows = np.array([7, 2, 5])
    found = views_of(seen, rows)["text"]["words"]
    np.testing.assert_array_equal(found.values, seen["text"]["words"].values[rows])


def test_views_that_fewer_than_two_items_have_are_left_out() -> None:
    def had_by(*rows: int) -> Block:
        present: NDArray[np.bool_] = np.isin(np.arange(ITEMS), rows)
        return Block.of(np.zeros((ITEMS, 2)), present)

    seen = {
        "text": {"words": had_by(0, 1), "characters": had_by(0, 8)},
        "image": {"lab": had_by(0, 9, 10, 11)},
    }
    found = views_of(seen, np.arange(5))
    assert {name: list(named) for name, named in found.items()} == {"text": ["words"]}
    assert views_of(seen, np.arange(9, 12)).keys() == {"image"}
    assert views_of(seen, np.arange(5, 9)) == {}


# --- files ---------------------------------------------------------------------------------


SIZES = {"whole": (300, 200), "small": (40, 30), "gone": (50, 40), "new": (9, 60)}
"""Pictures by name, width before height."""


def dots(width: int, height: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


class Shop(NamedTuple):
    """A library of five things, and the things by name."""

    library: Library
    items: dict[str, Item]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """One thing whole, one of words, one small, one whose photo vanished, one whose changed."""
    top = tmp_path_factory.mktemp("shop")
    for name, size in SIZES.items():
        Image.fromarray(dots(*size)).save(top / f"{name}.png")
    soundfile.write(top / "tap.wav", 0.3 * np.sin(np.arange(4000) / 5), 8000)
    rows = ["whole,a tall jug,whole.png,tap.wav", "words,a bowl,,", "small,,small.png,"]
    rows += ["gone,a lost cup,gone.png,", "new,,new.png,"]
    (top / "pieces.csv").write_text("\n".join(["id,note,photo,tap", *rows]))
    project = hd.project(top / "project")
    columns = {"text": ["note"], "image": "photo", "audio": "tap"}
    project.add(top / "pieces.csv", columns=columns)
    (top / "gone.png").unlink()
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(top / "new.png")
    return Shop(project.items, {item.key: item for item in project.items.items()})


def read(shop: Shop, *keys: str) -> dict[str, list[Any]]:
    return inputs_of(shop.library, [shop.items[key] for key in keys])


def test_large_pictures_are_made_small_in_their_own_shape(shop: Shop) -> None:
    inputs = read(shop, "whole", "small")
    whole, small = inputs["image"]
    assert whole.shape == (85, 128, 3)
    assert small.shape == (30, 40, 3)
    assert whole.dtype == small.dtype == np.uint8
    np.testing.assert_array_equal(small, dots(40, 30))


def test_words_and_sounds_are_as_they_are(shop: Shop) -> None:
    inputs = read(shop, "whole")
    assert list(inputs["text"][0].values()) == ["a tall jug"]
    sound = inputs["audio"][0]
    assert isinstance(sound, Sound)
    assert len(sound.samples) == 4000


def test_what_an_item_lacks_is_none_row_by_row(shop: Shop) -> None:
    inputs = read(shop, "words", "whole", "small")
    assert inputs.keys() == {"text", "image", "audio"}
    is_there = {name: [value is not None for value in row] for name, row in inputs.items()}
    assert is_there == {
        "text": [True, True, False],
        "image": [False, True, True],
        "audio": [False, True, False],
    }


def test_files_that_vanished_or_changed_are_none_and_the_rest_is_there(shop: Shop) -> None:
    inputs = read(shop, "gone", "new", "small")
    assert inputs["image"][:2] == [None, None]
    assert inputs["image"][2] is not None
    assert list(inputs["text"][0].values()) == ["a lost cup"]


def test_no_items_have_no_files(shop: Shop) -> None:
    assert inputs_of(shop.library, []) == {"text": [], "image": [], "audio": []}
