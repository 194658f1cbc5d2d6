import numpy as np
import pytest

from handful.learn.model.unlike import Config, Unlike
from handful.numerics.linear.blocks import Block

ALL = np.ones(200, bool)


def views(dice, items=200, shift=0.0, present=None):
    """Pictures of two views and sounds of one, in a few directions of many."""
    present = np.ones(items, bool) if present is None else present
    few = dice.normal(size=(items, 6)) + shift
    return {
        "image": {
            "colours": Block.of(few @ DIRECTIONS[:, :400] + 0.3 * dice.normal(size=(items, 400))),
            "edges": Block.of(few @ DIRECTIONS[:, 400:700] + dice.normal(size=(items, 300))),
        },
        "audio": {
            "mfcc": Block(
                values=few @ DIRECTIONS[:, 700:] + dice.normal(size=(items, 100)), present=present
            )
        },
    }


DIRECTIONS = np.random.default_rng(9).normal(size=(6, 800))
GROUPS = np.arange(200) // 4


@pytest.fixture(scope="module")
def fitted():
    return Unlike.fit(views(np.random.default_rng(0)), GROUPS)


def test_few_known_and_new_items_are_unlike_and_all_others_are(fitted):
    known = fitted.look_at_known(views(np.random.default_rng(0)))
    assert known.is_unlike().mean() <= 0.06
    new = fitted.look(views(np.random.default_rng(1)), 200)
    assert new.is_unlike().mean() <= 0.1
    other = views(np.random.default_rng(2), 50)
    noise = np.random.default_rng(3).normal(0, 9, (50, 400))
    other["image"]["colours"] = Block.of(noise)
    look = fitted.look(other, 50)
    assert look.is_unlike().mean() > 0.95
    assert look.of(0) == ("image",)
    assert look.is_unlike(["audio"]).mean() <= 0.1


def test_what_lies_outside_all_directions_is_unlike(fitted):
    """A projection onto the leading directions would put it in the middle."""
    other = views(np.random.default_rng(2), 50)
    around = np.random.default_rng(3).normal(size=(50, 400))
    around -= around @ np.linalg.pinv(DIRECTIONS[:, :400]) @ DIRECTIONS[:, :400]
    other["image"]["colours"] = Block.of(4 * around)
    assert fitted.look(other, 50).is_unlike().mean() > 0.9


def test_an_absent_modality_changes_nothing(fitted):
    there = views(np.random.default_rng(4), 30)
    without = {"image": there["image"]}
    hidden = {
        **there,
        "audio": {"mfcc": Block(values=np.full((30, 100), np.nan), present=np.zeros(30, bool))},
    }
    one, other = fitted.look(without, 30), fitted.look(hidden, 30)
    assert np.array_equal(one.rarity["image"], other.rarity["image"])
    assert np.array_equal(one.limit, other.limit)
    assert one.limit[0] == pytest.approx(0.05)
    assert fitted.look(there, 30).limit[0] == pytest.approx(0.025)


def test_what_no_view_says_anything_about_is_unlike(fitted):
    silent = views(np.random.default_rng(4), 3)
    silent["audio"] = {"mfcc": Block.of(np.zeros((3, 100)))}
    assert [fitted.look(silent, 3).of(row) for row in range(3)] == [("audio",)] * 3


def test_it_survives_being_saved(fitted):
    again = Unlike.from_arrays(fitted.arrays())
    new = views(np.random.default_rng(1), 20)
    assert np.array_equal(again.look(new, 20).is_unlike(), fitted.look(new, 20).is_unlike())
    nothing = Unlike.from_arrays({})
    assert not nothing.look(new, 20).is_unlike().any(), "runs of before know nothing of it"


def test_too_few_items_and_one_group_make_nothing_unlike():
    few = {"image": {"colours": Block.of(np.random.default_rng(0).normal(size=(3, 40)))}}
    assert not Unlike.fit(few, np.arange(3)).known
    many = {"image": {"colours": Block.of(np.random.default_rng(0).normal(size=(30, 40)))}}
    assert not Unlike.fit(many, np.zeros(30)).known


def test_only_so_many_are_kept():
    found = Unlike.fit(views(np.random.default_rng(0)), GROUPS, Config(most=100))
    assert len(found.known["image"].references) == 100
    look = found.look_at_known(views(np.random.default_rng(0)))
    assert (look.rarity["image"] == 1).sum() >= 100
