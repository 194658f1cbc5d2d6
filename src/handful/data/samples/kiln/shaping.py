"""From the truth about a piece to its solid: handles, spouts, lugs, holes, a candle."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from handful.data.samples.kiln.dice import Dice
from handful.data.samples.kiln.pieces import Piece
from handful.data.samples.kiln.profiles import OUTER, Profile, even_steps, turn
from handful.data.samples.kiln.solids import HANDLE, SPOUT, Solid, Tube, Turned

Floats = NDArray[np.float64]


@functools.lru_cache(maxsize=8)
def shape(piece: Piece) -> Solid:
    """Build the solid of a piece; the same one for the photo and for every copy of it."""
    dice = piece.dice("shape")
    profile = turn(
        piece.kind,
        piece.form,
        width_cm=piece.width_cm,
        height_cm=piece.height_cm,
        wall_cm=piece.wall_cm,
        dice=dice,
    )
    tubes = _tubes(piece, profile, dice)
    reach = max([profile.reach * 1.06, *(tube.reach for _, tube in tubes)])
    facets = piece.kind in ("mug", "vase") and dice.chance(0.1)
    lobes = dice.whole(5, 9) if piece.form == "lobed" else dice.whole(8, 14) if facets else 0
    return Solid(
        body=Turned(profile, reach),
        tubes=tubes,
        lobes=lobes,
        lobe_depth=dice.between(0.05, 0.1) if piece.form == "lobed" else 0.03 if lobes else 0.0,
        sway=dice.between(0.0, 0.014) if piece.kind != "teapot" else 0.0,
        sway_turn=dice.between(0, 6.28),
        holes=_holes(profile, dice) if piece.form == "lantern" else np.zeros((0, 4)),
        candle=_candle(piece, profile, dice),
        blend=dice.between(0.4, 0.8),
    )


def _tubes(piece: Piece, profile: Profile, dice: Dice) -> tuple[tuple[int, Tube], ...]:
    if piece.kind == "mug" and piece.form != "tumbler":
        return ((HANDLE, _mug_handle(profile, dice)),)
    if piece.kind == "teapot":
        handle = _bail(profile, dice) if dice.chance(0.25) else _pot_handle(profile, dice)
        return ((HANDLE, handle), (SPOUT, _spout(profile, dice)))
    if piece.form == "amphora" or (piece.form in ("bottle", "bulb") and dice.chance(0.12)):
        return _lugs(profile, dice)
    if piece.form == "chamberstick":
        return ((HANDLE, _finger_loop(profile, dice)),)
    return ()


def _mug_handle(profile: Profile, dice: Dice) -> Tube:
    top = profile.top * dice.between(0.78, 0.9)
    bottom = profile.top * dice.between(0.2, 0.34)
    out = dice.between(2.3, 3.3)
    ear, square = dice.between(-0.06, 0.16), dice.between(0.85, 1.3)
    ends = [(_radius(profile, height) - 0.12, height) for height in (top, bottom)]
    pull = [
        (ends[0][0] + out * square, top + profile.top * ear),
        (ends[1][0] + out * square * dice.between(0.7, 1.05), bottom + profile.top * 0.02),
    ]
    curve = _bezier([ends[0], *pull, ends[1]])
    thin = dice.between(0.30, 0.44)
    return Tube(curve, _waist(len(curve), thin, 1.35), wide=dice.between(0.15, 0.6))


def _pot_handle(profile: Profile, dice: Dice) -> Tube:
    body = _shoulder(profile)
    top, bottom = body * dice.between(0.80, 0.90), body * dice.between(0.15, 0.26)
    ends = [(_radius(profile, height) - 0.15, height) for height in (top, bottom)]
    out = profile.reach + dice.between(3.6, 5.0)
    pull = [(out, top + body * dice.between(0.16, 0.36)), (out * 0.98, bottom - body * 0.02)]
    curve = _bezier([ends[0], *pull, ends[1]])
    return Tube(curve, _waist(len(curve), dice.between(0.42, 0.56), 1.4), wide=0.3)


def _bail(profile: Profile, dice: Dice) -> Tube:
    level = _shoulder(profile) * 0.93
    foot = _radius(profile, level) - 0.25
    rise = profile.top - level + dice.between(3.5, 5.5)
    pull = [(foot * 1.25, level + rise * 1.3), (-foot * 1.25, level + rise * 1.3)]
    curve = _bezier([(foot, level), *pull, (-foot, level)])
    return Tube(curve, _waist(len(curve), dice.between(0.36, 0.46), 1.4), wide=0.2)


def _spout(profile: Profile, dice: Dice) -> Tube:
    body = _shoulder(profile)
    low = body * dice.between(0.34, 0.5)
    start = _radius(profile, low) - 1.1
    tip = (profile.reach + dice.between(2.4, 4.0), body * dice.between(0.98, 1.2))
    pull = [
        (profile.reach + dice.between(1.2, 2.2), low + body * 0.05),
        (tip[0] - 1.3, tip[1] - 1.6),
    ]
    curve = _bezier([(start, low), *pull, tip])
    share = np.linspace(0, 1, len(curve))
    wide, end = dice.between(1.5, 2.0), dice.between(0.55, 0.75)
    thick = end + (wide - end) * (1 - share) ** 1.3
    return Tube(curve, thick, hole=0.72, turn=np.pi)


def _lugs(profile: Profile, dice: Dice) -> tuple[tuple[int, Tube], ...]:
    top, bottom = profile.top * dice.between(0.9, 0.94), profile.top * dice.between(0.66, 0.74)
    ends = [(_radius(profile, height) - 0.1, height) for height in (top, bottom)]
    out = max(ends[0][0], ends[1][0]) + dice.between(1.2, 2.6)
    curve = _bezier([ends[0], (out, top + 0.8), (out * 1.08, bottom + 1.2), ends[1]])
    thick = _waist(len(curve), dice.between(0.34, 0.46), 1.3)
    return tuple((HANDLE, Tube(curve, thick, wide=0.25, turn=turned)) for turned in (0.0, np.pi))


def _finger_loop(profile: Profile, dice: Dice) -> Tube:
    edge = profile.points[profile.side == OUTER]
    rim = edge[np.argmax(edge[:, 0])]
    size = dice.between(2.2, 3.2)
    start = (float(rim[0]) - 0.25, float(rim[1]))
    curve = _bezier(
        [
            start,
            (start[0] + 1.7 * size, start[1] + 1.1 * size),
            (start[0] + 1.5 * size, start[1] - 1.1),
            (start[0] - 0.1, max(start[1] - 0.7, 0.5)),
        ]
    )
    return Tube(curve, _waist(len(curve), 0.38, 1.2), wide=dice.between(0.15, 0.45))


def _holes(profile: Profile, dice: Dice) -> Floats:
    rows, around = dice.whole(2, 4), dice.whole(5, 9)
    period = 2 * np.pi / around
    levels = np.linspace(0.26, 0.76, rows) * profile.top
    sizes = [dice.between(0.45, 0.85) for _ in range(rows)]
    shift = [(0.5 * period) * (row % 2) for row in range(rows)]
    return np.array(
        [[*each, period] for each in zip(shift, levels, sizes, strict=True)], dtype=np.float64
    )


def _candle(piece: Piece, profile: Profile, dice: Dice) -> tuple[float, float, float] | None:
    if piece.form in ("chamberstick", "stick") and dice.chance(0.55):
        low = profile.rim[1] - 1.0
        return (dice.between(0.92, 1.0), low, profile.rim[1] + dice.between(1.5, 9.0))
    if piece.form == "cup" and dice.chance(0.5):
        return (min(1.95, profile.reach * 0.5), 0.5, dice.between(1.7, 2.3))
    return None


def _shoulder(profile: Profile) -> float:
    """Height of a teapot's body below its lid."""
    points = profile.points
    widest = int(np.argmax(points[:, 0]))
    after = points[widest:]
    gap = np.flatnonzero(np.diff(after[:, 1]) < 0)
    return float(after[gap[0], 1]) if len(gap) else profile.top * 0.75


def _radius(profile: Profile, height: float) -> float:
    """Outer radius at a height."""
    outer = profile.points[profile.side == OUTER]
    return float(outer[np.argmin(np.abs(outer[:, 1] - height) - 1e-3 * outer[:, 0]), 0])


def _waist(count: int, thin: float, flare: float) -> Floats:
    """Thickness along a handle: flared where it meets the body."""
    share = np.abs(np.linspace(-1, 1, count))
    return thin * (1 + (flare - 1) * share**4)


def _bezier(knots: list[tuple[float, float]], count: int = 144) -> Floats:
    a, b, c, d = (np.array(knot) for knot in knots)
    t = np.linspace(0, 1, 400)[:, None]
    curve = a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t * t * (1 - t) + d * t**3
    return even_steps(curve, count)
