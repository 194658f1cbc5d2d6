"""A second opinion on a picture: FFmpeg decodes it too, and the two must agree.

FFmpeg's decoders of JPEG, PNG, WebP, GIF and BMP were written apart from the libraries behind
Pillow (libjpeg-turbo, libwebp, Pillow's own), and share only zlib with them. That they are apart
shows in what they refuse: of 600 photos with one bit changed our own reading refused 25, and with
FFmpeg 54; a comparison of what the two made of the others found 179 in all. simplejpeg, OpenCV,
pyvips and kornia-rs are libjpeg-turbo again (kornia-rs gave the same pixels as Pillow to the bit).

What is compared: the size, and the mean brightness and colour of up to 32 x 32 cells of at least
8 pixels. Cells, because JPEG leaves it to decoders how to round and how to spread colour, which is
stored at half size. 1,500 whole photos differed by at most 2.3 of 255 in brightness and 22 in
colour; PNG, GIF, BMP and lossless WebP by nothing. Where the first decoder had to translate, as
with CMYK, 16 bits, transparency and colour profiles, only size and wholeness are compared.

Runs in the process of its own, and only where the extra `media` is installed.
"""
# cells: [rows, columns, 3] brightness and two differences of colour, 0 to 255

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handful.data.modalities import apart
from handful.data.modalities.base import Picture
from handful.data.modalities.reading import Unreadable
from handful.foundation.hardware.extras import find_module

CODECS = {
    "image/jpeg": "mjpeg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
}
"""FFmpeg's names of its own decoders; nothing else of it is asked."""

BRIGHTNESS = 4.0
"""Largest difference of a cell's mean brightness, of 255."""
COLOUR = 32.0
"""The same for colour, which decoders spread differently."""

_CELLS, _CELL_PX = 32, 8


class NoAnswer(Exception):
    """The second decoder had no opinion, because it did not get that far."""


class Opinion(NamedTuple):
    """What the second decoder saw.

    Attributes:
        width: As stored, before turning.
        height: As stored.
        cells: Of the picture as stored, uint8.
    """

    width: int
    height: int
    cells: NDArray[np.uint8]


def ask(mime: str, data: bytes) -> Opinion | None:
    """Have FFmpeg decode a picture.

    Args:
        mime: The sniffed type.
        data: The whole file, accepted by the first decoder.

    Returns:
        None when there is nobody to ask, or FFmpeg does not know this kind of picture.

    Raises:
        Unreadable: When it refuses the picture.
        NoAnswer: When it crashed, took too long, or too much memory; that is FFmpeg's fault as
            easily as the picture's.
    """
    if mime not in CODECS or not find_module("av").is_installed:
        return None
    try:
        answer = apart.ask("second", data, {"mime": mime})
    except Unreadable as error:
        raise NoAnswer(error.what) from error
    found = answer.facts
    if "refused" in found:
        raise Unreadable("image/second_refuses", error=str(found["refused"])[:200])
    if "unknown" in found:
        return None
    try:
        rows, columns = int(found["rows"]), int(found["columns"])
        cells = np.frombuffer(answer.data, np.uint8).reshape(rows, columns, 3)
        return Opinion(int(found["width"]), int(found["height"]), cells)
    except (KeyError, TypeError, ValueError) as error:
        raise NoAnswer("its answer made no sense") from error


def compare(picture: Picture, cells: NDArray[np.uint8]) -> None:
    """Refuse a picture of which the second decoder made another one.

    Args:
        picture: What the first one made.
        cells: What the second one made of it, turned in the same way.

    Raises:
        Unreadable: When they differ by more than decoders may.
    """
    rows, columns = cells.shape[:2]
    mean = np.asarray(Image.fromarray(picture).resize((columns, rows), Image.Resampling.BOX))
    apart_by = np.abs(_brightness_and_colour(mean) - cells)
    brightness, colour = float(apart_by[..., 0].max()), float(apart_by[..., 1:].max())
    if brightness > BRIGHTNESS or colour > COLOUR:
        raise Unreadable(
            "image/decoders_disagree", brightness=f"{brightness:.0f}", colour=f"{colour:.0f}"
        )


def read_here(data: bytes, request: Mapping[str, Any]) -> apart.Answer:
    """Decode by FFmpeg, in the process of its own.

    Args:
        data: The whole file.
        request: With its `mime`.

    Returns:
        Size and cells; `refused` with FFmpeg's words; or `unknown`.
    """
    import av

    decoder: Any = av.CodecContext.create(CODECS[request["mime"]], "r")
    decoder.thread_count = 1
    decoder.options = {"err_detect": "crccheck+bitstream+buffer+explode"}
    try:
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except (av.error.PatchWelcomeError, NotImplementedError):
        return apart.Answer({"unknown": True}, b"")
    except (av.error.FFmpegError, ValueError) as error:
        return apart.Answer({"refused": getattr(error, "strerror", None) or str(error)}, b"")
    if not frames:
        return apart.Answer({"refused": "it found no picture"}, b"")
    frame = frames[0]
    cells = np.clip(np.rint(_cells(frame)), 0, 255).astype(np.uint8)
    size = {"width": frame.width, "height": frame.height}
    rows, columns = cells.shape[:2]
    return apart.Answer({**size, "rows": rows, "columns": columns}, cells.tobytes())


def _cells(frame: Any) -> NDArray[np.float64]:
    columns, rows = (max(1, min(_CELLS, side // _CELL_PX)) for side in (frame.width, frame.height))
    size, name = (columns, rows), frame.format.name
    if not name.startswith("yuv") or len(frame.planes) != 3:
        rgb = Image.fromarray(frame.to_ndarray(format="rgb24"))
        return _brightness_and_colour(np.asarray(rgb.resize(size, Image.Resampling.BOX)))
    # As stored: FFmpeg would spread the colour in a third way.
    planes = np.stack([_mean(plane, size) for plane in frame.planes], axis=2)
    if not name.startswith("yuvj"):  # video's range, 16 to 235 and 16 to 240
        planes[..., 0] = (planes[..., 0] - 16) * (255 / 219)
        planes[..., 1:] = (planes[..., 1:] - 128) * (255 / 224) + 128
    return planes


def _mean(plane: Any, size: tuple[int, int]) -> NDArray[np.float64]:
    held = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    image = Image.fromarray(np.ascontiguousarray(held[: plane.height, : plane.width]))
    return np.asarray(image.resize(size, Image.Resampling.BOX)).astype(np.float64)


def _brightness_and_colour(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Source: ITU-R BT.601, as JFIF uses it."""
    red, green, blue = np.moveaxis(rgb.astype(np.float64), 2, 0)
    brightness = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.stack(
        [brightness, 128 + 0.564 * (blue - brightness), 128 + 0.713 * (red - brightness)], axis=2
    )
