"""Clay and glaze: colour that follows thickness, dips, drips, speckles, rings, brushwork.

A glaze is thin where clay has an edge and thick where it can run and pool; most of what
makes pottery look like pottery is that its colour follows this thickness.
"""

# n surface points

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handful.data.samples.kiln.dice import Dice
from handful.data.samples.kiln.pieces import Piece
from handful.data.samples.kiln.profiles import INNER, OUTER, RIM, UNDER
from handful.data.samples.kiln.solids import BODY, CANDLE, SPOUT, WICK, Floats, Solid
from handful.data.samples.kiln.textures import blend, noise, smooth_step, swarm

Colour = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """One glaze: linear-light colours where it is thin, usual and pooled, and how it shines."""

    thin: Colour
    usual: Colour
    pooled: Colour
    gloss: float
    """1 is a wet shine, 0 is none."""
    speckle: float = 0.0
    """How much iron of the clay shows through as dots."""
    cloudy: float = 0.25
    """How much the thickness varies by itself."""
    breaks: float = 1.0
    """How strongly edges show the thin colour."""
    flash: Colour | None = None
    """A colour the flame leaves in patches."""


RECIPES: dict[str, Recipe] = {
    "celadon": Recipe(
        thin=(0.60, 0.60, 0.48), usual=(0.38, 0.47, 0.36), pooled=(0.16, 0.28, 0.21), gloss=1.0
    ),
    "cobalt": Recipe(
        thin=(0.24, 0.27, 0.35),
        usual=(0.030, 0.056, 0.150),
        pooled=(0.008, 0.018, 0.085),
        gloss=1.0,
        cloudy=0.35,
    ),
    "tenmoku": Recipe(
        thin=(0.26, 0.085, 0.022),
        usual=(0.032, 0.016, 0.011),
        pooled=(0.012, 0.009, 0.009),
        gloss=1.0,
        breaks=1.5,
    ),
    "oatmeal": Recipe(
        thin=(0.42, 0.30, 0.18),
        usual=(0.56, 0.46, 0.32),
        pooled=(0.62, 0.55, 0.43),
        gloss=0.42,
        speckle=0.8,
    ),
    "shino": Recipe(
        thin=(0.48, 0.17, 0.06),
        usual=(0.68, 0.53, 0.42),
        pooled=(0.80, 0.73, 0.66),
        gloss=0.5,
        cloudy=0.55,
        flash=(0.52, 0.22, 0.09),
    ),
    "white": Recipe(
        thin=(0.66, 0.58, 0.47),
        usual=(0.76, 0.745, 0.70),
        pooled=(0.78, 0.79, 0.76),
        gloss=0.85,
        speckle=0.15,
        cloudy=0.15,
    ),
    "chun": Recipe(
        thin=(0.33, 0.24, 0.17),
        usual=(0.30, 0.38, 0.46),
        pooled=(0.46, 0.54, 0.62),
        gloss=0.75,
        cloudy=0.34,
        flash=(0.16, 0.20, 0.36),
    ),
    "turquoise": Recipe(
        thin=(0.36, 0.52, 0.47),
        usual=(0.065, 0.31, 0.31),
        pooled=(0.01, 0.19, 0.23),
        gloss=0.95,
        cloudy=0.35,
    ),
    "iron red": Recipe(
        thin=(0.09, 0.035, 0.02),
        usual=(0.30, 0.052, 0.02),
        pooled=(0.42, 0.10, 0.03),
        gloss=0.8,
        cloudy=0.5,
    ),
    "ash yellow": Recipe(
        thin=(0.42, 0.26, 0.11),
        usual=(0.55, 0.39, 0.13),
        pooled=(0.33, 0.27, 0.08),
        gloss=0.7,
        speckle=0.35,
        cloudy=0.45,
    ),
    "raw clay": Recipe(thin=(0, 0, 0), usual=(0, 0, 0), pooled=(0, 0, 0), gloss=0.06, cloudy=0.0),
}

CLAY_COLOURS: dict[str, tuple[Colour, ...]] = {
    "porcelain": ((0.72, 0.69, 0.63), (0.68, 0.66, 0.61)),
    "stoneware": ((0.45, 0.33, 0.21), (0.33, 0.21, 0.12), (0.52, 0.42, 0.30), (0.13, 0.085, 0.06)),
    "earthenware": ((0.46, 0.17, 0.075), (0.40, 0.13, 0.06), (0.50, 0.24, 0.12)),
}

LININGS = {"raw clay": ("white", "celadon", "tenmoku"), "tenmoku": ("white", "oatmeal")}


@dataclass(slots=True)
class Surface:
    """What light meets at each of `n` surface points.

    Attributes:
        colour: `[n, 3]` share of light given back, linear.
        gloss: `[n]` strength of the mirror layer, 0 to 1.
        rough: `[n]` how blurred the mirror is, 0 to 1.
        bump: `[n]` height of the fine relief in centimetres, to tilt the normals.
    """

    colour: Floats
    gloss: Floats
    rough: Floats
    bump: Floats

    def at(self, index: NDArray[np.intp]) -> Surface:
        """The surface at some of its points, in their order."""
        colour = self.colour.T.take(index, axis=1).T
        gloss, rough, bump = (part.take(index) for part in (self.gloss, self.rough, self.bump))
        return Surface(colour, gloss, rough, bump)


@dataclass(frozen=True, slots=True)
class Spots:
    """Where the surface points of one photo lie, in every way a glaze may ask.

    Attributes:
        x, y, z: `[n]` place in centimetres.
        angle: `[n]` around the axis, radians.
        up: `[n]` vertical part of the normal.
        part: `[n]` body, handle, spout, candle, wick.
        side: `[n]` outside, rim, inside, underneath (body only).
        from_rim: `[n]` along the wall to the rim, centimetres.
        along: `[n]` along the wall from the foot's middle, centimetres.
    """

    x: Floats
    y: Floats
    z: Floats
    angle: Floats
    up: Floats
    part: NDArray[np.int8]
    side: NDArray[np.int8]
    from_rim: Floats
    along: Floats
    sheets: tuple[tuple[NDArray[np.intp], Floats], ...]
    """For each axis, the points that face it and the weight of the pattern it projects."""

    def noise(self, name: str, period_cm: float) -> Floats:
        """A noise of this name laid over the surface without seams. `[n]`."""
        pattern, scale = noise(name), np.float32(1 / period_cm)
        made = np.zeros(len(self.x), np.float32)
        across = ((self.y, self.z, 0.37), (self.x, self.z, 0.61), (self.x, self.y, 0.83))
        for (facing, weight), (first, second, shift) in zip(self.sheets, across, strict=True):
            u = first[facing] * scale + np.float32(shift)
            made[facing] += weight * pattern.at(u, second[facing] * scale)
        return made


def spots_of(solid: Solid, points: Floats, normal: Floats) -> Spots:
    """Look up where surface points `[n, 3]` lie on a solid."""
    x, y, z = (np.ascontiguousarray(points[:, axis]) for axis in range(3))
    index = solid.body.point_of(solid.round_radius(x, y, z), y)
    profile = solid.body.profile
    steps = np.hypot(*np.diff(profile.points, axis=0, prepend=profile.points[:1]).T)
    return Spots(
        x=x,
        y=y,
        z=z,
        angle=np.arctan2(z, x),
        up=np.ascontiguousarray(normal[:, 1]),
        part=solid.part(x, y, z),
        side=profile.side[index],
        from_rim=profile.from_rim[index].astype(np.float32),
        along=np.cumsum(steps)[index].astype(np.float32),
        sheets=_sheets(normal),
    )


def _sheets(normal: Floats) -> tuple[tuple[NDArray[np.intp], Floats], ...]:
    """Which points each axis projects a pattern on, and how strongly."""
    sharp = np.square(np.square(np.ascontiguousarray(normal.T)))
    sharp[sharp < 0.04 * sharp.max(axis=0)] = 0
    sharp /= np.sqrt(np.einsum("an,an->n", sharp, sharp))
    facing = [np.flatnonzero(weight) for weight in sharp]
    return tuple((index, weight[index]) for index, weight in zip(facing, sharp, strict=True))


def glazed(piece: Piece, solid: Solid, spots: Spots) -> Surface:
    """Colour, shine and relief of a piece at the given spots, without any fault."""
    dice = piece.dice("glaze")
    recipe = RECIPES[piece.glaze]
    clay = np.array(dice.pick(CLAY_COLOURS[piece.clay]), np.float32) * dice.between(0.88, 1.08)
    thick = _thickness(piece, solid, spots, recipe, dice)
    rings, relief = _rings(piece, spots, dice)
    thick = thick - rings * np.float32(0.35 * recipe.breaks)
    colour = _layered(recipe, thick, dice.between(0.9, 1.1))
    covered, line = _covered(piece, solid, spots, dice)
    if recipe.flash:
        flame = spots.noise("clouds", 13.0)
        share = smooth_step(0.3, 1.9, flame) * np.float32(0.6)
        colour = blend(colour, np.array(recipe.flash, np.float32), share)
    bare = _bare_clay(piece, spots, clay, dice)
    colour, gloss = _two_tone(piece, solid, spots, thick, colour, recipe, dice)
    colour = _brushwork(piece, solid, spots, colour, dice)
    colour = _speckled(piece, spots, colour, recipe, dice)
    halo = smooth_step(-0.5, 0.0, line) * smooth_step(0.12, 0.0, line)
    bare = bare * (1 - np.float32(0.3) * halo[:, None])
    colour = blend(bare, colour, covered)
    gloss = gloss * covered + np.float32(0.05) * (1 - covered)
    surface = Surface(
        colour=colour.astype(np.float32),
        gloss=gloss.astype(np.float32),
        rough=np.float32(1.0) - gloss,
        bump=relief + np.float32(0.03) * covered + _grain(piece, spots, covered),
    )
    _candle(spots, surface, dice)
    return surface


def _thickness(piece: Piece, solid: Solid, spots: Spots, recipe: Recipe, dice: Dice) -> Floats:
    """Thickness of the glaze: 0 bare edge, 1 usual, 2 pooled. `[n]`."""
    cloud = spots.noise("clouds", dice.between(14, 22))
    patch = spots.noise("patches", dice.between(9, 16))
    thick = 1.0 + recipe.cloudy * (0.55 * cloud + 0.35 * patch)
    edge = np.exp(-spots.from_rim / np.float32(dice.between(0.18, 0.32)))
    on_body = (spots.part == BODY) & (piece.kind != "teapot")
    thick = thick - np.where(on_body, np.float32(1.25 * recipe.breaks) * edge, 0)
    runs = noise("fibres").at(
        spots.angle * np.float32(0.47), np.float32(0.02) * spots.y + np.float32(dice.unit())
    )
    thick = thick + np.float32(recipe.cloudy * 0.4) * runs * (spots.part == BODY)
    low = np.exp(-np.maximum(spots.y, 0) / np.float32(0.22 * solid.top + 0.4))
    inside = spots.side == INNER
    pool = np.where(inside, np.float32(0.9) * (spots.up > 0.8), np.float32(0.7) * low)
    tubes = spots.part != BODY
    pool = np.where(tubes, np.float32(-0.12), pool)
    return (thick + pool).astype(np.float32)


def _layered(recipe: Recipe, thick: Floats, strength: float) -> Floats:
    """The colour of a layer of glaze: thin, usual, pooled. `[n, 3]`."""
    thin, usual, pooled = (
        np.array(colour, np.float32) for colour in (recipe.thin, recipe.usual, recipe.pooled)
    )
    thick = thick * np.float32(strength)
    colour = blend(np.broadcast_to(thin, (len(thick), 3)), usual, smooth_step(0.0, 1.0, thick))
    return blend(colour, pooled, smooth_step(1.05, 2.3, thick))


def _rings(piece: Piece, spots: Spots, dice: Dice) -> tuple[Floats, Floats]:
    """Throwing rings: how much they stand out (for the glaze) and their height in cm."""
    pitch = dice.between(0.55, 1.25)
    deep = dice.weighted({0.0: 2, 0.35: 2, 0.7: 2, 1.0: 1.4})
    wander = noise("clouds").at(spots.angle * np.float32(0.159), spots.along * np.float32(0.03))
    phase = spots.along * np.float32(6.283 / pitch) + spots.angle + np.float32(0.9) * wander
    wave = np.cos(phase)
    strength = np.float32(deep) * (0.65 + 0.35 * np.cos(spots.along * np.float32(0.7)))
    body = (spots.part == BODY) & (spots.side != RIM) & (spots.side != UNDER)
    if piece.kind == "plate":
        body &= spots.side == INNER
    rings = np.where(body, strength * wave, 0).astype(np.float32)
    return rings, rings * np.float32(0.02 * pitch)


def _covered(piece: Piece, solid: Solid, spots: Spots, dice: Dice) -> tuple[Floats, Floats]:
    """Where glaze lies, 0 to 1, and the height over its lower edge in centimetres."""
    high = min(solid.top * dice.between(0.03, 0.16), 2.6)
    wavy = noise("clouds").at(spots.angle * np.float32(0.159), np.full_like(spots.y, 0.3))
    edge = np.float32(high) + np.float32(0.12 + 0.1 * high) * wavy
    for _ in range(dice.whole(0, 7) if dice.chance(0.6) else 0):
        where, wide = dice.between(-np.pi, np.pi), dice.between(0.05, 0.13)
        away = np.abs(spots.angle - np.float32(where))
        away = np.minimum(away, np.float32(2 * np.pi) - away) / np.float32(wide)
        edge = edge - np.float32(dice.between(0.4, 1.0) * high) * np.exp(-away * away)
    line = (spots.y - np.maximum(edge, 0.12)).astype(np.float32)
    covered = smooth_step(-0.06, 0.06, line)
    covered = np.where(spots.side == INNER, np.float32(1), covered)
    if piece.glaze == "raw clay":
        lined = dice.chance(0.7) and piece.kind != "plate"
        covered = np.where((spots.side == INNER) & lined, covered, np.float32(0))
    covered = np.where(spots.part == BODY, covered, np.float32(piece.glaze != "raw clay"))
    return covered.astype(np.float32), line


def _bare_clay(piece: Piece, spots: Spots, clay: Floats, dice: Dice) -> Floats:
    """Unglazed clay: sandy grain, and a warm flush from the flame. `[n, 3]`."""
    grain = spots.noise("grain", 11.0)
    cloud = spots.noise("clouds", 17.0)
    rough = 0.05 if piece.clay == "porcelain" else 0.11
    tone = 1 + np.float32(rough) * grain + np.float32(0.08) * cloud
    flushed = clay * np.array([1.15, 0.88, 0.72], np.float32)
    share = smooth_step(0.3, 1.8, cloud) * np.float32(dice.between(0.2, 0.8))
    return blend(np.broadcast_to(clay, (len(tone), 3)), flushed, share) * tone[:, None]


def _two_tone(
    piece: Piece,
    solid: Solid,
    spots: Spots,
    thick: Floats,
    colour: Floats,
    recipe: Recipe,
    dice: Dice,
) -> tuple[Floats, Floats]:
    """A second glaze: dipped from above, from the side, or inside only."""
    gloss = np.full(len(spots.y), recipe.gloss, np.float32)
    way = dice.weighted({"none": 5, "dip": 2.4, "side": 0.8, "lining": 1.4})
    if piece.glaze == "raw clay":
        way = "lining"
    other = dice.pick(LININGS.get(piece.glaze, ("white", "tenmoku", "celadon", "oatmeal", "chun")))
    if way == "none" or other == piece.glaze:
        return colour, gloss
    second = RECIPES[other]
    if way == "lining":
        share = ((spots.side == INNER) & (spots.part == BODY)).astype(np.float32)
        if piece.kind == "plate":
            share *= 0
    else:
        wavy = noise("clouds").at(spots.angle * np.float32(0.159), np.full_like(spots.y, 0.7))
        height = spots.y if way == "dip" else spots.x * np.float32(0.8) + spots.y * np.float32(0.5)
        level = solid.top * dice.between(0.4, 0.72) if way == "dip" else dice.between(-1.5, 3.5)
        share = smooth_step(-0.12, 0.12, height - np.float32(level) - np.float32(0.3) * wavy)
    near_line = np.float32(0.5) * (1 - np.abs(2 * share - 1))
    upper = _layered(second, thick + near_line, 1.0)
    return blend(colour, upper, share), gloss * (1 - share) + np.float32(second.gloss) * share


def _brushwork(piece: Piece, solid: Solid, spots: Spots, colour: Floats, dice: Dice) -> Floats:
    """Bands, strokes or dots in oxide, on some of the pieces."""
    way = dice.weighted({"none": 8, "bands": 2, "strokes": 0.4, "dots": 0.3})
    ink = np.array(
        dice.pick([(0.03, 0.05, 0.17), (0.11, 0.045, 0.02), (0.02, 0.02, 0.02), (0.7, 0.68, 0.6)]),
        np.float32,
    )
    if way == "none" or piece.glaze == "raw clay":
        return colour
    plate = piece.kind == "plate"
    length = spots.from_rim if plate or piece.kind == "bowl" else solid.top - spots.y
    shown = spots.side == INNER if plate else (spots.side == OUTER)
    shown = shown & (spots.part == BODY)
    wander = noise("clouds").at(spots.angle * np.float32(0.159), np.full_like(spots.y, 0.9))
    length = length + np.float32(0.08) * wander
    share = np.zeros(len(spots.y), np.float32)
    start = dice.between(0.5, 1.6)
    if way == "bands":
        for _ in range(dice.whole(1, 3)):
            wide = dice.between(0.08, 0.35)
            share = np.maximum(share, smooth_step(wide, wide * 0.6, np.abs(length - start)))
            start += dice.between(0.6, 1.6)
    else:
        around = dice.whole(9, 22) if way == "strokes" else dice.whole(7, 16)
        turned = spots.angle * np.float32(around / 6.2832)
        inside = (turned - np.floor(turned) - 0.5) * 2
        middle, tall = start + 0.6, dice.between(0.5, 1.1) if way == "strokes" else 0.35
        wide = 0.45 if way == "strokes" else 0.4
        round_off = (inside / wide) ** 2 + ((length - middle) / tall) ** 2
        share = smooth_step(1.1, 0.8, round_off.astype(np.float32))
    streaks = noise("fibres").at(spots.angle * np.float32(0.3), length * np.float32(0.09))
    share = share * np.clip(0.85 + 0.2 * streaks, 0, 1) * shown
    return blend(colour, ink, share.astype(np.float32))


def _speckled(piece: Piece, spots: Spots, colour: Floats, recipe: Recipe, dice: Dice) -> Floats:
    """Iron dots that burn through from the clay."""
    extra = 0.6 if piece.clay == "stoneware" and dice.chance(0.3) else 0.0
    amount = recipe.speckle + extra
    if amount < 0.1:
        return colour
    pitch = dice.between(0.55, 1.1)
    dots = swarm(
        spots.x, spots.y, spots.z, pitch=pitch, size=(0.07, 0.16), share=min(0.25 + amount / 2, 1)
    )
    ink = np.array([0.10, 0.05, 0.025], np.float32)
    return blend(colour, ink, smooth_step(1.1, 0.5, dots) * np.float32(0.8))


def _grain(piece: Piece, spots: Spots, covered: Floats) -> Floats:
    """Fine relief: sand in bare clay, orange peel in glaze. `[n]` centimetres."""
    sand = spots.noise("grain", 9.0)
    peel = spots.noise("patches", 16.0)
    rough = np.float32(0.004 if piece.clay == "porcelain" else 0.008)
    return rough * sand * (1 - covered) + np.float32(0.0022) * peel * covered


def _candle(spots: Spots, surface: Surface, dice: Dice) -> None:
    """Paint wax and wick over whatever glaze had been assumed there."""
    wax = np.array(
        dice.pick([(0.80, 0.74, 0.60), (0.82, 0.80, 0.75), (0.55, 0.09, 0.07), (0.16, 0.22, 0.15)]),
        np.float32,
    )
    on_wax, on_wick = spots.part == CANDLE, spots.part == WICK
    surface.colour[on_wax] = wax
    surface.colour[on_wick] = 0.03
    either = on_wax | on_wick
    surface.gloss[either] = 0.3
    surface.rough[either] = 0.75
    surface.bump[either | (spots.part == SPOUT)] *= 0.2
