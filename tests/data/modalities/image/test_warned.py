import io

import numpy as np
import pytest
from PIL import Image

from handful.data.modalities.image import warned
from handful.data.modalities.reading import Unreadable


def packed(mode="RGB", **options):
    coarse = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    image = Image.fromarray(np.kron(coarse, np.ones((8, 8, 1), np.uint8))).convert(mode)
    target = io.BytesIO()
    image.save(target, "JPEG", **options)
    return target.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_whole_pictures_pass(mode, progressive, subsampling):
    warned.check(packed(mode, progressive=progressive, subsampling=subsampling))


def test_a_picture_that_is_taller_than_its_data_is_noticed():
    data = packed()
    place = data.index(b"\xff\xc0") + 5
    with pytest.raises(Unreadable, match="premature end"):
        warned.check(data[:place] + (800).to_bytes(2, "big") + data[place + 2 :])


def test_a_little_padding_is_forgiven_and_lost_rows_are_not():
    data = packed()
    warned.check(data[:-2] + bytes(20) + data[-2:])
    with pytest.raises(Unreadable, match="extraneous"):
        warned.check(data[:-2] + bytes(500) + data[-2:])
