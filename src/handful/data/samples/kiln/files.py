"""Writing the files of one row: photo, tap, note, whole or damaged as planned."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageEnhance
from PIL.ExifTags import GPS, IFD, Base

from handful.data.modalities.base import Sound
from handful.data.samples.kiln.notes import written
from handful.data.samples.kiln.plan import Row
from handful.data.samples.kiln.render import photograph
from handful.data.samples.kiln.scene import scene_of
from handful.data.samples.kiln.tap import tapped
from handful.foundation.errors import storage


def write_row(folder: Path, row: Row) -> None:
    """Write the files of a row into the folder.

    Args:
        folder: The sample's folder, with its sub-folders in place.
        row: As planned.

    Raises:
        StorageError: When the disk refuses.
    """
    for path, made in ((row.photo, _photo), (row.tap, _tap), (row.note_file, _note)):
        if path and not (row.detail == "missing file" and path == row.photo):
            with storage("write", folder / path):
                (folder / path).write_bytes(made(row))


def note_text(row: Row) -> str:
    """What the note says; empty when there is none."""
    return written(row.content) if "note" in row.content.has else ""


def _photo(row: Row) -> bytes:
    if row.fault == "damaged photo" and row.detail == "empty":
        return b""
    if row.fault == "damaged photo" and row.detail.startswith("text"):
        return b"Sorry, the picture did not upload. Ask Maud for the original.\n"
    firing = row.content.firing
    scene = scene_of(row.content.seed, firing.number, firing.backdrop)
    if row.other_scene:
        backdrop = "slate" if firing.backdrop == "sweep" else "sweep"
        scene = scene_of(row.content.seed, 10_000 + firing.number, backdrop)
    picture = Image.fromarray(photograph(row.content, scene=scene))
    exif = _somewhere() if row.fault == "GPS in photo" else None
    quality = scene.quality
    if row.fault == "near copy":
        picture, quality = _nearly(picture, row.detail.split(" of ")[0], quality)
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=quality, **({"exif": exif} if exif else {}))
    data = encoded.getvalue()
    if row.fault == "damaged photo":
        return data[: int(0.45 * len(data))]
    return data


def _nearly(picture: Image.Image, change: str, quality: int) -> tuple[Image.Image, int]:
    """A photo as it comes back from a chat, a shop page or somebody's phone."""
    wide, high = picture.size
    if change == "cropped":
        return picture.crop((6, 9, wide - 11, high - 5)), quality
    if change == "brighter":
        return ImageEnhance.Brightness(picture).enhance(1.12), quality
    if change == "smaller":
        return picture.resize((int(0.8 * wide), int(0.8 * high)), Image.Resampling.LANCZOS), 88
    return picture, 58


def _somewhere() -> Image.Exif:
    """A camera's EXIF block with the place where the photo was taken."""
    exif = Image.Exif()
    exif[Base.Make] = "Kiln"
    exif[Base.Model] = "Pocket 2"
    place = exif.get_ifd(IFD.GPSInfo)
    place[GPS.GPSLatitudeRef], place[GPS.GPSLatitude] = "N", (47.0, 22.0, 11.0)
    place[GPS.GPSLongitudeRef], place[GPS.GPSLongitude] = "E", (8.0, 32.0, 30.0)
    return exif


def _tap(row: Row) -> bytes:
    if row.fault == "damaged tap" and row.detail == "text":
        return b"recorder was off\n"
    sound = tapped(row.content)
    if row.fault == "near copy":
        sound = Sound(sound.samples * np.float32(0.8), sound.rate)
    data = encoded_sound(sound, Path(row.tap).suffix[1:])
    if row.fault == "damaged tap":
        return data[:44] if row.detail == "header only" else data[: int(0.4 * len(data))]
    return data


def encoded_sound(sound: Sound, container: str) -> bytes:
    """The sound as 16-bit WAV or FLAC."""
    encoded = io.BytesIO()
    whole = np.rint(sound.samples.astype(np.float64) * 32767).astype(np.int16)
    soundfile.write(encoded, whole, sound.rate, format=container.upper(), subtype="PCM_16")
    return encoded.getvalue()


def _note(row: Row) -> bytes:
    text = note_text(row)
    if row.detail == "not UTF-8":
        return (text + ", schön wär's, né?").encode("cp1252", "replace")
    return (text + "\n").encode()
