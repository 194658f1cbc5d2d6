"""One tap: a knock on a pot rings its partials; a crack makes them short, split and buzzing.

Modal synthesis: the partials of each family of shapes stand in their own ratios (rings and
shells bend like wine glasses, plates like plates, stems like rods), the pitch follows
wall / radius^2 and the clay, the decay follows the clay and how the pot is held.
"""

# T samples, M partials

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

from handful.data.modalities.base import Sound
from handful.data.samples.kiln.dice import Dice
from handful.data.samples.kiln.pieces import Piece

Floats = NDArray[np.float64]

RATE = 22_050
"""Samples per second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """How a form rings.

    Attributes:
        ratios: Frequencies of the partials over the lowest.
        pitch: Lowest frequency, in hertz, for a wall of 1 cm on a radius of 1 cm.
        ring: Factor on how long it rings.
        split: Usual distance of the two halves of a partial, as a share of its frequency.
        loose: Loudness of a loose part, such as a lid.
    """

    ratios: tuple[float, ...]
    pitch: float
    ring: float = 1.0
    split: float = 0.004
    loose: float = 0.0


def _shell(power: float) -> tuple[float, ...]:
    return tuple((n / 2) ** power for n in range(2, 10))


PLATE_RATIOS = (1.0, 1.73, 2.33, 3.91, 4.11, 6.30, 6.71, 8.60)
ROD_RATIOS = (1.0, 2.76, 5.40, 8.93, 13.3)

FAMILIES: dict[str, Family] = {
    "mug": Family(ratios=_shell(1.75), pitch=84e3, split=0.030),
    "tumbler": Family(ratios=_shell(1.75), pitch=84e3),
    "bowl": Family(ratios=_shell(2.05), pitch=88e3, ring=1.25),
    "tea bowl": Family(ratios=_shell(1.95), pitch=86e3, ring=1.1),
    "plate": Family(ratios=PLATE_RATIOS, pitch=112e3, ring=0.85, split=0.007),
    "deep": Family(ratios=(1.0, 1.85, 2.6, 3.95, 4.6, 6.4, 7.3), pitch=104e3, ring=0.95),
    "vase": Family(ratios=_shell(1.38), pitch=66e3, ring=0.8, split=0.006),
    "teapot": Family(ratios=_shell(1.55), pitch=74e3, ring=0.7, split=0.018, loose=0.35),
    "chamberstick": Family(
        ratios=(1.0, 1.62, 2.2, 2.9, 3.7, 4.4, 6.1), pitch=98e3, ring=0.62, split=0.02
    ),
    "cup": Family(ratios=_shell(1.85), pitch=86e3, ring=0.95),
    "stick": Family(ratios=ROD_RATIOS, pitch=36e3, ring=0.6, split=0.01),
    "lantern": Family(ratios=_shell(1.5), pitch=58e3, ring=0.7, split=0.022),
}

CLAY_SPEED = {"porcelain": 1.22, "stoneware": 1.0, "earthenware": 0.80}
"""Factor on the pitch."""

CLAY_RING_S = {"porcelain": 0.85, "stoneware": 0.62, "earthenware": 0.42}
"""Seconds until a partial at 1 kHz has fallen by 60 dB."""

STRIKERS = {"knuckle": 1100.0, "stick": 2800.0, "pencil": 4200.0, "spoon": 7500.0}
"""Highest frequency that each excites well, in hertz."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Microphone:
    """How one firing is recorded."""

    striker: str
    hold: float
    """Factor on the ring: 1 on felt, less in the hand."""
    room_s: float
    wet: float
    noise: float
    hum: float
    hum_hz: float
    low_hz: float
    high_hz: float
    level: float
    bumps: float
    """Chance of another knock in the workshop."""
    container: str
    """"flac" or "wav"."""


@functools.lru_cache(maxsize=64)
def microphone_of(seed: int, number: int) -> Microphone:
    """The microphone and the habit of a firing."""
    dice = Dice(seed, "microphone", number)
    return Microphone(
        striker=dice.weighted({"knuckle": 1.5, "stick": 2.5, "pencil": 2, "spoon": 1.5}),
        hold=dice.between(0.8, 1.12),
        room_s=dice.between(0.12, 0.5),
        wet=dice.between(0.03, 0.15),
        noise=10 ** dice.between(-3.3, -2.2),
        hum=10 ** dice.between(-3.6, -2.3),
        hum_hz=dice.pick([50.0, 50.0, 60.0, 100.0]),
        low_hz=dice.between(60, 260),
        high_hz=dice.between(4500, 10_000),
        level=dice.between(0.3, 0.9),
        bumps=dice.between(0.0, 0.2),
        container="wav" if dice.chance(0.2) else "flac",
    )


def tapped(piece: Piece, *, take: int = 0) -> Sound:
    """Record a tap on a piece.

    Args:
        piece: What is tapped.
        take: Another number gives another recording of the same piece.

    Returns:
        About one second at 22,050 samples per second.
    """
    microphone = microphone_of(piece.seed, piece.firing.number)
    dice = Dice(piece.seed, "piece", piece.index, "tap", take)
    length = int(RATE * dice.between(0.9, 1.2))
    onset = dice.between(0.03, 0.12)
    dry = _knock(piece, microphone, dice, length, onset)
    if dice.chance(0.15):
        dry += dice.between(0.5, 1.0) * _knock(
            piece, microphone, dice, length, onset + dice.between(0.3, 0.45)
        )
    dry /= max(float(np.abs(dry).max()), 1e-9)
    return Sound(_recorded(dry, microphone, dice), RATE)


def family_of(piece: Piece) -> Family:
    """How a piece rings: by its form, else by its kind."""
    return FAMILIES.get(piece.form, FAMILIES.get(piece.kind, FAMILIES["cup"]))


def pitch_of(piece: Piece) -> float:
    """Lowest partial of the sound piece, in hertz."""
    radius = piece.width_cm / 2
    pitch = family_of(piece).pitch * piece.wall_cm / radius**2 * CLAY_SPEED[piece.clay]
    if piece.kind not in ("plate", "candle holder"):
        pitch *= 1 + 0.25 * (radius / piece.height_cm) ** 2
    return pitch


def _knock(piece: Piece, microphone: Microphone, dice: Dice, length: int, onset: float) -> Floats:
    """The dry sound of one knock that begins `onset` seconds into the clip. `[T]`."""
    family = family_of(piece)
    shape = piece.dice("ring")
    cracked = piece.crack
    pitch = pitch_of(piece) * (1 - 0.09 * cracked * shape.between(0.5, 1.3) * bool(cracked))
    ring_s = CLAY_RING_S[piece.clay] * family.ring * microphone.hold * dice.between(0.85, 1.15)
    ring_s *= 1 - cracked * shape.between(0.78, 0.88) if cracked else 1.0
    start = int(onset * RATE)
    time_s = np.arange(length - start) / RATE
    angle, height = dice.between(0, np.pi), dice.between(0.2, 1.0)
    sound = np.zeros(len(time_s))
    for number, ratio in enumerate(family.ratios):
        frequency = pitch * ratio * shape.bell(1.0, 0.012 + 0.03 * cracked)
        loudness = _excited(frequency, microphone.striker) / (1 + 0.35 * number)
        loudness *= 0.4 + 0.6 * abs(np.cos(height * (number + 1) * 0.8))
        halves = family.split * shape.between(0.4, 1.6) + cracked * shape.between(0.01, 0.06)
        fall = 6.91 / (ring_s * (1000 / max(frequency, 200)) ** 0.65 * shape.between(0.8, 1.2))
        dying = np.exp(-fall * time_s)
        for side, share in (
            (-0.5, np.cos(angle * (number + 2))),
            (0.5, np.sin(angle * (number + 2))),
        ):
            half = frequency * (1 + side * halves)
            if half < 0.46 * RATE:
                tone = np.sin(2 * np.pi * half * time_s + shape.between(0, 6.28))
                sound += loudness * share * tone * dying
    sound *= 1 - np.exp(-time_s * RATE / 6)
    sound += _click(microphone.striker, dice, time_s) * dice.between(0.15, 0.5)
    if cracked:
        sound += _buzz(sound, shape, dice, time_s) * cracked * shape.between(0.35, 0.8)
    if family.loose:
        sound += family.loose * _lid(pitch, dice, time_s)
    return np.concatenate([np.zeros(start), sound])


def _excited(frequency: float, striker: str) -> float:
    return 1 / (1 + (frequency / STRIKERS[striker]) ** 2)


def _click(striker: str, dice: Dice, time_s: Floats) -> Floats:
    """The dull noise of the contact itself."""
    burst = dice.bells(len(time_s)) * np.exp(-time_s / 0.004)
    return _filtered(burst, 1, STRIKERS[striker] * 0.9, "lowpass")


def _filtered(sound: Floats, order: int, edge_hz: float | tuple[float, float], kind: str) -> Floats:
    """The sound through a Butterworth filter. `[T]`."""
    return np.asarray(sosfilt(_butterworth(order, edge_hz, kind), sound))


@functools.lru_cache(maxsize=64)
def _butterworth(order: int, edge_hz: float | tuple[float, float], kind: str) -> Floats:
    """The filter itself: strikers and microphones come back with every tap of a firing."""
    return np.asarray(butter(order, edge_hz, kind, fs=RATE, output="sos"))


def _buzz(sound: Floats, shape: Dice, dice: Dice, time_s: Floats) -> Floats:
    """The two lips of a crack beating against each other while the pot still moves."""
    band = (shape.between(1200, 2400), shape.between(4200, 7500))
    rough = _filtered(dice.bells(len(time_s)), 2, band, "bandpass")
    opened = np.maximum(sound, 0) ** 0.5
    fade = np.exp(-time_s / shape.between(0.02, 0.055))
    return 1.6 * rough * opened * fade * float(np.sqrt(np.abs(sound).max() + 1e-9))


def _lid(pitch: float, dice: Dice, time_s: Floats) -> Floats:
    """A lid that jumps in its seat: a few small late clinks."""
    sound = np.zeros(len(time_s))
    moment = dice.between(0.008, 0.03)
    for _ in range(dice.whole(1, 4)):
        after = np.maximum(time_s - moment, 0)
        tone = np.sin(2 * np.pi * pitch * dice.between(2.6, 3.4) * after)
        sound += dice.between(0.3, 1.0) * tone * np.exp(-after / 0.018) * (time_s > moment)
        moment += dice.between(0.015, 0.05)
    return sound


def _recorded(dry: Floats, microphone: Microphone, dice: Dice) -> NDArray[np.float32]:
    """Room, workshop and microphone around the dry sound. `[T]` float32."""
    length = len(dry)
    echo_s = np.arange(int(RATE * min(microphone.room_s, 0.4))) / RATE
    echo = dice.bells(len(echo_s)) * np.exp(-6.91 * echo_s / microphone.room_s)
    echo /= np.sqrt((echo**2).sum())
    wet = dry + microphone.wet * fftconvolve(dry, echo)[:length]
    time_s = np.arange(length) / RATE
    wet += _pink(length, dice) * microphone.noise
    for harmonic, share in ((1, 1.0), (2, 0.5), (3, 0.35), (5, 0.2)):
        phase = 2 * np.pi * microphone.hum_hz * harmonic * time_s + dice.between(0, 6.28)
        wet += microphone.hum * share * np.sin(phase)
    if dice.chance(microphone.bumps):
        wet += _bump(dice, time_s)
    heard = _filtered(wet, 2, (microphone.low_hz, microphone.high_hz), "bandpass")
    heard *= microphone.level * dice.between(0.7, 1.1) / max(float(np.abs(heard).max()), 1e-9)
    return np.clip(heard, -0.98, 0.98).astype(np.float32)


def _pink(length: int, dice: Dice) -> Floats:
    """Noise that is louder below, as in any room. `[T]` with standard deviation 1."""
    spectrum = np.fft.rfft(dice.bells(length))
    spectrum /= np.sqrt(np.arange(len(spectrum)) + 12.0)
    noise = np.fft.irfft(spectrum, length)
    return noise / noise.std()


def _bump(dice: Dice, time_s: Floats) -> Floats:
    """Somebody else puts something down."""
    after = np.maximum(time_s - dice.between(0.1, 0.9), 0)
    tone = np.sin(2 * np.pi * dice.between(120, 900) * after) * np.exp(-after / 0.03)
    return dice.between(0.03, 0.15) * tone * (after > 0)
