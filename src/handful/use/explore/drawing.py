"""Pieces of pages: a picture, a sound and words as HTML that loads nothing and runs nothing."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from handful.data.modalities.base import Picture, Sound, Words
from handful.data.operators.thumbnail import peaks

_BARS = 96
_HEIGHT = 64


def photo(picture: Picture, *, side: int = 0, quality: int = 90, alt: str = "the photo") -> str:
    """A picture inside the page.

    Args:
        picture: `[height, width, 3]` uint8.
        side: The longer side in pixels at most; 0 keeps the size.
        quality: Of the JPEG, 1 to 95.
        alt: What is read out instead.
    """
    image = Image.fromarray(np.ascontiguousarray(picture))
    if side:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=quality)
    return jpeg(buffer.getvalue(), alt)


def jpeg(data: bytes, alt: str) -> str:
    """A picture inside the page, as it is.

    Args:
        data: A JPEG.
        alt: What is read out instead.
    """
    packed = base64.b64encode(data).decode("ascii")
    return f'<img class="photo" alt="{html.escape(alt)}" src="data:image/jpeg;base64,{packed}">'


def wave(sound: Sound, bars: int = _BARS) -> str:
    """A sound as a row of bars.

    Args:
        sound: Any length.
        bars: How many.
    """
    return bars_of(waveform(sound, bars), sound.seconds)


def bars_of(heights: Sequence[float], seconds: float) -> str:
    """A row of bars.

    Args:
        heights: From 0 to 1.
        seconds: Length of the sound they are of.
    """
    step = 4
    lines = "".join(
        f'<rect x="{place * step}" y="{(_HEIGHT - max(2.0, peak * _HEIGHT)) / 2:.1f}" width="2.4" '
        f'height="{max(2.0, peak * _HEIGHT):.1f}" rx="1.2"/>'
        for place, peak in enumerate(heights)
    )
    return (
        f'<svg class="wave" viewBox="0 0 {len(heights) * step} {_HEIGHT}" role="img" '
        f'aria-label="the sound, {seconds:.1f} seconds">{lines}</svg>'
    )


def waveform(sound: Sound, bars: int = _BARS) -> list[float]:
    """The loudness of a sound over its length.

    Args:
        sound: Any length.
        bars: How many figures.

    Returns:
        `bars` numbers from 0 to 1: the peak of each part, relative to the loudest.
    """
    return peaks(sound, bars).tolist()


def note(text: Words, longest: int = 160) -> str:
    """Words, cut where they are long.

    Args:
        text: Language to text.
        longest: Characters that are shown.
    """
    joined = " ".join(part for part in text.values() if part)
    shown = joined
    if len(joined) > longest:
        cut = joined[: longest - 3]
        shown = (cut.rsplit(" ", 1)[0] if " " in cut else cut) + " …"
    return f'<blockquote class="note">{html.escape(shown)}</blockquote>'
