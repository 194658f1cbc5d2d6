"""From linear light to the file of a small camera: exposure, colour, softness, noise."""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from handful.data.modalities.base import Picture
from handful.data.samples.kiln.dice import Dice
from handful.data.samples.kiln.scene import Floats, Scene


def develop(light: Floats, scene: Scene, size: tuple[int, int], dice: Dice) -> Picture:
    """Expose, tone, shrink, soften and add noise.

    Args:
        light: `[h, w, 3]` linear light, finer than the picture.
        scene: Whose camera.
        size: Columns and rows of the picture.
        dice: The shot's own.

    Returns:
        `[rows, columns, 3]` uint8.
    """
    balance = np.array(scene.white_balance) * [dice.bell(1, 0.012), 1.0, dice.bell(1, 0.016)]
    exposure = scene.exposure * dice.bell(1.0, 0.06) * 0.62
    high, wide = light.shape[:2]
    # Colours side by side in one long row run faster than as a third axis of three.
    exposed = light.reshape(high, -1) * np.tile((balance * exposure).astype(np.float32), wide)
    exposed *= _vignette((high, wide), scene.vignette).repeat(3, axis=1)
    toned = _toned(np.maximum(exposed, 0, out=exposed))
    toned *= 255
    toned += 0.5
    fine = Image.fromarray(toned.astype(np.uint8).reshape(light.shape))
    small = np.asarray(fine.resize(size, Image.Resampling.HAMMING), dtype=np.float32)
    blur = scene.blur * dice.between(0.8, 1.3)
    small = gaussian_filter(small, (blur, blur, 0), mode="nearest")
    grain = np.float32(scene.grain * dice.between(0.8, 1.2))
    bright = np.float32(0.6) + np.float32(0.8) * np.sqrt(small / 255)
    noisy = small + grain * bright * _speckle(small.shape, dice)
    return np.clip(noisy + 0.5, 0, 255).astype(np.uint8)


def _speckle(shape: tuple[int, ...], dice: Dice) -> Floats:
    """Sensor noise: chance places of one big sheet, one for each colour."""
    sheet = _sensor()
    tall, wide = (side - extent for side, extent in zip(sheet.shape, shape[:2], strict=True))
    made = np.empty(shape, np.float32)
    for colour in range(3):
        row, column = dice.whole(0, tall), dice.whole(0, wide)
        made[..., colour] = sheet[row : row + shape[0], column : column + shape[1]]
    return made


@functools.lru_cache(maxsize=1)
def _sensor() -> Floats:
    speckle = gaussian_filter(Dice(0, "noise", "sensor").bells(900, 900), 0.5, mode="wrap")
    return (speckle / speckle.std()).astype(np.float32)


def _vignette(shape: tuple[int, ...], strength: float) -> Floats:
    down = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    across = np.linspace(-1, 1, shape[1], dtype=np.float32)[None]
    return 1 - np.float32(strength) * (down * down + across * across) / 2


def _toned(light: Floats) -> Floats:
    """A film-like curve (Narkowicz's fit of ACES), then the screen's gamma."""
    light = light * np.float32(0.92)
    curve, under = 2.51 * light, 2.43 * light
    curve += 0.03
    curve *= light
    under += 0.59
    under *= light
    under += 0.14
    curve /= under
    np.minimum(curve, 1, out=curve)
    return np.power(curve, np.float32(1 / 2.2), out=curve)
