"""Which towers a run uses: sizes of pictures follow the library, and a recipe is kept whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.data.library.items import Item, Part, Status
from handful.foundation.errors import ConfigError, UsageError
from handful.learn.routes.towers import (
    LEAN,
    SIZES,
    Profile,
    Recipe,
    build,
    sides_of,
    working_size,
)
from handful.learn.towers.classical.tower import ClassicalTower

MODALITIES = ("text", "image", "audio")


def picture(status: Status = Status.OK, **meta: Any) -> Item:
    part = Part(modality="image", status=status, meta=meta)
    return Item(id="", key="", parts={"image": part})


@pytest.mark.parametrize(
    ("sides", "size"),
    [
        ([8], 32),
        ([28, 28, 28], 32),
        ([32], 32),
        ([33], 64),
        ([64, 64], 64),
        ([31, 33, 90], 64),
        ([31, 32, 4000], 32),  # one photo among icons does not make them photos
        ([60, 70], 96),
        ([97], 128),
        ([480, 640, 4000], 128),
    ],
)
def test_the_size_is_the_smallest_usual_one_that_holds_the_median(
    sides: Sequence[int], size: int
) -> None:
    assert working_size(sides, 128) == size


@settings(max_examples=50, deadline=None)
@given(sides=st.lists(st.integers(1, 5000), min_size=1), largest=st.sampled_from(SIZES))
def test_no_size_is_larger_than_the_median_needs_or_than_allowed(
    sides: list[int], largest: int
) -> None:
    size = working_size(sides, largest)
    assert size in SIZES
    assert size <= largest
    middle = sorted(sides)[(len(sides) - 1) // 2], sorted(sides)[len(sides) // 2]
    median = sum(middle) / 2
    assert all(smaller < median for smaller in SIZES if smaller < size)
    assert size >= min(median, largest)


def test_the_shorter_side_of_every_usable_picture_whose_size_was_noted() -> None:
    text = Item(id="", key="", parts={"text": Part(modality="text")})
    items = [
        picture(width=300, height=200),
        text,
        picture(width=20, height=40),
        picture(),
        picture(width=9),
        picture(Status.QUARANTINED, width=1, height=1),
        picture(Status.REPAIRED, width=7, height=7),
    ]
    assert sides_of(items) == [200, 20, 7]
    assert sides_of([]) == sides_of([text]) == []


def test_photos_are_larger_where_there_is_time() -> None:
    photos = [3000] * 5
    for sides in (photos, []):
        assert Recipe.of("fast", MODALITIES, sides).picture_px == 96
        assert Recipe.of("default", MODALITIES, sides).picture_px == 128
    for profile in ("fast", "default"):
        assert Recipe.of(profile, MODALITIES, [28] * 5).picture_px == 32
        assert Recipe.of(profile, MODALITIES, [80] * 5).picture_px == 96


@pytest.mark.parametrize("profile", ["fast", "default"])
def test_a_recipe_comes_back_from_json(profile: Profile) -> None:
    recipe = Recipe.of(profile, ("image", "text"), [40])
    assert recipe.modalities == ("image", "text")
    back = Recipe.from_dict(json.loads(json.dumps(recipe.as_dict())))
    assert back == recipe
    assert back.picture_px == 64


def test_a_recipe_for_some_modalities_changes_nothing_else() -> None:
    recipe = Recipe.of("fast", MODALITIES, [40])
    some = recipe.serving({"audio", "text"})
    assert some.modalities == ("text", "audio")
    assert some.blocks == {name: recipe.blocks[name] for name in ("text", "audio")}
    assert some.picture_px == recipe.picture_px
    assert recipe.modalities == MODALITIES


@pytest.mark.parametrize("profile", ["fast", "default"])
def test_towers_have_the_blocks_and_the_size_of_their_recipe(profile: Profile) -> None:
    recipe = Recipe.of(profile, MODALITIES, [50])
    towers = build(recipe)
    assert {name: tuple(tower.kernels()) for name, tower in towers.items()} == recipe.blocks
    image = towers["image"]
    assert isinstance(image, ClassicalTower)
    assert {block.config.size for block in image.blocks.values()} == {64}


def test_what_may_go_lean_is_part_of_the_default_profile_and_not_all_of_it() -> None:
    for modality, blocks in LEAN.items():
        assert set(blocks) < set(Recipe.of("default", MODALITIES).blocks[modality])


def test_unknown_profiles_and_blocks_are_named() -> None:
    with pytest.raises(ConfigError, match="`fast` or `default`"):
        Recipe.of("slow", MODALITIES)  # pyrefly: ignore
    with pytest.raises(UsageError, match="hogg"):
        build(Recipe(blocks={"image": ("hogg",)}))
