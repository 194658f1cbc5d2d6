"""Hostile pictures."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageCms

from hostile.cases import (
    Case,
    bad,
    chunk,
    cuts,
    good,
    heic,
    photo,
    picture,
    png,
    spoiled,
    tiff,
    with_inner,
    zipped,
)

KINDS = {
    "jpg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "tif": "TIFF",
    "bmp": "BMP",
    "avif": "AVIF",
}
UNSOUND = ("image/truncated", "image/damaged", "image/not_recognised", "image/sizes_disagree")


def whole() -> dict[str, bytes]:
    """One whole picture of each kind that is installed, by ending."""
    found = {ending: picture(kind) for ending, kind in KINDS.items()}
    with contextlib.suppress(ImportError):
        found["heic"] = heic()
    return found


def images() -> Iterator[Case]:
    yield from _whole_and_cut()
    yield from _damaged()
    yield from _bombs()
    yield from _odd_but_fine()
    yield from _turned()
    yield from _not_pictures()


def _whole_and_cut() -> Iterator[Case]:
    for ending, data in whole().items():
        needs = "pillow_heif" if ending == "heic" else ""
        yield good(f"whole.{ending}", data, needs=needs)
        yield bad(f"empty.{ending}", b"", "file/empty")
        for where, cut in cuts(data):
            yield bad(f"cut-{where}.{ending}", cut, *UNSOUND, needs=needs)


def _damaged() -> Iterator[Case]:
    # Of the lossy kinds only JPEG tells: in a WebP or an AVIF any bytes are some picture.
    for ending in ("jpg", "png", "gif"):
        data = whole()[ending]
        for seed in range(4):
            broken = spoiled(data, 0.4, 2000, seed)
            yield bad(f"random-bytes-{seed}.{ending}", broken, *UNSOUND)
    checksum = bytearray(whole()["png"])
    checksum[60] ^= 1
    yield bad("wrong-checksum.png", bytes(checksum), "image/damaged")
    jpeg = whole()["jpg"]
    size = jpeg.index(b"\xff\xc0") + 5
    taller = jpeg[:size] + (800).to_bytes(2, "big") + jpeg[size + 2 :]
    yield bad("header-says-taller.jpg", taller, "image/damaged")
    shorter = jpeg[:size] + (16).to_bytes(2, "big") + jpeg[size + 2 :]
    yield bad("header-says-shorter.jpg", shorter, "image/damaged")
    yield bad("header-says-taller.png", png(8, 400, bytes(25 * 8)), *UNSOUND)
    yield bad("header-says-shorter.png", png(8, 2, bytes(25 * 8)), *UNSOUND)
    yield bad("no-picture.png", png(8, 8, b""), *UNSOUND)
    yield bad("no-picture.jpg", b"\xff\xd8\xff\xd9", "image/damaged")
    yield bad("no-picture.gif", b"GIF89a\x08\x00\x08\x00\x00\x00\x00;", "image/truncated")
    yield bad("no-size.gif", b"GIF89a" + bytes(7) + b";", *UNSOUND)
    yield bad("strip-beyond-the-end.tif", tiff(4, 3, place=10_000), "image/truncated")
    yield bad("no-size.tif", tiff(0, 3), "image/damaged")
    yield bad("directory-beyond-the-end.tif", b"II*\x00\xff\xff\xff\x7f", "image/truncated")
    box = b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf"
    yield bad("no-picture.avif", box, *UNSOUND)
    yield bad("box-beyond-the-end.avif", box + b"\x7f\xff\xff\xffmeta", "image/truncated")
    yield bad("box-of-no-length.avif", box + b"\x00\x00\x00\x03meta", "image/damaged")


def _bombs() -> Iterator[Case]:
    yield bad("bomb.png", png(60_000, 60_000, bytes(1000)), "image/too_many_pixels")
    yield bad("bomb-that-fits-no-number.png", png(2**31, 2**31, b""), "image/too_many_pixels")
    rows = zlib.compress(bytes(30_000_000), 9)
    text = chunk(b"zTXt", b"Comment\x00\x00" + rows)
    yield bad("bomb-in-the-text.png", png(8, 8, bytes(25 * 8), text), "image/damaged")
    profile = chunk(b"iCCP", b"icc\x00\x00" + rows)
    yield bad("bomb-in-the-profile.png", png(8, 8, bytes(25 * 8), profile), "image/damaged")
    gif = bytearray(picture("GIF"))
    gif[6:10] = b"\xff\xff\xff\xff"
    yield bad("bomb.gif", bytes(gif), "image/too_many_pixels")
    lossless = bytearray(picture("WEBP", lossless=True))
    at = lossless.index(b"VP8L") + 9
    lossless[at : at + 4] = (0x0FFFFFFF).to_bytes(4, "little")
    yield bad("bomb.webp", bytes(lossless), "image/too_many_pixels")
    yield bad("bomb.tif", tiff(60_000, 60_000), "image/too_many_pixels")
    bmp = bytearray(picture("BMP"))
    bmp[18:26] = struct.pack("<2i", 60_000, 60_000)
    yield bad("bomb.bmp", bytes(bmp), "image/truncated")
    jpeg = bytearray(picture("JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = b"\xff\xff\xff\xff"
    yield bad("bomb.jpg", bytes(jpeg), "image/too_many_pixels")
    avif = picture("AVIF")
    at = avif.index(b"ispe") + 8
    vast = avif[:at] + struct.pack(">2I", 60_000, 60_000) + avif[at + 8 :]
    yield bad("bomb.avif", vast, "image/too_many_pixels")
    yield bad("thousands-of-scans.jpg", _scans(3000), "image/too_many_scans")
    yield bad("one-pixel.png", picture("PNG", Image.new("RGB", (1, 1))), "image/too_thin")
    yield bad("a-line.png", picture("PNG", Image.new("RGB", (1, 20_000))), "image/too_thin")


def _scans(count: int) -> bytes:
    """A progressive JPEG whose last pass comes again and again."""
    data = picture("JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def _odd_but_fine() -> Iterator[Case]:
    grey = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    yield good("sixteen-bits.png", picture("PNG", Image.fromarray(grey)))
    inks = photo().convert("CMYK")
    yield good("inks.jpg", picture("JPEG", inks))
    yield good("inks.tif", picture("TIFF", inks))
    yield good("palette.png", picture("PNG", photo().convert("P"), transparency=0))
    clear = photo().convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    yield good("transparent.png", picture("PNG", clear))
    yield good("transparent.webp", picture("WEBP", clear))
    yield good("black.png", picture("PNG", Image.new("RGB", (64, 64))))
    yield good("one-colour.jpg", picture("JPEG", Image.new("RGB", (64, 64), (9, 99, 199))))
    yield good("progressive.jpg", picture("JPEG", progressive=True))
    broken = b"no profile at all" * 300
    yield good("broken-profile.jpg", picture("JPEG", icc_profile=broken), "image/broken_profile")
    vast = picture("JPEG", icc_profile=bytes(5_000_000))
    yield good("vast-profile.jpg", vast, "image/broken_profile")
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    yield good(
        "profile-of-another-kind.png", picture("PNG", icc_profile=lab), "image/broken_profile"
    )
    place = Image.Exif()
    place[0x8825] = {1: "N", 2: (48.0, 12.0, 0.0)}
    yield good("place.jpg", picture("JPEG", exif=place), "image/gps")
    other = with_inner(photo(), picture("JPEG", photo().rotate(45).resize((80, 64))))
    yield good("shows-another-inside.jpg", other, "image/other_thumbnail")
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "green", "blue")]
    for ending, kind in {"gif": "GIF", "webp": "WEBP", "png": "PNG", "tif": "TIFF"}.items():
        data = picture(kind, frames[0], save_all=True, append_images=frames[1:])
        yield good(f"several-frames.{ending}", data, "image/first_frame")
    yield good("directory-that-leads-to-itself.tif", tiff(4, 3, following=20))
    yield good("png-in-disguise.jpg", picture("PNG"), "file/wrong_suffix")
    hidden = zipped({"run.sh": b"rm -rf /"})
    for ending in ("jpg", "png", "gif", "webp"):
        data = picture(KINDS[ending]) + hidden
        yield good(f"picture-and-archive.{ending}", data, "image/trailing_data")


def _turned() -> Iterator[Case]:
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        for ending in ("jpg", "tif", "avif"):
            yield good(f"turned-{turn}.{ending}", picture(KINDS[ending], exif=exif))


def _not_pictures() -> Iterator[Case]:
    page = b"<!DOCTYPE html><title>404</title><p>Not found"
    yield bad("error-page.jpg", page, "image/not_recognised")
    yield bad("noise.png", np.random.default_rng(5).bytes(5000), "image/not_recognised")
    yield bad("pickle.jpg", b"\x80\x04\x95\x20\x00\x00\x00" + bytes(40), "image/not_recognised")
    yield bad("program.png", b"\x7fELF" + bytes(400), "image/not_recognised")
    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield bad("script.svg", script, "image/svg")
    outside = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
    yield bad("entity.svg", outside, "image/svg")
    yield bad("script-in-disguise.png", script, "image/svg")
