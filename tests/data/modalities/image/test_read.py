import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from handful.data.modalities.image.read import Config, content_hash, read
from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import ConfigError

LOSSLESS = ("PNG", "TIFF", "BMP")
CHECKED = ("JPEG", "PNG", "WEBP", "GIF")


def packed(image, kind, **options):
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def noise(height=24, width=32, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def photo(seed=0):
    """Large enough that cutting or spoiling it hits the picture and not its header."""
    coarse = noise(25, 30, seed)
    return Image.fromarray(np.kron(coarse, np.ones((8, 8, 1), np.uint8)))


def reason_for(data, config=None):
    with pytest.raises(Unreadable) as caught:
        read(data, config)
    return caught.value.reason


def png(width, height, *, extra=b""):
    def chunk(name, content):
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_pixels_come_back_as_they_were(kind):
    pixels = noise()
    reading = read(packed(Image.fromarray(pixels), kind))
    assert np.array_equal(reading.value, pixels)
    assert reading.meta["width"] == 32
    assert reading.meta["height"] == 24
    assert reading.notes == ()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF", "AVIF"])
def test_lossy_kinds_come_back_nearly(kind):
    pixels = np.full((24, 32, 3), (200, 60, 30), dtype=np.uint8)
    value = read(packed(Image.fromarray(pixels), kind)).value.astype(int)
    assert np.abs(value - pixels).max() < 20


def test_the_same_pixels_have_the_same_hash_in_any_packing():
    image = Image.fromarray(noise())
    hashes = {read(packed(image, kind)).content_sha256 for kind in LOSSLESS}
    assert len(hashes) == 1
    assert content_hash(noise(seed=1)) not in hashes


def test_shape_is_part_of_the_hash():
    pixels = noise()
    assert content_hash(pixels) != content_hash(pixels.reshape(32, 24, 3))


@pytest.mark.parametrize("kind", CHECKED)
def test_half_a_file_is_refused(kind):
    data = packed(photo(), kind)
    assert reason_for(data[: len(data) // 2]) == "image/truncated"


@pytest.mark.parametrize("kind", [*CHECKED, "TIFF", "BMP", "AVIF"])
def test_two_missing_bytes_are_refused(kind):
    assert reason_for(packed(photo(), kind)[:-2]) == "image/truncated"


@pytest.mark.parametrize("kind", CHECKED)
def test_random_bytes_inside_are_refused(kind):
    whole = packed(photo(), kind)
    for seed in range(10):
        data, middle = bytearray(whole), len(whole) // 2
        count = min(2000, len(data) - middle - 20)
        data[middle : middle + count] = np.random.default_rng(seed).bytes(count)
        assert reason_for(bytes(data)) in ("image/damaged", "image/truncated")


def test_a_wrong_checksum_is_refused():
    data = bytearray(packed(photo(), "PNG"))
    data[60] ^= 1
    assert reason_for(bytes(data)) == "image/damaged"


@pytest.mark.parametrize("size", [(60000, 60000), (11000, 11000)])
def test_a_decompression_bomb_is_refused_before_it_costs_anything(size):
    assert reason_for(png(*size)) == "image/too_many_pixels"


@pytest.mark.parametrize("size", [(1, 1), (1, 20000)])
def test_a_line_is_no_picture(size):
    assert reason_for(packed(Image.new("RGB", size), "PNG")) == "image/too_thin"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "file/empty"),
        (b"<!DOCTYPE html><title>404</title>", "image/not_recognised"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1", "image/truncated"),
        (b"<svg><script>alert(1)</script></svg>", "image/svg"),
        (b"OggS" + bytes(50), "image/not_recognised"),
        (b"\xff\xd8\xff\xd9", "image/damaged"),
    ],
)
def test_what_is_no_picture_is_named(data, reason):
    assert reason_for(data) == reason


def test_too_many_bytes_are_refused():
    assert reason_for(packed(photo(), "PNG"), Config(max_bytes=100)) == "file/too_large"


# Where a pixel of the stored picture goes when the orientation says so (EXIF 2.32, tag 0x0112).
TURNS = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: p.transpose(1, 0, 2)[:, ::-1],
    7: lambda p: p.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda p: p.transpose(1, 0, 2)[::-1],
}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_the_orientation_is_applied_once(kind, orientation):
    pixels = noise()
    exif = Image.Exif()
    exif[0x0112] = orientation
    reading = read(packed(Image.fromarray(pixels), kind, exif=exif))
    assert np.array_equal(reading.value, TURNS[orientation](pixels))
    assert reading.meta["orientation"] == orientation


def test_a_nonsense_orientation_is_none():
    exif = Image.Exif()
    exif[0x0112] = 99
    reading = read(packed(Image.fromarray(noise()), "PNG", exif=exif))
    assert reading.meta["orientation"] == 1


def test_a_position_is_noted():
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (48.0, 12.0, 0.0)}
    reading = read(packed(photo(), "JPEG", exif=exif))
    assert reading.notes == ("image/gps",)
    assert reading.meta["gps"] is True


def test_transparent_is_white_and_never_black():
    clear = np.zeros((8, 8, 4), np.uint8)
    clear[0, 0] = (10, 20, 30, 255)
    clear[0, 1] = (0, 0, 0, 128)
    value = read(packed(Image.fromarray(clear), "PNG")).value
    assert tuple(value[5, 5]) == (255, 255, 255)
    assert tuple(value[0, 0]) == (10, 20, 30)
    assert abs(int(value[0, 1, 0]) - 127) <= 1


def test_a_transparent_colour_of_a_palette_is_white():
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0, 250, 0, 0])
    image.putpixel((3, 3), 1)
    value = read(packed(image, "PNG", transparency=0)).value
    assert tuple(value[0, 0]) == (255, 255, 255)
    assert tuple(value[3, 3]) == (250, 0, 0)


def test_a_transparent_grey_is_white():
    grey = np.stack([np.full((8, 8), 40, np.uint8), np.zeros((8, 8), np.uint8)], axis=2)
    value = read(packed(Image.fromarray(grey, "LA"), "PNG")).value
    assert np.all(value == 255)


def test_sixteen_bits_become_eight_by_scaling():
    deep = np.arange(256 * 16, dtype=np.uint16).reshape(64, 64) * 16
    value = read(packed(Image.fromarray(deep), "PNG")).value
    assert np.array_equal(value[:, :, 0], np.rint(deep / 257).astype(np.uint8))
    assert np.array_equal(value[:, :, 0], value[:, :, 2])


def test_brightness_without_a_scale_is_refused():
    image = Image.fromarray(np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8))
    assert reason_for(packed(image, "TIFF")) == "image/unsupported_depth"


def test_inks_become_colours():
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    red, green, blue = read(packed(image, "JPEG")).value[8, 8].astype(int)
    assert red > 200
    assert max(green, blue) < 60


@pytest.mark.parametrize("mode", ["1", "L", "P", "YCbCr"])
def test_other_modes_become_rgb(mode):
    image = photo().convert(mode)
    kind = "JPEG" if mode == "YCbCr" else "PNG"
    reading = read(packed(image, kind))
    assert reading.value.shape == (200, 240, 3)
    assert reading.value.dtype == np.uint8


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_of_several_frames_is_taken_and_said(kind):
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    frames = [Image.new("RGB", (16, 16), colour) for colour in colours]
    reading = read(packed(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert reading.notes == ("image/first_frame",)
    assert np.abs(reading.value[8, 8].astype(int) - (250, 0, 0)).max() < 12


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_something_behind_the_picture_is_noted(kind):
    reading = read(packed(photo(), kind) + b"PK\x03\x04 a hidden archive")
    assert reading.notes == ("image/trailing_data",)
    assert reading.meta["trailing_bytes"] == 21


def test_a_broken_colour_profile_costs_nothing():
    plain, odd = packed(photo(), "JPEG"), packed(photo(), "JPEG", icc_profile=b"broken" * 500)
    assert read(plain).content_sha256 == read(odd).content_sha256


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([*CHECKED, "TIFF", "BMP"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8),
    st.floats(0.5, 1),
)
@pytest.mark.filterwarnings("ignore")
def test_spoiled_files_give_a_picture_or_a_reason(kind, changes, kept):
    data = bytearray(packed(photo(), kind))
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    try:
        value = read(bytes(data[: int(kept * len(data))])).value
    except Unreadable:
        return
    assert value.dtype == np.uint8
    assert value.shape[2] == 3


def test_limits_beyond_the_decoder_are_refused():
    with pytest.raises(ConfigError, match="max_pixels"):
        Config(max_pixels=10**9)


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "HEIC"])
def test_lossy_kinds_are_turned_once_too(kind, orientation):
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:16, :24] = (250, 20, 20)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "HEIC":
        pillow_heif = pytest.importorskip("pillow_heif")
        target = io.BytesIO()
        heif = pillow_heif.from_pillow(Image.fromarray(pixels))
        heif.save(target, quality=95, exif=exif.tobytes())
        data = target.getvalue()
    else:
        data = packed(Image.fromarray(pixels), kind, exif=exif, quality=95)
    value = read(data).value
    expected = TURNS[orientation](pixels)
    assert value.shape == expected.shape
    assert np.abs(value.astype(int) - expected).mean() < 12


def test_a_missing_extra_is_named_with_the_command_that_adds_it(monkeypatch):
    from handful.data.modalities.image import read as module
    from handful.foundation.hardware.extras import Module

    missing = lambda name: Module(name=name, is_installed=False)  # noqa: E731
    monkeypatch.setattr(module, "find_module", missing)
    with pytest.raises(Unreadable) as caught:
        read(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
    assert caught.value.reason == "image/needs_media"
    assert caught.value.hint == 'pip install "handful[media]", then add again'


def test_a_container_and_a_decoder_that_disagree_are_refused(monkeypatch):
    from handful.data.modalities.image import structure

    other = structure.Frame(frozenset([(30, 40)]))
    monkeypatch.setattr(structure, "check", lambda mime, data: other)
    assert reason_for(packed(photo(), "BMP")) == "image/sizes_disagree"


@pytest.mark.parametrize("kind", [*CHECKED, "TIFF", "BMP", "AVIF"])
def test_every_container_gives_the_size(kind):
    from handful.data.modalities.image import structure

    frame = structure.check(f"image/{kind.lower()}", packed(photo(), kind))
    assert (240, 200) in frame.sizes
    assert frame.agrees(200, 240)
    assert not frame.agrees(240, 201)


def test_a_rich_tiff_keeps_its_picture():
    pixels = noise()
    for options in ({"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}, {}):
        assert np.array_equal(
            read(packed(Image.fromarray(pixels), "TIFF", **options)).value, pixels
        )
