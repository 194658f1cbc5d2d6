"""The place a firing is photographed in: light, table, wall, and how the photographer works.

One scene is drawn per firing, so the pieces of a firing look alike in everything that does
not matter. Whoever splits pieces at random will learn that instead.
"""

# n points; a to the photographer's right, b away from the photographer, up: centimetres

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from handful.data.samples.kiln.dice import Dice
from handful.data.samples.kiln.glaze import Colour
from handful.data.samples.kiln.textures import blend, noise, smooth_step

Floats = NDArray[np.floating[Any]]

WALL_CM = (170.0, 100.0)
"""Width and height of the painted wall."""

WALL_PIXELS = (340, 200)


@dataclass(frozen=True, kw_only=True, slots=True)
class Light:
    """What shines on the piece, in the photographer's directions (right, up, towards)."""

    side: float
    """Angle of the key light from the photographer, radians; negative is from the left."""
    rise: float
    """Its height over the horizon, radians."""
    colour: Colour
    strength: float
    sharp: float
    """3 is a big window, 12 a lamp."""
    around: Colour
    """Light from everywhere."""
    around_strength: float
    panes: int
    """Panes across and down of the window that glazes mirror; 0 is a round lamp."""
    half_size: float
    """Tangent of half its width."""

    def towards(self, turn: float) -> Floats:
        """`[3]` unit direction to the key light for a camera turned by `turn` radians."""
        flat = np.cos(self.rise)
        angle = turn + self.side
        return np.array([np.sin(angle) * flat, np.sin(self.rise), np.cos(angle) * flat], np.float32)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One firing's place and photographer."""

    backdrop: str
    light: Light
    table: Colour
    second: Colour
    """A second colour of the table: joints, stripes, stains."""
    wall: Colour
    wall_away: float
    """Distance from the piece to the wall, centimetres."""
    edge_away: float
    """Distance from the piece to the far edge of the table, centimetres."""
    tilt: float
    """How far the photographer usually looks down, radians."""
    zoom: float
    fill: float
    """Share of the picture that the piece usually fills."""
    size: tuple[int, int]
    exposure: float
    white_balance: Colour
    grain: float
    """Noise of the sensor, in grey levels of 255."""
    blur: float
    """Softness of the lens, in pixels."""
    vignette: float
    quality: int
    """Of the JPEG."""
    clutter: int
    """How many other pots usually stand behind."""
    seed: tuple[int, int]

    def dice(self, purpose: str) -> Dice:
        """The scene's own stream of chance for one purpose."""
        return Dice(*self.seed, "scene", purpose)


TABLES: dict[str, tuple[tuple[Colour, Colour], ...]] = {
    "bench": (
        ((0.36, 0.21, 0.105), (0.17, 0.09, 0.045)),
        ((0.52, 0.37, 0.22), (0.30, 0.19, 0.10)),
        ((0.20, 0.115, 0.065), (0.09, 0.05, 0.03)),
    ),
    "sweep": (
        ((0.56, 0.55, 0.53), (0.5, 0.5, 0.5)),
        ((0.30, 0.36, 0.42), (0.3, 0.3, 0.3)),
        ((0.60, 0.50, 0.38), (0.5, 0.4, 0.3)),
        ((0.075, 0.08, 0.09), (0.05, 0.05, 0.05)),
        ((0.40, 0.44, 0.36), (0.3, 0.3, 0.3)),
    ),
    "linen": (
        ((0.60, 0.55, 0.46), (0.22, 0.28, 0.40)),
        ((0.34, 0.38, 0.44), (0.62, 0.60, 0.55)),
        ((0.55, 0.50, 0.42), (0.42, 0.10, 0.08)),
        ((0.24, 0.27, 0.20), (0.50, 0.47, 0.38)),
    ),
    "kiln shelf": (
        ((0.56, 0.53, 0.49), (0.34, 0.22, 0.14)),
        ((0.44, 0.40, 0.36), (0.2, 0.13, 0.1)),
    ),
    "window": (((0.62, 0.61, 0.58), (0.45, 0.44, 0.42)), ((0.40, 0.27, 0.16), (0.22, 0.13, 0.07))),
    "slate": (
        ((0.055, 0.06, 0.066), (0.12, 0.12, 0.125)),
        ((0.11, 0.10, 0.10), (0.05, 0.05, 0.05)),
    ),
    "shelves": (((0.42, 0.29, 0.17), (0.2, 0.12, 0.06)), ((0.24, 0.15, 0.09), (0.1, 0.06, 0.035))),
    "patio": (((0.40, 0.22, 0.14), (0.26, 0.22, 0.19)), ((0.42, 0.40, 0.37), (0.26, 0.25, 0.23))),
}

WALLS: dict[str, tuple[Colour, ...]] = {
    "bench": ((0.58, 0.55, 0.48), (0.36, 0.42, 0.42), (0.50, 0.38, 0.28), (0.20, 0.24, 0.27)),
    "linen": ((0.62, 0.60, 0.56), (0.44, 0.33, 0.27), (0.30, 0.36, 0.35)),
    "kiln shelf": ((0.55, 0.40, 0.27), (0.48, 0.43, 0.36)),
    "window": ((0.55, 0.68, 0.80), (0.50, 0.62, 0.40), (0.72, 0.74, 0.76)),
    "slate": ((0.045, 0.048, 0.055), (0.10, 0.085, 0.07)),
    "shelves": ((0.40, 0.36, 0.30), (0.25, 0.27, 0.28), (0.50, 0.47, 0.42)),
    "patio": ((0.12, 0.22, 0.06), (0.20, 0.28, 0.10)),
}

POT_COLOURS: tuple[Colour, ...] = (
    (0.42, 0.30, 0.20),
    (0.62, 0.58, 0.50),
    (0.05, 0.09, 0.24),
    (0.32, 0.45, 0.37),
    (0.06, 0.035, 0.025),
    (0.40, 0.15, 0.07),
    (0.70, 0.68, 0.63),
    (0.08, 0.32, 0.32),
)


@functools.lru_cache(maxsize=64)
def scene_of(seed: int, number: int, backdrop: str) -> Scene:
    """The scene of a firing."""
    dice = Dice(seed, "scene", number)
    table, second = dice.pick(TABLES[backdrop])
    cool = dice.bell(-0.01, 0.05)
    return Scene(
        backdrop=backdrop,
        light=_light(backdrop, dice),
        table=table,
        second=second,
        wall=table if backdrop == "sweep" else dice.pick(WALLS[backdrop]),
        wall_away=dice.between(26, 44) if backdrop == "kiln shelf" else dice.between(30, 58),
        edge_away=dice.between(20, 34) if backdrop in ("window", "patio", "bench") else 90.0,
        tilt=dice.between(0.30, 0.72),
        zoom=dice.between(0.17, 0.32),
        fill=dice.between(0.70, 0.84),
        size=dice.pick([(240, 240), (240, 240), (272, 212), (212, 272), (280, 210)]),
        exposure=dice.between(0.92, 1.28),
        white_balance=(1.0 + cool, 1.0 - 0.15 * abs(cool), 1.0 - cool),
        grain=dice.between(0.8, 3.2),
        blur=dice.between(0.35, 0.75),
        vignette=dice.between(0.05, 0.32),
        quality=dice.whole(80, 93),
        clutter=0 if backdrop in ("sweep", "slate") else dice.whole(0, 4),
        seed=(seed, number),
    )


def _light(backdrop: str, dice: Dice) -> Light:
    lamp = dice.chance(0.3) and backdrop not in ("window", "patio")
    warm = dice.between(0.0, 0.22) if lamp else dice.between(-0.10, 0.07)
    side = dice.pick([-1, 1]) * dice.between(0.7, 1.5)
    if backdrop == "window":
        side = dice.pick([-1, 1]) * dice.between(1.5, 2.1)
    key = dice.between(1.7, 2.4) if lamp else dice.between(1.35, 2.0)
    around = dice.between(0.30, 0.55) if lamp else dice.between(0.5, 0.85)
    return Light(
        side=side,
        rise=dice.between(0.6, 1.05),
        colour=(1.0 + warm, 1.0, 1.0 - 1.3 * warm),
        strength=key,
        sharp=dice.between(8, 16) if lamp else dice.between(2.6, 5.5),
        around=(1.0 - 0.5 * warm, 1.0, 1.0 + 0.6 * warm),
        around_strength=around,
        panes=0 if lamp else dice.pick([1, 2, 2, 3]),
        half_size=dice.between(0.10, 0.18) if lamp else dice.between(0.20, 0.42),
    )


def table_colour(scene: Scene, a: Floats, b: Floats) -> Floats:
    """Colour of the table at places around the piece: `[n, 3]` linear."""
    focus = np.exp(-(((np.maximum(np.abs(b), 6) - 6) / np.float32(26)) ** 2))
    table, second = (np.array(c, np.float32) for c in (scene.table, scene.second))
    dice = scene.dice("table")
    shift = np.float32(dice.between(0, 100))
    if scene.backdrop in ("bench", "shelves"):
        share, tone = _wood(a + shift, b, dice)
    elif scene.backdrop == "window":
        share, tone = (
            _wood(b + shift, a, dice)
            if scene.table[0] > scene.table[2] * 1.5
            else (
                np.zeros_like(a),
                np.float32(0.02) * noise("clouds").at(a / 60, b / 60),
            )
        )
    elif scene.backdrop == "linen":
        share, tone = _cloth(a, b, dice)
    elif scene.backdrop == "sweep":
        share, tone = np.zeros_like(a), np.float32(0.012) * noise("grain").at(a / 30, b / 30)
    elif scene.backdrop == "patio":
        share, tone = _tiles(a + shift, b + shift, dice)
    else:
        share, tone = _stone(a + shift, b, dice)
    return (
        blend(np.broadcast_to(table, (len(a), 3)), second, share * focus)
        * (1 + tone * focus)[:, None]
    )


def _wood(a: Floats, b: Floats, dice: Dice) -> tuple[Floats, Floats]:
    """Planks along `a`: grain lines, plank tones, dark joints."""
    wide = dice.between(7, 15)
    row = np.floor(b / np.float32(wide))
    tone = np.float32(0.16) * np.sin(row * np.float32(12.9898)) + np.float32(0.0) * a
    off = row * np.float32(37.7)
    warp = noise("clouds").at((a + off) / 140, b / 46)
    lines = noise("fibres").at((a + off) / 260, (b + np.float32(1.6) * warp) / 17)
    fine = noise("grain").at((a + off) / 300, b / 14)
    share = smooth_step(-0.4, 2.2, lines + np.float32(0.4) * warp)
    inside = np.abs(b / np.float32(wide) - row - np.float32(0.5))
    joint = smooth_step(0.5 - 0.14 / wide, 0.5 - 0.02 / wide, inside)
    return np.maximum(share, joint), tone + np.float32(0.05) * fine - np.float32(0.5) * joint


def _cloth(a: Floats, b: Floats, dice: Dice) -> tuple[Floats, Floats]:
    """Woven linen with folds and, sometimes, stripes."""
    pitch = dice.between(0.22, 0.4)
    turned = dice.between(-0.5, 0.5)
    along = a * np.float32(np.cos(turned)) + b * np.float32(np.sin(turned))
    across = b * np.float32(np.cos(turned)) - a * np.float32(np.sin(turned))
    uneven = noise("fibres").at(along / 60, across / 60)
    weave = np.sin(along * np.float32(6.283 / pitch) + uneven) * np.sin(
        across * np.float32(6.283 / pitch) - uneven
    )
    folds = noise("clouds").at(along / 75, across / 55)
    tone = np.float32(0.07) * weave + np.float32(0.05) * uneven + np.float32(0.11) * folds
    share = np.zeros_like(a)
    if dice.chance(0.7):
        every = dice.between(7, 16)
        place = np.abs(across / np.float32(every) - np.rint(across / np.float32(every)))
        wide = dice.between(0.02, 0.09)
        share = smooth_step(wide + 0.012, wide, place) * np.float32(0.8)
        if dice.chance(0.5):
            second = np.abs(place - np.float32(wide + 0.05))
            share = np.maximum(share, np.float32(0.7) * smooth_step(0.02, 0.01, second))
    return share, tone


def _stone(a: Floats, b: Floats, dice: Dice) -> tuple[Floats, Floats]:
    """A kiln shelf or a slab of slate: clouds, speckle, a few rings left by pots."""
    cloud = noise("patches").at(a / 48, b / 48)
    speckle = noise("grain").at(a / 34, b / 34)
    share = smooth_step(0.9, 2.2, cloud) * np.float32(0.6)
    share = np.maximum(share, smooth_step(2.2, 2.9, speckle) * np.float32(0.8))
    for _ in range(dice.whole(1, 4)):
        middle = (dice.between(-30, 30), dice.between(-14, 30))
        radius = dice.between(2.5, 5.5)
        away = np.hypot(a - a.dtype.type(middle[0] + 50), b - a.dtype.type(middle[1])) - radius
        ring = smooth_step(0.35, 0.05, np.abs(away)) * np.float32(0.5)
        share = np.maximum(share, ring * smooth_step(-0.8, 0.6, cloud))
    return share, np.float32(0.07) * cloud + np.float32(0.05) * speckle


def _tiles(a: Floats, b: Floats, dice: Dice) -> tuple[Floats, Floats]:
    """Terracotta or concrete slabs with joints."""
    wide = dice.between(14, 24)
    column, row = np.floor(a / np.float32(wide)), np.floor(b / np.float32(wide))
    edge = np.maximum(
        np.abs(a / np.float32(wide) - column - np.float32(0.5)),
        np.abs(b / np.float32(wide) - row - np.float32(0.5)),
    )
    joint = smooth_step(0.5 - 0.5 / wide, 0.5 - 0.3 / wide, edge)
    tone = np.float32(0.11) * np.sin(column * np.float32(12.99) + row * np.float32(78.2))
    cloud = noise("patches").at(a / 40, b / 40)
    return joint * np.float32(0.8), tone + np.float32(0.09) * cloud


@functools.lru_cache(maxsize=4)
def wall_picture(scene: Scene) -> Floats:
    """The wall behind, out of focus: `[rows, columns, 3]` linear, first row at the bottom."""
    columns, rows = WALL_PIXELS
    dice = scene.dice("wall")
    a = np.linspace(-WALL_CM[0] / 2, WALL_CM[0] / 2, columns, dtype=np.float32)
    up = np.linspace(-10, WALL_CM[1] - 10, rows, dtype=np.float32)
    a, up = np.meshgrid(a, up)
    wall = np.broadcast_to(np.array(scene.wall, np.float32), (rows, columns, 3)).copy()
    cloud = noise("clouds").at(a / 120, up / 120)
    wall *= (1 + np.float32(0.07) * cloud)[..., None]
    blurred = dice.between(2.4, 4.5)
    if scene.backdrop == "kiln shelf":
        _lay_bricks(wall, a, up, dice)
        blurred = 1.6
    elif scene.backdrop == "shelves":
        _hang_shelves(wall, a, up, scene, dice)
    elif scene.backdrop in ("window", "patio"):
        _let_leaves_glow(wall, scene, dice)
        if scene.backdrop == "window":
            _cross_bars(wall, a, up, dice)
        blurred *= 0.8
    elif scene.backdrop == "bench" and dice.chance(0.6):
        _hang_shelves(wall, a, up, scene, dice, boards=1)
    falloff = 1 - np.float32(0.003) * np.maximum(up, 0) * np.float32(dice.between(0, 1.5))
    wall *= (falloff * (1 - np.float32(0.002 * np.sign(scene.light.side)) * -a))[..., None]
    return gaussian_filter(wall, (blurred, blurred, 0), mode="nearest")


def _lay_bricks(wall: Floats, a: Floats, up: Floats, dice: Dice) -> None:
    long, high = 22.0, 6.8
    row = np.floor(up / np.float32(high))
    shifted = a / np.float32(long) + np.float32(0.5) * (row % 2)
    column = np.floor(shifted)
    tone = 1 + np.float32(0.14) * np.sin(column * np.float32(45.2) + row * np.float32(9.7))
    joint = np.maximum(
        smooth_step(0.46, 0.49, np.abs(up / np.float32(high) - row - np.float32(0.5))),
        smooth_step(0.485, 0.497, np.abs(shifted - column - np.float32(0.5))),
    )
    wall *= (tone * (1 - np.float32(0.55) * joint))[..., None]
    scorch = smooth_step(0.2, 1.6, noise("clouds").at(a / 150, up / 90))
    wall *= (1 - np.float32(dice.between(0.2, 0.6)) * scorch)[..., None]


def _hang_shelves(
    wall: Floats, a: Floats, up: Floats, scene: Scene, dice: Dice, boards: int = 3
) -> None:
    wood = np.array(dice.pick([(0.30, 0.18, 0.09), (0.45, 0.32, 0.19)]), np.float32)
    level = dice.between(4, 12) if boards > 1 else dice.between(24, 34)
    for _ in range(boards):
        place = -WALL_CM[0] / 2
        while place < WALL_CM[0] / 2:
            wide, high = dice.between(5, 15), dice.between(5, 17)
            if dice.chance(0.8):
                colour = np.array(dice.pick(POT_COLOURS), np.float32)
                bulge = dice.between(0.0, 0.9)
                _stand_pot(wall, a, up, (place + wide / 2, level), (wide, high), colour, bulge)
            place += wide + dice.between(0.5, 6)
        board = smooth_step(1.3, 0.9, np.abs(up - np.float32(level - 1.1)))
        wall += (wood - wall) * board[..., None]
        under = smooth_step(7.0, 0.0, np.float32(level - 2) - up) * (up < level - 2)
        wall *= (1 - np.float32(0.45) * under)[..., None]
        level += dice.between(23, 29)


def _stand_pot(
    wall: Floats,
    a: Floats,
    up: Floats,
    foot: tuple[float, float],
    size: tuple[float, float],
    colour: Floats,
    bulge: float,
) -> None:
    """Paint a blurred neighbour: a silhouette shaded like a round thing."""
    share = np.clip((up - np.float32(foot[1])) / np.float32(size[1]), 0, 1)
    half = np.float32(size[0] / 2) * (
        1 - np.float32(0.45 * bulge) * (2 * share - np.float32(0.8)) ** 2
    )
    aside = (a - np.float32(foot[0])) / half
    inside = smooth_step(1.04, 0.92, np.abs(aside))
    inside = inside * ((up > foot[1]) & (up < foot[1] + size[1]))
    shine = np.float32(0.35) + np.float32(0.75) * np.clip(1 - (aside + np.float32(0.4)) ** 2, 0, 1)
    wall += (colour * shine[..., None] - wall) * inside[..., None]


def _let_leaves_glow(wall: Floats, scene: Scene, dice: Dice) -> None:
    """Discs of light out of focus, as behind a window or in a garden."""
    rows, columns = wall.shape[:2]
    down, across = np.mgrid[0:rows, 0:columns].astype(np.float32)
    light = 1.5 if scene.backdrop == "window" else 1.0
    wall *= np.float32(light)
    for _ in range(110):
        middle = (dice.between(0, rows), dice.between(0, columns))
        radius = dice.between(4, 17)
        colour = np.array(scene.wall, np.float32) * (0.15 + 3.4 * dice.unit() ** 2.2) * light
        colour = colour * np.array([dice.between(0.6, 1.6), 1.0, dice.between(0.6, 1.7)])
        away = np.hypot(down - middle[0], across - middle[1])
        share = smooth_step(radius, radius * 0.85, away.astype(np.float32))
        share = share * np.float32(dice.between(0.35, 0.9))
        wall += (colour.astype(np.float32) - wall) * share[..., None]


def _cross_bars(wall: Floats, a: Floats, up: Floats, dice: Dice) -> None:
    """The frame of a window against the light."""
    frame = np.array(dice.pick([(0.5, 0.49, 0.46), (0.2, 0.13, 0.08)]), np.float32)
    start = dice.between(-40, 10)
    share = smooth_step(2.2, 1.6, np.abs(up - np.float32(dice.between(22, 40))))
    for bar in range(-2, 4):
        place = np.float32(start + 34.0 * bar)
        share = np.maximum(share, smooth_step(2.2, 1.6, np.abs(a - place)))
    wall += (frame - wall) * share[..., None]
