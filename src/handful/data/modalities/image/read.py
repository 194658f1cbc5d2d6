"""Bytes of an image file to a `Picture`, strictly.

A picture is decoded whole or refused: a file that ends early, has a wrong checksum, or claims more
pixels than allowed never becomes an item. The orientation a camera wrote beside the pixels is
applied here, once; transparency is laid over white; 16-bit, palette, grey and CMYK become RGB.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageFile

from handful.data.modalities.base import Picture
from handful.data.modalities.image.structure import trailing_bytes
from handful.data.modalities.reading import Reading, Unreadable
from handful.data.modalities.sniff import HEAD, sniff
from handful.foundation.errors import require

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")
"""What Pillow may try; other formats are little tested against hostile files. JPEG includes MPO."""

# Every size is compared with our own cap below, and damage is an exception or a note: Pillow's
# warnings about the same things would only reach somebody's terminal.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is accepted as an image."""

    max_bytes: int = 100_000_000
    """Largest file that is opened."""
    max_pixels: int = 80_000_000
    """Largest width x height; a phone's 50 megapixels pass, a bomb does not."""
    min_side: int = 2
    """Shortest side in pixels."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.max_bytes > 0, "max_bytes", self.max_bytes, "above 0")
        allowed = 0 < self.max_pixels <= 170_000_000  # beyond, Pillow itself refuses
        require(allowed, "max_pixels", self.max_pixels, "in [1, 170000000]")
        require(self.min_side >= 1, "min_side", self.min_side, "1 or more")


def read(data: bytes, config: Config | None = None) -> Reading[Picture]:
    """Decode an image.

    Args:
        data: The whole file.
        config: Limits; the defaults when left out.

    Returns:
        The `[height, width, 3]` uint8 RGB picture with its facts: `width` and `height` as seen
        (after turning), `mode` as stored, `orientation` as the camera wrote it, and where they
        apply `frames`, `gps`, `trailing_bytes`.

    Raises:
        Unreadable: With the reason, when it is no whole picture within the limits.
    """
    config = config or Config()
    mime = _checked_type(data, config)
    trailing = trailing_bytes(mime, data)
    facts: dict[str, Any] = {}
    notes: set[str] = set()
    if trailing:
        notes.add("image/trailing_data")
        facts["trailing_bytes"] = trailing
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image, config)
            stored = _orientation(image) if image.format == "TIFF" else 1
            image.load()  # which already turns a TIFF, and nothing else
            orientation = _orientation(image)
            _look_for_place(image, notes, facts)
            facts["mode"] = image.mode
            facts["orientation"] = max(orientation, stored)
            picture = _turned(_as_rgb(image), orientation)
            _look_at_frames(image, notes, facts)
    except Unreadable:
        raise
    except Exception as error:  # hostile bytes make decoders raise nearly anything
        raise _decoder_refused(error, len(data)) from error
    height, width = picture.shape[:2]
    return Reading(
        value=picture,
        mime=mime,
        content_sha256=content_hash(picture),
        notes=tuple(sorted(notes)),
        meta={"width": width, "height": height, **facts},
    )


def content_hash(picture: Picture) -> str:
    """Hash what is seen: equal pictures have equal hashes, however they were packed.

    Args:
        picture: `[height, width, 3]` uint8.
    """
    height, width = picture.shape[:2]
    digest = hashlib.sha256(f"image {height} {width} ".encode())
    digest.update(np.ascontiguousarray(picture).data)
    return digest.hexdigest()


def _checked_type(data: bytes, config: Config) -> str:
    if not data:
        raise Unreadable("file/empty")
    if len(data) > config.max_bytes:
        raise Unreadable("file/too_large", size=len(data), cap=config.max_bytes)
    mime = sniff(data[:HEAD])
    if mime == "image/heic":
        raise Unreadable("image/heic")
    if mime == "image/svg+xml":
        raise Unreadable("image/svg")
    if not mime.startswith("image/"):
        raise Unreadable("image/not_recognised", found=mime)
    return mime


def _check_size(image: ImageFile.ImageFile, config: Config) -> None:
    """Only the header was read up to here, so a bomb has cost nothing yet."""
    width, height = image.size
    if width * height > config.max_pixels:
        raise Unreadable("image/too_many_pixels", size=f"{width} x {height}", cap=config.max_pixels)
    if min(width, height) < config.min_side:
        raise Unreadable("image/too_thin", width=width, height=height, least=config.min_side)


def _orientation(image: Image.Image) -> int:
    """1 to 8, as the camera wrote it and as far as it is still to be applied."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # the parser raises whatever the bytes make it stumble over
        return 1
    return orientation if orientation in _TURNS else 1


def _look_for_place(image: Image.Image, notes: set[str], facts: dict[str, Any]) -> None:
    """Damaged EXIF is no reason to lose a whole picture."""
    try:
        has_place = bool(image.getexif().get_ifd(ExifTags.IFD.GPSInfo))
    except Exception:  # as above
        notes.add("image/broken_exif")
        return
    if has_place:
        notes.add("image/gps")
        facts["gps"] = True


def _look_at_frames(image: Image.Image, notes: set[str], facts: dict[str, Any]) -> None:
    """Pages and animation; a phone's MPO holds one photo and side products of it."""
    if image.format != "MPO" and getattr(image, "is_animated", False):
        notes.add("image/first_frame")
        facts["animated"] = True


def _as_rgb(image: Image.Image) -> Picture:
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    if image.mode == "LAB":
        raise Unreadable("image/unsupported_depth", mode=image.mode)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _from_deep(image: Image.Image) -> Picture:
    """Scale 16 bits to 8; Pillow's own conversion cuts everything above 255 to white."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise Unreadable("image/unsupported_depth", mode=image.mode)
    grey = ((values.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _turned(picture: Picture, orientation: int) -> Picture:
    if orientation == 1:
        return picture
    return np.asarray(Image.fromarray(picture).transpose(_TURNS[orientation]))


def _decoder_refused(error: Exception, size: int) -> Unreadable:
    text = str(error)
    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError)
    if isinstance(error, bombs):
        return Unreadable("image/too_many_pixels", size="far too many", cap="fewer")
    if isinstance(error, EOFError) or "truncated" in text.lower():
        return Unreadable("image/truncated")
    if isinstance(error, Image.UnidentifiedImageError):
        text = f"nothing in its {size} bytes fits its type"
    return Unreadable("image/damaged", error=text.rstrip(".") or type(error).__name__)
