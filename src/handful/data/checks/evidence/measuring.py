"""Plain numbers about pictures and sounds: how light, how sharp, how loud; what a lazy model sees.

Every file is measured once per run of the checks, whoever asks first.

Source of the sharpness: Crete et al., The blur effect (SPIE 2007): what is blurred already changes
little when it is blurred again, so drawings with plain areas are not taken for blurred photos.
"""
# H height, W width, T samples

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter1d

from handful.data.checks.base import View
from handful.data.modalities.base import Picture, Sound

_LARGEST = 512
_BLUR = 9
_MOST_WHITE_BORDER = 0.6
_FRAME_S = 0.02
_SILENT = 1e-3
"""-60 dB of full scale."""


class PictureFacts(NamedTuple):
    """What is measured of a picture.

    Attributes:
        width: In pixels.
        height: In pixels.
        dark: Lightness that one pixel of a hundred exceeds, in [0, 1]; low when all is dark.
        bright: Lightness that 99 of a hundred exceed, in [0, 1]; high when all is bright.
        spread: Standard deviation of the lightness, in [0, 0.5].
        blur: In [0, 1]: how little sharper it is than itself blurred.
        burnt: Share of pixels of which two colours are at their end; 0 on a white backdrop.
        border: Mean red, green, blue along the border, in [0, 1].
        border_spread: Standard deviation along the border, in [0, 0.5]; 0 for one colour.
        bytes_per_pixel: Of its file.
    """

    width: int
    height: int
    dark: float
    bright: float
    spread: float
    blur: float
    burnt: float
    border: tuple[float, float, float]
    border_spread: float
    bytes_per_pixel: float


class SoundFacts(NamedTuple):
    """What is measured of a sound.

    Attributes:
        seconds: Its length.
        rate: Samples per second.
        peak: Largest absolute sample.
        loudness: Root mean square.
        clipped: Share of samples in runs of three or more equal ones at its peak.
        silent: Share of time below -60 dB.
        silent_start: Seconds below -60 dB before it begins.
        offset: Mean of all samples.
        bytes_per_second: Of its file.
    """

    seconds: float
    rate: int
    peak: float
    loudness: float
    clipped: float
    silent: float
    silent_start: float
    offset: float
    bytes_per_second: float


def pictures_of(view: View) -> dict[str, PictureFacts]:
    """The facts of every picture: item id to facts; files that cannot be read are left out.

    Args:
        view: The library.
    """
    if "pictures" not in view.shared:
        view.shared["pictures"] = {
            item.id: picture_facts(value, part.size) for item, part, value in view.decoded("image")
        }
    return view.shared["pictures"]


def sounds_of(view: View) -> dict[str, SoundFacts]:
    """The facts of every sound: item id to facts; files that cannot be read are left out.

    Args:
        view: The library.
    """
    if "sounds" not in view.shared:
        view.shared["sounds"] = {
            item.id: sound_facts(value, part.size) for item, part, value in view.decoded("audio")
        }
    return view.shared["sounds"]


def picture_facts(picture: Picture, size: int = 0) -> PictureFacts:
    """Measure a picture.

    Args:
        picture: `[H, W, 3]` uint8; what was transparent is white.
        size: Bytes of its file.
    """
    height, width = picture.shape[:2]
    light = _light(picture)
    low, high = np.quantile(light, [0.01, 0.99])
    border = _border(picture)
    return PictureFacts(
        width=width,
        height=height,
        dark=float(high),
        bright=float(low),
        spread=float(light.std()),
        blur=blur_of(light),
        burnt=_burnt(picture),
        border=tuple((border.mean(axis=0) / 255).tolist()),
        border_spread=float(border.std(axis=0).mean() / 255),
        bytes_per_pixel=size / (height * width),
    )


def sound_facts(sound: Sound, size: int = 0) -> SoundFacts:
    """Measure a sound.

    Args:
        sound: Any length.
        size: Bytes of its file.
    """
    samples = sound.samples
    loud = np.abs(samples)
    peak = float(loud.max(initial=0.0))
    frames = _frames(samples, sound.rate)
    is_silent = frames < _SILENT
    start = int(np.argmin(is_silent)) if len(is_silent) and not is_silent.all() else len(is_silent)
    return SoundFacts(
        seconds=sound.seconds,
        rate=sound.rate,
        peak=peak,
        loudness=float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0,
        clipped=_clipped(samples, peak),
        silent=float(is_silent.mean()) if len(is_silent) else 1.0,
        silent_start=start * _FRAME_S,
        offset=float(samples.mean()) if len(samples) else 0.0,
        bytes_per_second=size / max(sound.seconds, 1e-3),
    )


def blur_of(light: NDArray[np.float32]) -> float:
    """How little sharper a picture is than itself blurred: near 0 for sharp, near 1 for blurred.

    Args:
        light: `[H, W]` lightness in [0, 1].

    Returns:
        In [0, 1]; 0 for a picture of one colour, of which nothing can be told.
    """
    found = []
    for axis in (0, 1):
        again = uniform_filter1d(light, _BLUR, axis=axis)
        before = np.abs(np.diff(light, axis=axis))
        after = np.abs(np.diff(again, axis=axis))
        total = float(before.sum())
        if total / max(before.size, 1) < 1e-4:
            continue
        found.append(1 - float(np.maximum(before - after, 0).sum()) / total)
    return max(found, default=0.0)


def _light(picture: Picture) -> NDArray[np.float32]:
    """`[H, W]` lightness in [0, 1], of no more than 512 pixels a side."""
    image = Image.fromarray(picture).convert("L")
    factor = -(-max(image.size) // _LARGEST)
    small = image.reduce(factor) if factor > 1 else image
    return np.asarray(small, np.float32) / np.float32(255)


def _border(picture: Picture) -> NDArray[np.float64]:
    edge = max(1, min(picture.shape[:2]) // 32)
    sides = (picture[:edge], picture[-edge:], picture[:, :edge], picture[:, -edge:])
    return np.concatenate([side.reshape(-1, 3) for side in sides]).astype(np.float64)


def _burnt(picture: Picture) -> float:
    """Share that is burnt out; a white backdrop that reaches the border is no mistake."""
    at_end = (picture == 255).sum(axis=2)
    is_white = at_end == 3
    edges = np.concatenate([is_white[0], is_white[-1], is_white[:, 0], is_white[:, -1]])
    return 0.0 if edges.mean() > _MOST_WHITE_BORDER else float((at_end >= 2).mean())


def _frames(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Root mean square of every 20 ms."""
    length = max(1, int(rate * _FRAME_S))
    whole = samples[: len(samples) // length * length].reshape(-1, length).astype(np.float64)
    return np.sqrt(np.square(whole).mean(axis=1))


def _clipped(samples: NDArray[np.float32], peak: float) -> float:
    """Samples that stay at the loudest value for three in a row or longer."""
    if len(samples) < 3 or peak < 0.05:
        return 0.0
    at_top = np.abs(samples) >= peak * (1 - 1e-4)
    same = at_top[1:] & at_top[:-1] & (np.sign(samples[1:]) == np.sign(samples[:-1]))
    run = np.zeros(len(samples), bool)
    three = same[1:] & same[:-1]
    for shift in range(3):
        run[shift : len(samples) - 2 + shift] |= three
    return float(run.mean())
