"""Pieces of pages: a picture, a sound and words as HTML that loads nothing and runs nothing."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
from PIL import Image

from handful.data.modalities.base import Picture, Sound, Words

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
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img class="photo" alt="{html.escape(alt)}" src="data:image/jpeg;base64,{data}">'


def wave(sound: Sound, bars: int = _BARS) -> str:
    """A sound as a row of bars.

    Args:
        sound: Any length.
        bars: How many.
    """
    step = 4
    lines = "".join(
        f'<rect x="{place * step}" y="{(_HEIGHT - max(2.0, peak * _HEIGHT)) / 2:.1f}" width="2.4" '
        f'height="{max(2.0, peak * _HEIGHT):.1f}" rx="1.2"/>'
        for place, peak in enumerate(waveform(sound, bars))
    )
    return (
        f'<svg class="wave" viewBox="0 0 {bars * step} {_HEIGHT}" role="img" '
        f'aria-label="the sound, {sound.seconds:.1f} seconds">{lines}</svg>'
    )


def waveform(sound: Sound, bars: int = _BARS) -> list[float]:
    """The loudness of a sound over its length.

    Args:
        sound: Any length.
        bars: How many figures.

    Returns:
        `bars` numbers from 0 to 1: the peak of each part, relative to the loudest.
    """
    if not len(sound.samples):
        return [0.0] * bars
    parts = np.array_split(np.abs(sound.samples.astype(np.float64)), bars)
    peaks = np.array([part.max() if len(part) else 0.0 for part in parts])
    return (peaks / max(float(peaks.max()), 1e-9)).tolist()


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
