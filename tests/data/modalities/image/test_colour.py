import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from handful.data.modalities.image import colour
from handful.data.modalities.image.read import read


def profile(space):
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()


def display_p3():
    """sRGB's own profile with the red and green of Display P3 in the place of its own."""
    data = bytearray(profile("sRGB"))
    for tag, xyz in (
        (b"rXYZ", (0.515102, 0.241182, -0.001049)),
        (b"gXYZ", (0.291965, 0.692236, 0.041882)),
        (b"bXYZ", (0.157153, 0.066582, 0.784378)),
    ):
        entry = data.index(tag)
        place = int.from_bytes(data[entry + 4 : entry + 8], "big")
        for number, value in enumerate(xyz):
            start = place + 8 + 4 * number
            data[start : start + 4] = round(value * 65536).to_bytes(4, "big", signed=True)
    return bytes(data).replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))


def in_srgb(*colour):
    """By hand: both standards share one curve, and this matrix leads between their primaries."""
    matrix = [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
    share = np.array(colour) / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    turned = np.clip(matrix @ light, 0, 1)
    curved = np.where(turned <= 0.0031308, 12.92 * turned, 1.055 * turned ** (1 / 2.4) - 0.055)
    return 255 * curved


def packed(image, kind="PNG", **options):
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_the_green_of_a_phone_is_not_the_green_of_the_web(kind):
    image = Image.new("RGB", (8, 8), (120, 200, 80))
    options = {"lossless": True} if kind == "WEBP" else {}
    reading = read(packed(image, kind, icc_profile=display_p3(), **options))
    assert np.abs(reading.value[4, 4].astype(int) - in_srgb(120, 200, 80)).max() <= 2
    assert reading.notes == ()


def test_srgb_said_aloud_changes_nothing():
    image = Image.new("RGB", (8, 8), (120, 200, 80))
    assert not colour.needs_care(profile("sRGB"))
    reading = read(packed(image, icc_profile=profile("sRGB")))
    assert tuple(reading.value[4, 4]) == (120, 200, 80)


def test_transparency_survives_a_profile():
    image = Image.new("RGBA", (8, 8), (120, 200, 80, 0))
    reading = read(packed(image, icc_profile=display_p3()))
    assert tuple(reading.value[4, 4]) == (255, 255, 255)


def test_a_palette_with_a_profile_is_turned_too():
    image = Image.new("RGB", (8, 8), (120, 200, 80)).convert("P", palette=Image.Palette.ADAPTIVE)
    reading = read(packed(image, icc_profile=display_p3()))
    assert np.abs(reading.value[4, 4].astype(int) - in_srgb(120, 200, 80)).max() <= 3


@pytest.mark.parametrize("data", [b"", b"nonsense", bytes(5_000_000), profile("LAB")])
def test_a_profile_that_cannot_be_used_is_none(data):
    assert colour.to_srgb(Image.new("RGB", (2, 2)), data) is None


def test_a_picture_without_a_profile_needs_no_care():
    assert not colour.needs_care(None)
    assert not colour.needs_care(b"")


def test_adobes_inverted_inks_are_the_same_colours():
    """Photoshop stores CMYK upside down and says so in a marker of its own."""
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    data = packed(red, "JPEG", quality=95)
    assert b"Adobe" in data
    value = read(data).value[8, 8].astype(int)
    assert value[0] > 200 > 60 > max(value[1:])
