import io
import sys

import numpy as np
import pytest
from PIL import Image

from handful.data.modalities import apart
from handful.data.modalities.image import second
from handful.data.modalities.image.read import Config, read
from handful.data.modalities.reading import Unreadable

pytest.importorskip("av")


def photo(side=320):
    dice = np.random.default_rng(5)
    coarse = Image.fromarray(dice.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    fine = dice.normal(0, 6, (side * 3 // 4, side, 3))
    large = np.asarray(coarse.resize((side, side * 3 // 4), Image.Resampling.BICUBIC), float)
    return Image.fromarray(np.clip(large + fine, 0, 255).astype(np.uint8))


def packed(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def verdict(data, **options):
    try:
        return read(data, Config(**options)).meta.get("decoders", 1)
    except Unreadable as fault:
        return fault.reason


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 60}),
        ("JPEG", {"quality": 95, "subsampling": 0, "progressive": True}),
        ("PNG", {}),
        ("WEBP", {"quality": 70}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("BMP", {}),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_whole_pictures_are_the_same_to_both(kind, options, mode):
    assert verdict(packed(photo().convert(mode), kind, **options)) == 2


@pytest.mark.parametrize("mode", ["P", "RGBA", "LA", "1", "CMYK", "I;16"])
def test_what_the_first_one_translates_is_compared_by_size(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    if mode == "I;16":
        image = Image.fromarray(np.arange(4800, dtype=np.uint16).reshape(60, 80))
    else:
        image = photo(80).convert(mode)
    assert verdict(packed(image, kind)) == 2


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_turned_picture_is_compared_as_it_is_turned(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    assert verdict(packed(photo(), "JPEG", exif=exif)) == 2


@pytest.mark.parametrize("size", [(2, 2), (3, 700), (700, 5), (17, 9), (256, 255)])
def test_any_size_can_be_compared(size):
    assert verdict(packed(photo().resize(size), "JPEG")) == 2


def flipped(data, dice):
    copy = bytearray(data)
    copy[int(dice.integers(len(data) // 4, len(data) - 4))] ^= 1 << int(dice.integers(0, 8))
    return bytes(copy)


def test_the_two_are_apart_each_refuses_what_the_other_takes():
    dice = np.random.default_rng(0)
    whole = packed(photo(), "JPEG", quality=85)
    spoiled = [flipped(whole, dice) for _ in range(60)]
    alone = [verdict(data, twice=False) for data in spoiled]
    both = [verdict(data) for data in spoiled]
    only_second = [after for before, after in zip(alone, both, strict=True) if before == 1]
    assert "image/second_refuses" in only_second
    assert "image/decoders_disagree" in only_second
    assert sum(after == 2 for after in both) < 0.8 * sum(before == 1 for before in alone)
    cut = whole[:-2]
    assert verdict(cut) == "image/truncated"
    assert second.ask("image/jpeg", cut) is not None, "FFmpeg does not miss the end mark"


def test_a_picture_that_differs_in_one_corner_is_refused():
    picture = np.asarray(photo())
    data = packed(photo(), "PNG")
    opinion = second.ask("image/png", data)
    assert opinion is not None
    second.compare(picture, opinion.cells)
    changed = picture.copy()
    changed[:16, :16] = 255 - changed[:16, :16]
    with pytest.raises(Unreadable) as caught:
        second.compare(changed, opinion.cells)
    assert caught.value.reason == "image/decoders_disagree"


def test_without_the_extra_nobody_is_asked(monkeypatch):
    class Missing:
        is_installed = False

    monkeypatch.setattr(second, "find_module", lambda name: Missing)
    assert verdict(packed(photo(), "JPEG")) == 1


def test_a_second_decoder_that_crashes_loses_no_picture(monkeypatch):
    apart.close()
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", "import os; os.abort()"))
    reading = read(packed(photo(), "JPEG"))
    assert reading.notes == ("image/second_failed",)
    assert "decoders" not in reading.meta


def test_animations_and_formats_without_a_second_decoder_are_read_once():
    frames = [photo(64), photo(64).rotate(90)]
    moving = packed(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    assert verdict(moving) == 1
    assert verdict(packed(photo(64), "TIFF")) == 1
