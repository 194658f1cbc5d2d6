import numpy as np
import pytest

from handful.data.modalities.base import Sound
from handful.learn.towers.own.changing import changed
from handful.learn.towers.own.reading import Reading, count, heard, kept, piece, shrink, words

READING = Reading(picture_px=32)


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(40, 40), (30, 90), (200, 10), (3, 3)])
def test_pictures_keep_their_aspect_and_a_like_area(size):
    found = shrink(picture(*size), READING)
    height, width = found.shape[:2]
    assert height % 8 == width % 8 == 0
    assert 8 * 8 * 4 <= height * width <= 32 * 32
    if 0.25 < size[0] / size[1] < 4:
        assert (height > width) == (size[0] > size[1])


def test_a_window_is_its_patch_with_what_is_around_it():
    value = picture(16, 24)
    found = piece("image", 3, value, READING)
    assert found.row == 3
    assert found.raw.shape == (6, 3, 12, 12)
    assert found.places.tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    padded = np.pad(value, ((2, 2), (2, 2), (0, 0)), mode="edge")
    for token, (down, right) in enumerate(found.places.astype(int)):
        wanted = padded[8 * down : 8 * down + 12, 8 * right : 8 * right + 12]
        assert (found.raw[token].transpose(1, 2, 0) == wanted).all()
    some = piece("image", 3, value, READING, np.array([1, 5]))
    assert (some.raw == found.raw[[1, 5]]).all()
    assert (some.places == found.places[[1, 5]]).all()


def test_stretches_of_a_sound_lie_in_time():
    levels = np.arange(10 * 40, dtype=np.uint8).reshape(10, 40)
    found = piece("audio", 0, levels, READING)
    assert found.raw.shape == (3, 1, 8, 40) == (count("audio", levels, READING), 1, 8, 40)
    assert found.places[:, 0].tolist() == [0, 1, 2]
    assert (found.raw[1, 0] == levels[2:10]).all()
    assert (found.raw[0, 0, 2:] == levels[:6]).all()
    assert not found.raw[0, 0, :2].any()


def test_sound_is_kept_in_levels():
    time = np.arange(8000) / 8000
    levels = heard(Sound(np.sin(2 * np.pi * 440 * time).astype(np.float32), 8000), READING)
    assert levels.dtype == np.uint8
    assert levels.max() == 255
    assert levels[len(levels) // 2].argmax() < 15


def test_words_of_any_language_are_bags_of_n_grams():
    found = words("Blue bowl, blue BOWLS", READING)
    assert found.shape == (5, 16)
    assert (found[0] == found[3]).all()  # whatever the case
    shared = set(found[1]) & set(found[4]) - {0}
    assert len(shared) >= 3  # bowl and bowls
    assert len(words("", READING)) == 1
    assert len(words("漢" * 30, READING)) == 3
    assert len(words("a " * 500, READING)) == READING.words
    assert len(kept("text", {"en": "cup", "de": "Tasse", "fr": "cup"}, READING)) == 2


@pytest.mark.parametrize("modality", ["image", "audio", "text"])
def test_views_differ_and_follow_from_the_seed(modality):
    values = {
        "image": picture(32, 32),
        "audio": np.random.default_rng(0).integers(0, 256, (30, 40), dtype=np.uint8),
        "text": words("a blue bowl", READING),
    }
    value = values[modality]

    def view(seed):
        return changed(modality, value, READING, np.random.default_rng(seed))

    assert np.array_equal(view(1), view(1))
    for seed in range(30):
        assert count(modality, view(seed), READING) >= 1
    assert np.array_equal(view(1), view(2)) == (modality == "text")
