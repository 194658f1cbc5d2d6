import numpy as np
import pytest

from data.library.twins.things import jpeg, product, resized, scene
from handful.data.library.twins.pictures import print_of, twins

COUNT = 40
SCENES = [scene(seed) for seed in range(COUNT)]
PRINTS = [print_of(picture) for picture in SCENES]


def found(change):
    """The share of changed pictures that are known again, and how many are taken for others."""
    changed = [print_of(np.ascontiguousarray(change(picture))) for picture in SCENES]
    pairs = set(twins([*PRINTS, *changed], COUNT))
    right = {(place, COUNT + place) for place in range(COUNT)}
    return len(pairs & right) / COUNT, len(pairs - right)


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: jpeg(picture, 40),
        lambda picture: resized(picture, 0.5),
        lambda picture: resized(picture, 1.7),
        lambda picture: jpeg(resized(picture, 0.5), 60),
        lambda picture: (picture * 0.8).astype(np.uint8),
        lambda picture: np.minimum(picture * 1.15, 255).astype(np.uint8),
        lambda picture: picture[:, ::-1],
        lambda picture: picture[::-1],
        lambda picture: np.rot90(picture),
        lambda picture: jpeg(np.ascontiguousarray(np.rot90(picture[:, ::-1])), 60),
    ],
    ids=[
        "re-encoded",
        "halved",
        "enlarged",
        "halved and re-encoded",
        "darker",
        "brighter",
        "mirrored",
        "upside down",
        "turned",
        "mirrored, turned and re-encoded",
    ],
)
def test_a_changed_picture_is_known_again_and_taken_for_no_other(change):
    share, wrong = found(change)
    assert share >= 0.95
    assert wrong == 0


def test_many_pictures_that_were_cropped_a_little_are_known_again():
    share, wrong = found(lambda picture: picture[3:-3, 4:-4])
    assert share >= 0.5
    assert wrong == 0


def test_different_products_on_one_backdrop_are_different():
    prints = [print_of(product(seed)) for seed in range(60)]
    assert list(twins(prints, 0)) == []


def test_one_shape_in_two_colours_is_two_things():
    red, blue = (np.full((64, 64, 3), 255, np.uint8) for _ in range(2))
    red[16:48, 16:48] = (220, 30, 30)
    blue[16:48, 16:48] = (30, 70, 220)
    assert list(twins([print_of(red), print_of(blue)], 0)) == []


def test_a_small_thing_that_is_there_or_not_makes_two_pictures():
    with_it = SCENES[0].copy()
    with_it[50:74, 60:84] = (255, 0, 0)
    assert list(twins([PRINTS[0], print_of(with_it)], 0)) == []


def test_a_picture_that_shows_nothing_has_no_print():
    assert print_of(np.full((50, 50, 3), 200, np.uint8)) == b""
    faint = np.random.default_rng(0).integers(198, 202, (200, 200, 3), dtype=np.uint8)
    assert print_of(faint) == b""


def test_pictures_of_any_shape_have_a_print():
    for size in ((1, 2000), (2000, 1), (5, 9), (300, 40)):
        pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
        assert print_of(pixels) or 2000 in size


def test_only_new_ones_are_compared_and_each_pair_is_told_once():
    again = [PRINTS[3], PRINTS[3], PRINTS[5]]
    assert sorted(twins([*PRINTS, *again], COUNT)) == [(3, 40), (3, 41), (5, 42), (40, 41)]
    assert list(twins([*PRINTS, *PRINTS], 2 * COUNT)) == []


def test_hundreds_of_copies_hang_together():
    many = [print_of(jpeg(SCENES[0], quality)) for quality in range(30, 95)] * 5
    seen = {0}
    for earlier, later in twins(many, 0):
        seen |= {earlier, later} if seen & {earlier, later} else set()
    assert len(seen) == len(many)
