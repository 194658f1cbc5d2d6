import io

import numpy as np
import pytest
from PIL import Image

from handful.data.modalities.image import rows
from handful.data.modalities.reading import Unreadable
from hostile.cases import png


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (7, 3), (64, 65)])
def test_whole_pictures_of_any_kind_pass(mode, size):
    target = io.BytesIO()
    Image.new("RGB", size).convert("L" if mode == "I;16" else mode).convert(mode).save(
        target, "PNG"
    )
    rows.check(target.getvalue())


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (5, 2), (8, 8), (9, 17), (33, 31)])
def test_interlaced_rows_are_counted_as_their_passes(size):
    """Against a count pixel by pixel of which pass each belongs to."""
    width, height = size
    passes = np.array(
        [
            [1, 6, 4, 6, 2, 6, 4, 6],
            [7, 7, 7, 7, 7, 7, 7, 7],
            [5, 6, 5, 6, 5, 6, 5, 6],
            [7, 7, 7, 7, 7, 7, 7, 7],
            [3, 6, 4, 6, 3, 6, 4, 6],
            [7, 7, 7, 7, 7, 7, 7, 7],
            [5, 6, 5, 6, 5, 6, 5, 6],
            [7, 7, 7, 7, 7, 7, 7, 7],
        ]
    )
    grid = np.tile(passes, (height // 8 + 1, width // 8 + 1))[:height, :width]
    expected = 0
    for number in range(1, 8):
        for row in grid == number:
            expected += (1 + 3 * row.sum()) if row.any() else 0
    assert rows._promised(width, height, 24, True) == expected


@pytest.mark.parametrize("held", [0, 25, 25 * 8 - 1, 25 * 8 + 1, 25 * 100])
def test_rows_that_are_missing_or_too_many_are_noticed(held):
    with pytest.raises(Unreadable):
        rows.check(png(8, 8, bytes(held)))


def test_the_right_number_passes():
    rows.check(png(8, 8, bytes(25 * 8)))
