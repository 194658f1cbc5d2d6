"""When what tells groups apart is turned down, and what a model keeps of it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.learn.model.quiet import Quiet, groups_are_mixed
from handful.numerics.linear.blocks import Block


@pytest.mark.parametrize(
    ("labels", "groups", "expected"),
    [
        ([0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1], True),
        ([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2], False),
        ([0, 1, 2, 0, 1, 2], [0, 1, 2, 3, 4, 5], False),
        ([0, 1], [0, 0], True),
        ([0, 0, 0, 0], [0, 0, 1, 1], False),
        # One wrong label in a group that is one thing does not make it a day's photos.
        ([0] * 10 + [1] * 9 + [0], [0] * 10 + [1] * 10, False),
    ],
    ids=["mixed", "pure", "all alone", "one pair", "one class", "a wrong label"],
)
def test_groups_are_mixed_where_they_hold_several_classes(
    labels: list[int], groups: list[int], expected: bool
) -> None:
    assert groups_are_mixed(np.array(labels), np.array(groups)) is expected


def views(seed: int = 0) -> tuple[dict[str, dict[str, Block]], NDArray[np.str_]]:
    """Photos of ten days, each in its own light, and notes that know nothing of days."""
    dice = np.random.default_rng(seed)
    groups = np.repeat([f"day {each}" for each in range(10)], 20)
    light = np.repeat(5 * dice.normal(size=(10, 12)), 20, axis=0)
    present = dice.random(200) < 0.8
    photo = np.where(present[:, None], dice.normal(size=(200, 12)) + light, 0)
    found = {
        "image": {"lab": Block(values=photo.astype(np.float32), present=present)},
        "text": {"words": Block.of(dice.normal(size=(200, 12)).astype(np.float32))},
    }
    return found, groups


def test_only_views_in_which_groups_differ_are_changed() -> None:
    given, groups = views()
    quiet = Quiet.fit(given, groups, seed=0)
    assert set(quiet.views) == {"image"}
    after = quiet.of(given)
    assert after["text"]["words"] is given["text"]["words"]
    photo = after["image"]["lab"]
    assert photo.rows.var() < 0.3 * given["image"]["lab"].rows.var()
    assert not photo.values[~photo.present].any()
    assert quiet.sentences()[0].startswith("Groups differ in image by more than chance")


def test_nothing_is_said_and_nothing_done_where_nothing_was_found() -> None:
    given, _ = views()
    quiet = Quiet({})
    assert quiet.sentences() == []
    assert quiet.of(given)["image"]["lab"] is given["image"]["lab"]


def test_a_modality_that_is_not_asked_with_may_be_left_out() -> None:
    given, groups = views()
    quiet = Quiet.fit(given, groups, seed=0)
    assert quiet.of({"text": given["text"]}).keys() == {"text"}
    assert quiet.of({}) == {}


def test_arrays_bring_it_back() -> None:
    given, groups = views()
    quiet = Quiet.fit(given, groups, seed=0)
    again = Quiet.from_arrays(quiet.arrays()).of(given)
    np.testing.assert_array_equal(
        again["image"]["lab"].values, quiet.of(given)["image"]["lab"].values
    )
    assert Quiet.from_arrays({}).views == {}
