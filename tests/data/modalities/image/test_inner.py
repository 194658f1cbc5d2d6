import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from handful.data.modalities.image.read import Config, read
from hostile.cases import with_inner

ONCE = Config(twice=False)


def photo(seed, size=(160, 120)):
    dice = np.random.default_rng(seed)
    coarse = Image.fromarray(dice.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


def jpeg(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=88, **options)
    return file.getvalue()


def small(image):
    copy = image.copy()
    copy.thumbnail((80, 60))
    return jpeg(copy)


def test_a_faithful_one_is_nothing_to_say():
    assert "image/other_thumbnail" not in read(with_inner(photo(1), small(photo(1))), ONCE).notes


@pytest.mark.parametrize("turn", range(1, 9))
def test_it_may_be_turned_or_not(turn):
    data = with_inner(photo(1), small(photo(1)), turn)
    assert read(data, ONCE).notes == ()
    upright = with_inner(photo(1), small(photo(1).rotate(90, expand=True)), 6)
    assert read(upright, ONCE).notes == ()


@pytest.mark.parametrize("size", [(150, 100), (100, 150), (200, 90)])
def test_it_may_have_black_bars(size):
    image = photo(3, size)
    assert read(with_inner(image, jpeg(ImageOps.pad(image, (160, 120)))), ONCE).notes == ()


def test_another_one_is_said_and_never_used():
    whole = read(jpeg(photo(1)), ONCE)
    found = read(with_inner(photo(1), small(photo(2))), ONCE)
    assert found.notes == ("image/other_thumbnail",)
    assert found.content_sha256 == whole.content_sha256
    np.testing.assert_array_equal(found.value, whole.value)


def test_what_was_cropped_away_is_said():
    image = photo(5, (400, 300))
    cropped = image.crop((220, 20, 380, 140))
    assert read(with_inner(cropped, small(image)), ONCE).notes == ("image/other_thumbnail",)


@pytest.mark.parametrize("inner", [b"", b"rubbish", b"\xff\xd8\xff" + bytes(50)])
def test_a_broken_one_harms_nothing(inner):
    assert read(with_inner(photo(1), inner), ONCE).notes == ()


def test_a_length_beyond_the_file_harms_nothing():
    data = bytearray(with_inner(photo(1), small(photo(1))))
    place = data.index(struct.pack("<HHI", 0x0202, 4, 1)) + 8
    data[place : place + 4] = struct.pack("<I", 2**31)
    assert read(bytes(data), ONCE).notes == ()
