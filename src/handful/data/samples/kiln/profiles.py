"""Lathe profiles: the curve a potter's hand leaves when the clay turns, for every form.

A profile is drawn as a few points (radius, height) in units of half the width and of the
height, smoothed, given a wall, a rounded rim and a foot, and closed to a loop.
"""

# n points along the loop

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from handful.data.samples.kiln.dice import Dice

Floats = NDArray[np.float64]

OUTER, RIM, INNER, UNDER = 0, 1, 2, 3
"""Sides of the wall, as kept for each point of the loop."""

Knots = list[tuple[float, float]]

# (radius / half width, height / height), from the foot up. Each is varied by a few per cent.
OUTLINES: dict[tuple[str, str], Knots] = {
    ("mug", "cylinder"): [(0.90, 0.0), (0.97, 0.06), (1.0, 0.3), (0.99, 0.7), (1.0, 1.0)],
    ("mug", "barrel"): [(0.72, 0.0), (0.86, 0.12), (1.0, 0.45), (0.94, 0.8), (0.86, 1.0)],
    ("mug", "tapered"): [(0.70, 0.0), (0.75, 0.1), (0.86, 0.5), (0.95, 0.85), (1.0, 1.0)],
    ("mug", "tulip"): [(0.56, 0.0), (0.80, 0.12), (0.90, 0.34), (0.80, 0.68), (1.0, 1.0)],
    ("mug", "tumbler"): [(0.76, 0.0), (0.82, 0.08), (0.92, 0.5), (0.97, 0.85), (1.0, 1.0)],
    ("bowl", "round"): [(0.46, 0.0), (0.44, 0.1), (0.72, 0.30), (0.93, 0.65), (1.0, 1.0)],
    ("bowl", "cone"): [(0.34, 0.0), (0.33, 0.1), (0.54, 0.36), (0.78, 0.70), (1.0, 1.0)],
    ("bowl", "flared"): [(0.40, 0.0), (0.39, 0.1), (0.64, 0.32), (0.78, 0.72), (1.0, 1.0)],
    ("bowl", "lobed"): [(0.44, 0.0), (0.42, 0.1), (0.68, 0.30), (0.90, 0.66), (1.0, 1.0)],
    ("bowl", "tea bowl"): [(0.50, 0.0), (0.49, 0.08), (0.80, 0.24), (0.96, 0.56), (1.0, 1.0)],
    ("plate", "rimmed"): [(0.60, 0.0), (0.60, 0.2), (0.70, 0.50), (0.76, 0.74), (1.0, 1.0)],
    ("plate", "coupe"): [(0.56, 0.0), (0.56, 0.2), (0.78, 0.42), (0.92, 0.70), (1.0, 1.0)],
    ("plate", "deep"): [(0.52, 0.0), (0.52, 0.12), (0.78, 0.36), (0.90, 0.72), (1.0, 1.0)],
    ("vase", "bottle"): [
        (0.62, 0.0),
        (0.84, 0.1),
        (1.0, 0.28),
        (0.72, 0.50),
        (0.28, 0.68),
        (0.24, 0.84),
        (0.36, 1.0),
    ],
    ("vase", "bulb"): [
        (0.52, 0.0),
        (0.76, 0.12),
        (1.0, 0.45),
        (0.78, 0.74),
        (0.44, 0.88),
        (0.52, 1.0),
    ],
    ("vase", "cylinder"): [(0.86, 0.0), (0.95, 0.05), (1.0, 0.4), (0.95, 0.8), (0.98, 1.0)],
    ("vase", "moon"): [
        (0.42, 0.0),
        (0.66, 0.1),
        (1.0, 0.48),
        (0.72, 0.84),
        (0.34, 0.95),
        (0.36, 1.0),
    ],
    ("vase", "amphora"): [
        (0.44, 0.0),
        (0.62, 0.1),
        (0.90, 0.38),
        (1.0, 0.58),
        (0.68, 0.76),
        (0.40, 0.86),
        (0.42, 0.94),
        (0.56, 1.0),
    ],
    ("candle holder", "cup"): [(0.66, 0.0), (0.82, 0.12), (1.0, 0.5), (0.98, 0.85), (0.92, 1.0)],
    ("candle holder", "lantern"): [
        (0.84, 0.0),
        (0.92, 0.06),
        (1.0, 0.40),
        (0.86, 0.78),
        (0.60, 1.0),
    ],
}

# Solid outlines up to the axis: lid and knob belong to the body, the socket to the stick.
CLOSED: dict[tuple[str, str], Knots] = {
    ("teapot", "round"): [(0.54, 0.0), (0.80, 0.12), (1.0, 0.40), (0.84, 0.68), (0.54, 0.80)],
    ("teapot", "squat"): [(0.60, 0.0), (0.88, 0.14), (1.0, 0.42), (0.78, 0.68), (0.48, 0.78)],
    ("teapot", "tall"): [(0.70, 0.0), (0.88, 0.10), (1.0, 0.36), (0.80, 0.68), (0.54, 0.80)],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A closed loop around the wall, walked from the axis under the foot to the axis inside.

    Attributes:
        points: `[n, 2]` radius and height in centimetres, about evenly spaced.
        side: `[n]` one of `OUTER`, `RIM`, `INNER`, `UNDER`.
        from_rim: `[n]` distance along the surface to the rim, in centimetres.
        rim: Radius and height of the rim, in centimetres.
    """

    points: Floats
    side: NDArray[np.int8]
    from_rim: Floats
    rim: tuple[float, float]

    @property
    def reach(self) -> float:
        """Largest radius, in centimetres."""
        return float(self.points[:, 0].max())

    @property
    def top(self) -> float:
        """Largest height, in centimetres."""
        return float(self.points[:, 1].max())


def turn(
    kind: str, form: str, *, width_cm: float, height_cm: float, wall_cm: float, dice: Dice
) -> Profile:
    """Turn one piece on the lathe.

    Args:
        kind: One of `KINDS`.
        form: One of its forms.
        width_cm: Largest diameter, without handle and spout.
        height_cm: Height, without a candle.
        wall_cm: Thickness of the wall.
        dice: The piece's own, for the hand's variation.
    """
    half = width_cm / 2
    if (kind, form) in OUTLINES:
        knots = _varied(OUTLINES[kind, form], dice)
        outer = _smooth(knots) * [half, height_cm]
        return _hollow(outer, wall_cm, dice.between(0.35, 0.62) * wall_cm)
    if kind == "teapot":
        return _lidded(_smooth(_varied(CLOSED[kind, form], dice)), half, height_cm, dice)
    if form == "chamberstick":
        return _chamberstick(half, height_cm, wall_cm, dice)
    return _stick(half, height_cm, dice)


def _varied(knots: Knots, dice: Dice) -> Floats:
    points = np.array(knots)
    radius = [value * dice.bell(1.0, 0.045) for value in points[:, 0]]
    height = [0.0, *(value + dice.bell(0, 0.022) for value in points[1:-1, 1]), 1.0]
    height[-1] = float(points[-1, 1])
    ordered = np.maximum.accumulate(np.array(height) + 1e-4 * np.arange(len(height)))
    return np.stack([np.array(radius) / max(radius), ordered], axis=1)


def _smooth(knots: Floats, count: int = 160) -> Floats:
    """A smooth curve through the knots, walked at even steps of length."""
    steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(knots, axis=0).T))])
    fine = PchipInterpolator(steps, knots)(np.linspace(0, steps[-1], 1000))
    ends = 2 * fine[[0, -1]]
    mirrored = np.concatenate([ends[0] - fine[120:0:-1], fine, ends[1] - fine[-2:-122:-1]])
    return even_steps(gaussian_filter1d(mirrored, 28, axis=0)[120:-120], count)


def even_steps(curve: Floats, count: int) -> Floats:
    """The same curve as `count` points at even distances: `[count, 2]`."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    at = np.linspace(0, length[-1], count)
    return np.stack([np.interp(at, length, curve[:, axis]) for axis in (0, 1)], axis=1)


def _hollow(outer: Floats, wall: float, lip: float) -> Profile:
    """Give an open outline a wall that thins to a rounded lip, and a floor."""
    slope = np.gradient(outer, axis=0)
    slope /= np.hypot(slope[:, 0], slope[:, 1])[:, None]
    inward = np.stack([-slope[:, 1], slope[:, 0]], axis=1)
    share = np.linspace(0, 1, len(outer))[:, None]
    thick = wall * (1.25 - 0.35 * share)
    thick = np.where(share > 0.85, thick + (2 * lip - thick) * (share - 0.85) / 0.15, thick)
    inner = outer + inward * thick
    floor = max(wall * 1.3, 0.06 * float(outer[-1, 1]))
    keep = (inner[:, 1] > floor + 0.25 * wall) & (inner[:, 0] > 0.15)
    inner = inner[_last_run(keep)]
    middle = (outer[-1] + inner[-1]) / 2
    turned = np.linspace(0, np.pi, 14)[1:-1, None]
    across = outer[-1] - middle
    lip_arc = middle + np.cos(turned) * across + np.sin(turned) * slope[-1] * np.hypot(*across)
    corner, into = np.array([inner[0, 0], floor]), min(1.6, 0.5 * float(inner[0, 0]))
    ends = (np.array([corner[0] - into, floor]), inner[0])
    t = np.linspace(1, 0, 16)[1:, None]
    bend = ends[0] * (1 - t) ** 2 + 2 * corner * t * (1 - t) + ends[1] * t**2
    inside = np.concatenate([inner[::-1], bend, [[0.0, floor]]])
    return _loop([(UNDER, _under(outer)), (OUTER, outer), (RIM, lip_arc), (INNER, inside)])


def _last_run(keep: NDArray[np.bool_]) -> slice:
    """The unbroken run of true values that ends at the last point."""
    gaps = np.flatnonzero(~keep)
    return slice(int(gaps[-1]) + 1 if len(gaps) else 0, None)


def _under(outer: Floats) -> Floats:
    foot = float(outer[0, 0])
    return np.array([[0.0, 0.25], [foot * 0.72, 0.25], [foot * 0.8, 0.0]])


def _lidded(body: Floats, half: float, height: float, dice: Dice) -> Profile:
    """A teapot: body, gallery with its dark gap, domed lid, knob."""
    outer = body * [half, height]
    seat, level = float(outer[-1, 0]), float(outer[-1, 1])
    dome = height * dice.between(0.07, 0.13)
    knob = half * dice.between(0.11, 0.17)
    neck = knob * dice.between(0.45, 0.7)
    angle = np.linspace(0, 1, 24)
    lid_radius = (seat - 0.28) + (neck - seat + 0.28) * angle
    lid_height = level + 0.2 + dome * np.sin(angle * np.pi / 2)
    gallery = np.array([[seat - 0.05, level + 0.18], [seat - 0.2, level + 0.16]])
    gap = np.array([[seat - 0.30, level - 0.25], [seat - 0.34, level - 0.05]])
    lid = np.stack([lid_radius, lid_height], axis=1)
    top = level + 0.2 + dome
    ball = np.linspace(-0.75 * np.pi / 2, np.pi / 2, 20)
    flat = dice.between(0.7, 1.15)
    knob_points = np.stack(
        [np.cos(ball) * knob, top + knob * 0.95 * flat + np.sin(ball) * knob * flat], axis=1
    )
    parts = [outer, gallery, gap, lid, knob_points]
    return _loop([(UNDER, _under(outer)), (OUTER, np.concatenate(parts))], solid=True)


def _chamberstick(half: float, height: float, wall: float, dice: Dice) -> Profile:
    """A saucer with a turned-up edge and a socket in its middle."""
    socket = dice.between(1.45, 1.8)
    hole = socket - 0.42
    edge = height * dice.between(0.32, 0.5)
    knots: Knots = [(0.62, 0.0), (0.70, 0.12), (0.90, 0.55), (1.0, 1.0)]
    saucer = _smooth(_varied(knots, dice)) * [half, edge]
    dish = _hollow(saucer, wall, 0.24)
    inner = dish.points[dish.side == INNER]
    floor = float(inner[-1, 1])
    inner = inner[inner[:, 0] > socket + 0.9]
    rise = np.array(
        [
            (socket + 0.55, floor + 0.05),
            (socket + 0.12, floor + 0.5),
            (socket - 0.02, floor + 1.2),
            (socket, height - 0.5),
            (socket + 0.12, height - 0.15),
        ]
    )
    lip = np.array([(socket + 0.06, height), (hole + 0.1, height), (hole, height - 0.2)])
    well = np.array([(hole, floor + 1.2), (0.0, floor + 1.2)])
    outer = np.concatenate([dish.points[dish.side == OUTER]])
    edge_points = dish.points[dish.side == RIM]
    tail = [(OUTER, rise), (RIM, lip), (INNER, well)]
    parts = [(UNDER, _under(outer)), (OUTER, outer), (RIM, edge_points), (OUTER, inner), *tail]
    return _loop(parts)


def _stick(half: float, height: float, dice: Dice) -> Profile:
    """A turned candlestick: broad foot, stem with beads, socket."""
    socket = dice.between(1.35, 1.75)
    hole = socket - 0.40
    stem = dice.between(0.75, 1.15)
    bead = stem * dice.between(1.35, 1.9)
    where = dice.between(0.42, 0.62)
    knots = np.array(
        [
            (half, 0.0),
            (half * 0.99, 0.5),
            (half * 0.62, 0.11 * height + 0.4),
            (stem * 1.25, 0.25 * height),
            (stem, (where - 0.07) * height),
            (bead, where * height),
            (stem, (where + 0.07) * height),
            (stem * 1.1, 0.78 * height),
            (socket * 1.18, 0.86 * height),
            (socket, 0.93 * height),
            (socket * 1.16, height - 0.08),
        ]
    )
    outer = _smooth(knots, 220)
    lip = np.array([(socket * 1.1, height), (hole + 0.12, height), (hole, height - 0.2)])
    well = np.array([(hole, height - 2.2), (0.0, height - 2.2)])
    return _loop([(UNDER, _under(outer)), (OUTER, outer), (RIM, lip), (INNER, well)])


def _loop(parts: list[tuple[int, Floats]], solid: bool = False, step: float = 0.035) -> Profile:
    """Join the parts, round the corners a little, and walk the loop at even steps."""
    curve = np.concatenate([points for _, points in parts])
    sides = np.concatenate([np.full(len(points), side) for side, points in parts])
    if solid:
        curve = np.concatenate([curve, [[0.0, curve[-1, 1]]]])
        sides = np.append(sides, OUTER)
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    count = int(length[-1] / step)
    even = even_steps(curve, count)
    soft = np.array([1, 4, 7, 4, 1]) / 17
    padded = np.concatenate([even[:2], even, even[-2:]])
    points = np.stack([np.convolve(padded[:, axis], soft, "valid") for axis in (0, 1)], axis=1)
    points[:, 0] = np.maximum(points[:, 0], 0)
    at = np.linspace(0, length[-1], count)
    side = sides[np.clip(np.searchsorted(length, at), 0, len(sides) - 1)]
    rims = np.flatnonzero(side == RIM) if (side == RIM).any() else np.array([count - 1])
    middle = int(rims[len(rims) // 2])
    from_rim = np.abs(at - at[middle])
    if (side == RIM).any():
        from_rim = np.abs(at[:, None] - at[rims][None]).min(axis=1)
    return Profile(
        points=points,
        side=side.astype(np.int8),
        from_rim=from_rim,
        rim=(float(points[middle, 0]), float(points[middle, 1])),
    )
