"""Bytes of an image file to a `Picture`, strictly.

A picture is decoded whole or refused: a file that ends early, has a wrong checksum, claims more
pixels than allowed, or gives its container and its decoder two sizes never becomes an item. The
orientation a camera wrote beside the pixels is applied here, once; transparency is laid over white;
16-bit, palette, grey and CMYK become RGB, and colours of an embedded profile become sRGB.

JPEG, PNG, WebP, GIF and BMP are decoded in this process; TIFF, AVIF, HEIC and whatever carries a
colour profile of its own in another one, see `apart`. HEIC needs the extra `media`: pillow-heif,
whose wheels bundle libheif and libde265 (LGPL-3) and libx265 (GPL-2).
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageFile

from handful.data.modalities import apart, caps
from handful.data.modalities.base import Picture
from handful.data.modalities.image import colour, inner, keywords, rows, second, structure, warned
from handful.data.modalities.reading import Reading, Unreadable
from handful.data.modalities.sniff import HEAD, sniff
from handful.foundation.errors import require
from handful.foundation.hardware.extras import find_module

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
"""What Pillow may try in this process. JPEG includes MPO."""

ODD = ("TIFF", "AVIF", "HEIF")
"""What it may try in a process of its own; anything else it is never asked for."""

_ODD_TYPES = ("image/tiff", "image/avif", "image/heic")

# Every size is compared with our own cap below, and damage is an exception or a note: Pillow's
# warnings about the same things would only reach somebody's terminal.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

_DEEPER = {"image/jpeg": warned.check, "image/png": rows.check}
"""What is looked at once a picture's size is known to be within the cap."""

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

    max_bytes: int = caps.IMAGE_BYTES
    """Largest file that is opened."""
    max_pixels: int = caps.IMAGE_PIXELS
    """Largest width x height; a phone's 50 megapixels pass, a bomb does not."""
    min_side: int = caps.IMAGE_SIDE
    """Shortest side in pixels."""
    twice: bool = True
    """Have another decoder look at it too, where the extra `media` is installed; see `second`."""

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
        apply `animated`, `gps`, `keywords`, `trailing_bytes`, and `decoders` (2) where another
        decoder, written apart from the first, made the same picture of it.

    Raises:
        Unreadable: With the reason, when it is no whole picture within the limits.
    """
    config = config or Config()
    mime = _checked_type(data, config)
    frame = structure.check(mime, data)
    for size in frame.sizes:
        _check_pixels(size, config)
    if mime in _DEEPER:
        _DEEPER[mime](data)
    seen = _read_apart(data, config) if mime in _ODD_TYPES else _decode(data, config)
    picture, notes, facts = seen
    stored = (facts.pop("stored_width"), facts.pop("stored_height"))
    if not frame.agrees(*stored):
        raise Unreadable("image/sizes_disagree", decoder=stored, container=sorted(frame.sizes))
    is_plain = facts.pop("plain")
    if config.twice and not facts.get("animated"):  # of which FFmpeg reads other frames
        try:
            opinion = second.ask(mime, data)
        except second.NoAnswer:
            opinion = None
            notes.add("image/second_failed")
        if opinion:
            _compare(picture, stored, facts["orientation"], opinion, is_plain)
            facts["decoders"] = 2
    if frame.trailing:
        notes.add("image/trailing_data")
        facts["trailing_bytes"] = frame.trailing
    height, width = picture.shape[:2]
    return Reading(
        value=picture,
        mime=mime,
        hasher=content_hash,
        notes=tuple(sorted(notes)),
        meta={"width": width, "height": height, **facts},
    )


def read_here(data: bytes, request: Mapping[str, Any]) -> apart.Answer:
    """Decode in the process of its own, where every format and every profile is allowed.

    Args:
        data: The whole file.
        request: With the fields of `Config`.
    """
    if sniff(data[:HEAD]) == "image/heic":
        import pillow_heif

        pillow_heif.register_heif_opener()
    config = Config(**{field.name: request[field.name] for field in fields(Config)})
    picture, notes, facts = _decode(data, config, is_apart=True)
    height, width = picture.shape[:2]
    found = {"width": width, "height": height, "notes": sorted(notes), "facts": facts}
    return apart.Answer(found, np.ascontiguousarray(picture).tobytes())


def _compare(
    picture: Picture,
    stored: tuple[int, int],
    orientation: int,
    opinion: second.Opinion,
    is_plain: bool,
) -> None:
    if stored != (opinion.width, opinion.height):
        found = [(opinion.width, opinion.height)]
        raise Unreadable("image/sizes_disagree", decoder=stored, container=found)
    if is_plain:
        second.compare(picture, _turned(opinion.cells, orientation))


class _Seen(NamedTuple):
    """A decoded picture with what was noticed on the way."""

    picture: Picture
    notes: set[str]
    facts: dict[str, Any]


def _read_apart(data: bytes, config: Config) -> _Seen:
    answer = apart.ask("image", data, asdict(config))
    try:
        found = answer.facts
        shape = (int(found["height"]), int(found["width"]), 3)
        picture = np.frombuffer(answer.data, np.uint8).reshape(shape)
        return _Seen(picture, set(found["notes"]), dict(found["facts"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("file/reader_crashed", how="its answer made no sense") from error


def _decode(data: bytes, config: Config, *, is_apart: bool = False) -> _Seen:
    facts: dict[str, Any] = {}
    notes: set[str] = set()
    formats = FORMATS + ODD if is_apart else FORMATS
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            _check_size(image, config)
            profile = image.info.get("icc_profile")
            if not is_apart and colour.needs_care(profile):
                return _read_apart(data, config)
            facts["stored_width"], facts["stored_height"] = image.size
            stored = _orientation(image) if image.format == "TIFF" else 1
            image.load()  # which already turns a TIFF, and nothing else
            orientation = _orientation(image)
            _look_for_place(image, notes, facts)
            if inner.shows_another(image):
                notes.add(inner.NOTE)
            facts["mode"] = image.mode
            facts["plain"] = _is_plain(image, profile)
            facts["orientation"] = max(orientation, stored)
            if words := keywords.of(image):
                facts["keywords"] = words
            picture = _turned(_as_rgb(image, profile, notes), orientation)
            _look_at_frames(image, notes, facts)
    except Unreadable:
        raise
    except Exception as error:  # hostile bytes make decoders raise nearly anything
        raise _decoder_refused(error, len(data)) from error
    return _Seen(picture, notes, facts)


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
    if mime == "image/heic" and not find_module("pillow_heif").is_installed:
        raise Unreadable("image/needs_media")
    if mime == "image/svg+xml":
        raise Unreadable("image/svg")
    if not mime.startswith("image/"):
        raise Unreadable("image/not_recognised", found=mime)
    return mime


def _check_size(image: ImageFile.ImageFile, config: Config) -> None:
    """Only the header was read up to here, so a bomb has cost nothing yet."""
    width, height = image.size
    _check_pixels(image.size, config)
    if min(width, height) < config.min_side:
        raise Unreadable("image/too_thin", width=width, height=height, least=config.min_side)


def _check_pixels(size: tuple[int, int], config: Config) -> None:
    width, height = size
    if width * height > config.max_pixels:
        raise Unreadable("image/too_many_pixels", size=f"{width} x {height}", cap=config.max_pixels)


def _is_plain(image: Image.Image, profile: bytes | None) -> bool:
    """Whether its numbers are the colours, so that another decoder gives the same ones."""
    is_simple = image.mode in ("RGB", "L", "P") and not image.has_transparency_data
    return is_simple and not colour.needs_care(profile)


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


def _as_rgb(image: Image.Image, profile: bytes | None, notes: set[str]) -> Picture:
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(image)
    if profile and colour.needs_care(profile):
        if image.mode in ("P", "PA", "1", "LA"):
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        turned = colour.to_srgb(image, profile)
        notes.update(() if turned else ("image/broken_profile",))
        image = turned or image
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
