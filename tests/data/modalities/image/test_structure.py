import io

import numpy as np
import pytest
from PIL import Image

from handful.data.modalities.image.structure import check
from handful.data.modalities.reading import Unreadable


def packed(kind):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, kind)
    return target.getvalue()


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "gif", "tiff", "bmp"])
def test_whole_files_have_nothing_behind(kind):
    assert check(f"image/{kind}", packed(kind.upper())).trailing == 0


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_bytes_behind_are_counted(kind):
    assert check(f"image/{kind}", packed(kind.upper()) + b"film").trailing == 4


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_every_cut_is_noticed(kind):
    data = packed(kind.upper())
    for kept in range(12, len(data), 7):
        with pytest.raises(Unreadable, match="ends before"):
            check(f"image/{kind}", data[:kept])


def test_padding_behind_a_jpeg_is_nothing():
    assert check("image/jpeg", packed("JPEG") + bytes(512)).trailing == 0


def test_any_changed_byte_of_a_png_chunk_is_noticed():
    data = packed("PNG")
    for place in range(12, len(data) - 12, 11):
        broken = bytearray(data)
        broken[place] ^= 0x10
        with pytest.raises(Unreadable):
            check("image/png", bytes(broken))
