"""Solid pots as signed distances: how far a point in space is from the clay.

What is turned on the lathe needs a distance in two dimensions only (radius, height), and so
does a handle or a spout, which is a tube along a curve in a plane. Both are tabulated once
per piece; a ray then costs a few look-ups a step (sphere tracing, Hart 1996).
"""

# n points; x right, y up, z towards the viewer, all in centimetres, the piece stands on y = 0

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from handful.data.samples.kiln.profiles import Profile
from handful.data.samples.kiln.textures import between, cornered

Floats = NDArray[np.floating[Any]]
Distance = Callable[[Floats, Floats, Floats], Floats]

BODY, HANDLE, SPOUT, CANDLE, WICK = 0, 1, 2, 3, 4
"""What a point of the surface belongs to."""

FAR = np.float32(1e3)


class Place(NamedTuple):
    """Points on a grid: `[n]` the cell of each, and how far right and up in it, in [0, 1)."""

    corner: NDArray[np.intp]
    u: Floats
    v: Floats


class Table:
    """A function of two coordinates on an even grid, read between its nodes.

    Args:
        values: `[rows, columns]` float32.
        origin: Coordinates of the first node: (along columns, along rows), in centimetres.
        cell: Distance of neighbouring nodes, in centimetres.
    """

    def __init__(self, values: Floats, origin: tuple[float, float], cell: float) -> None:
        self.values = np.ascontiguousarray(values, dtype=np.float32)
        self._cells = cornered(self.values)
        self._scale = np.float32(1 / cell)
        rows, columns = self.values.shape
        self._first = np.array([[origin[0]], [origin[1]]], np.float32)
        self._last = np.array([[columns - 1.001], [rows - 1.001]], np.float32)

    def at(self, across: Floats, up: Floats) -> Floats:
        """Linear between nodes, constant beyond the edge. `[n]`."""
        return self.read(self.place(across, up))

    def place(self, across: Floats, up: Floats) -> Place:
        """Where to read; tables of the same grid share it."""
        at = np.stack([across, up], dtype=np.float32, casting="same_kind")
        at -= self._first
        at *= self._scale
        np.maximum(at, 0, out=at)
        np.minimum(at, self._last, out=at)
        node = np.floor(at)
        at -= node
        # Whole numbers below 2^24 are exact in float32.
        node[1] *= self.values.shape[1]
        node[1] += node[0]
        return Place(node[1].astype(np.intp), at[0], at[1])

    def read(self, place: Place) -> Floats:
        """The values there. `[n]` float32."""
        return between(self._cells, place.corner, place.u, place.v)

    def nearest(self, across: Floats, up: Floats) -> NDArray[np.intp]:
        """Index of the nearest node into the flattened table. `[n]`."""
        rows, columns = self.values.shape
        u = np.rint((across - self._first[0]) * self._scale)
        v = np.rint((up - self._first[1]) * self._scale)
        column = np.clip(u, 0, columns - 1).astype(np.intp)
        return np.clip(v, 0, rows - 1).astype(np.intp) * columns + column


class Turned:
    """What the lathe made: a profile turned about the y axis.

    Args:
        profile: The closed loop around the wall.
        reach: How far from the axis distances are wanted, in centimetres.
        nodes: Nodes of the table along its longer side.
    """

    def __init__(self, profile: Profile, reach: float, nodes: int = 160) -> None:
        self.profile = profile
        pad = 0.4
        cell = max(reach + pad, profile.top + 2 * pad) / nodes
        across = np.arange(0, reach + pad, cell)
        up = np.arange(-pad, profile.top + pad, cell)
        grid = np.stack(np.meshgrid(across, up), axis=-1)
        _, self._near = _nearest(profile.points, grid)
        signed = _signed(profile.points, grid.reshape(-1, 2), self._near)
        values = signed.reshape(grid.shape[:2]).astype(np.float32)
        self.table = Table(values, (0.0, -pad), cell)

    def point_of(self, radius: Floats, height: Floats) -> NDArray[np.intp]:
        """Index of the profile's point nearest to each `(radius, height)`. `[n]`."""
        return self._near[self.table.nearest(radius, height)]


class Tube:
    """A handle or a spout: a curve in a plane through the axis, with a thickness.

    Args:
        curve: `[k, 2]` points (distance from the axis, height), in centimetres.
        thick: `[k]` radius at each point, in the plane.
        wide: Half width of the flat part across the plane; 0 gives a round tube.
        hole: Share of the radius that is hollow at the far end; 0 gives a solid one.
        turn: Angle of the plane about the y axis, in radians.
    """

    def __init__(
        self,
        curve: NDArray[np.float64],
        thick: NDArray[np.float64],
        *,
        wide: float = 0.0,
        hole: float = 0.0,
        turn: float = 0.0,
    ) -> None:
        self.reach = float((curve[:, 0] + thick).max())
        self.top = float((curve[:, 1] + thick).max())
        self._wide = np.float32(wide)
        self._hole = np.float32(hole)
        self._cos, self._sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        pad, cell = 1.6, 0.11
        low = curve.min(axis=0) - thick.max() - pad
        high = curve.max(axis=0) + thick.max() + pad
        across, up = (np.arange(low[axis], high[axis], cell) for axis in (0, 1))
        self._aside = np.float32(thick.max() + wide + 0.01)
        self._box = (np.float32(low[0]), np.float32(low[1]), np.float32(high[1]))
        grid = np.stack(np.meshgrid(across, up), axis=-1)
        distance, near = _nearest(curve, grid)
        origin = (float(low[0]), float(low[1]))
        shape = grid.shape[:2]
        self._away = Table(_unbent(curve, grid, near, distance).reshape(shape), origin, cell)
        self._thick = Table(thick[near].reshape(shape).astype(np.float32), origin, cell)
        ahead = curve[-1] - curve[-3]
        self._tip = curve[-1].astype(np.float32)
        self._ahead = (ahead / np.hypot(*ahead)).astype(np.float32)

    def distance(
        self, x: Floats, y: Floats, z: Floats, within: Floats | np.float32 = FAR
    ) -> Floats:
        """Signed distance to the tube. `[n]`; far away it is only known to be far.

        Args:
            x: Place, and so `y` and `z`: `[n]` centimetres.
            y: Upwards.
            z: Towards the viewer.
            within: `[n]` or one: larger distances than this need not be known.
        """
        across, aside = x, z
        if self._sin:
            across = self._cos * x + self._sin * z
            aside = self._cos * z - self._sin * x
        found = np.full(x.shape, FAR)
        aside = np.abs(aside)
        close = aside - self._aside < within
        close &= across > self._box[0]
        close &= y > self._box[1]
        close &= y < self._box[2]
        near = np.flatnonzero(close)
        if not len(near):
            return found
        across, aside, y = across.take(near), aside.take(near), y.take(near)
        place = self._away.place(across, y)
        away, thick = self._away.read(place), self._thick.read(place)
        beside = np.maximum(aside - self._wide, 0)
        distance = np.sqrt(away * away + beside * beside)
        outer = distance - thick
        if self._hole:
            # Cut straight off at the mouth, and bored along the same line.
            past = (across - self._tip[0]) * self._ahead[0] + (y - self._tip[1]) * self._ahead[1]
            beyond = np.maximum(past, 0)
            inner = np.sqrt(np.maximum(distance * distance - beyond * beyond, 0))
            inner -= thick * self._hole
            bored = past > np.float32(-1.2)
            outer = np.where(bored, np.maximum(np.maximum(outer, past), -inner), outer)
        found[near] = outer
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Solid:
    """A whole piece: the turned body and what was stuck to it.

    Attributes:
        body: What the lathe made.
        tubes: Handles and spouts with what they are (`HANDLE` or `SPOUT`).
        lobes: Number of lobes or facets around; 0 for a round piece.
        lobe_depth: How deep they are, as a share of the radius.
        sway: Amplitude of the hand-made out-of-round, as a share of the radius.
        sway_turn: Its direction, in radians.
        holes: `[h, 4]` pierced holes: angle, height, radius and angular period.
        candle: Radius, bottom and top of a candle in its socket, or None.
        blend: Width of the join between body and handles, in centimetres.
    """

    body: Turned
    tubes: tuple[tuple[int, Tube], ...] = ()
    lobes: int = 0
    lobe_depth: float = 0.0
    sway: float = 0.0
    sway_turn: float = 0.0
    holes: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    candle: tuple[float, float, float] | None = None
    blend: float = 0.55

    @property
    def reach(self) -> float:
        """Largest distance from the axis, in centimetres."""
        body = self.body.profile.reach * (1 + self.sway + self.lobe_depth)
        return max([body, *(tube.reach for _, tube in self.tubes)])

    @property
    def top(self) -> float:
        """Largest height, in centimetres."""
        heights = [self.body.profile.top, *(tube.top for _, tube in self.tubes)]
        if self.candle:
            heights.append(self.candle[2] + 0.9)
        return max(heights)

    def distance(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """A safe step towards the clay from each point. `[n]` float32, negative inside."""
        found = self.body_distance(x, y, z)
        for _, tube in self.tubes:
            # Farther than the width of the join a tube changes nothing.
            away = tube.distance(x, y, z, within=found + self.blend)
            found = _soft_minimum(found, away, np.float32(self.blend))
        if self.candle:
            found = np.minimum(found, self.candle_distance(x, y, z))
        return found

    def body_distance(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Signed distance to the turned body alone, holes cut out. `[n]`."""
        radius = self.round_radius(x, y, z)
        found = self.body.table.at(radius, y)
        return self._pierced(found, x, y, z) if len(self.holes) else found

    def _pierced(self, found: Floats, x: Floats, y: Floats, z: Floats) -> Floats:
        """Distance to the body with its holes cut out; each is repeated around the wall."""
        around, radius = np.arctan2(z, x), np.sqrt(x * x + z * z)
        for angle, height, wide, period in self.holes.astype(np.float32):
            turned = around - angle
            aside = (turned - period * np.rint(turned / period)) * radius
            above = y - height
            found = np.maximum(found, wide - np.sqrt(aside * aside + above * above))
        return found

    def candle_distance(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Signed distance to the candle and its wick. `[n]`."""
        assert self.candle
        wide, bottom, top = (np.float32(value) for value in self.candle)
        radius = np.sqrt(x * x + z * z)
        beside = np.maximum(radius - wide + np.float32(0.12), 0)
        middle, half = (top + bottom) / 2, (top - bottom) / 2 - np.float32(0.12)
        above = np.maximum(np.abs(y - middle) - half, 0)
        wax = np.sqrt(beside * beside + above * above) - np.float32(0.12)
        bent = x - np.float32(0.25) * np.maximum(y - top, 0)
        stem = np.maximum(np.abs(y - top - np.float32(0.35)) - np.float32(0.45), 0)
        wick = np.sqrt(bent * bent + z * z + stem * stem) - np.float32(0.08)
        return np.minimum(wax, wick)

    def round_radius(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Distance from the axis with lobes and sway taken out. `[n]`."""
        sides, ends = x * x, z * z
        square = sides + ends
        radius = np.sqrt(square)
        if not (self.lobes or self.sway):
            return radius
        # The sway is that of cos(2 angle + turn), written without the angle.
        bend = x * z
        bend *= np.float32(-2 * self.sway * np.sin(self.sway_turn))
        sides -= ends
        sides *= np.float32(self.sway * np.cos(self.sway_turn))
        bend += sides
        bend /= np.maximum(square, 1e-9, out=square)
        if self.lobes:
            fold = np.abs(np.sin(np.arctan2(z, x) * np.float32(self.lobes / 2)))
            raised = np.clip(y / np.float32(self.body.profile.top), 0, 1)
            bend += np.float32(self.lobe_depth) * (fold - np.float32(0.6)) * raised
        bend += 1
        radius /= bend
        return radius

    def part(self, x: Floats, y: Floats, z: Floats) -> NDArray[np.int8]:
        """What each surface point belongs to: `BODY`, `HANDLE`, `SPOUT`, `CANDLE`, `WICK`."""
        best = self.body_distance(x, y, z)
        part = np.full(x.shape, BODY, dtype=np.int8)
        for name, tube in self.tubes:
            distance = tube.distance(x, y, z)
            part[distance < best] = name
            best = np.minimum(best, distance)
        if self.candle:
            distance = self.candle_distance(x, y, z)
            part[distance < best] = CANDLE
            part[(part == CANDLE) & (y > self.candle[2] + 0.02)] = WICK
        return part


def _nearest(
    points: NDArray[np.float64], grid: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """How far each node of a grid is from the nearest point of a curve, and which that is."""
    # Points along a curve lie well apart in any tree; a crude one is built and asked in half
    # the time of a balanced one.
    tree = KDTree(points, leafsize=32, compact_nodes=False, balanced_tree=False)
    distance, near = tree.query(grid.reshape(-1, 2))
    return np.asarray(distance), np.asarray(near, dtype=np.intp)


def _signed(
    points: NDArray[np.float64], at: NDArray[np.float64], near: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Distance to the loop, negative inside the clay, smooth between the loop's points."""
    slope = np.gradient(points, axis=0)
    slope /= np.maximum(np.hypot(slope[:, 0], slope[:, 1]), 1e-9)[:, None]
    outward = np.stack([slope[:, 1], -slope[:, 0]], axis=1)
    offset = at - points[near]
    along = (offset * slope[near]).sum(axis=1)
    across = (offset * outward[near]).sum(axis=1)
    beyond = np.maximum(np.abs(along) - 0.04, 0)
    return np.where(across < 0, -1.0, 1.0) * np.hypot(across, beyond)


def _unbent(
    curve: NDArray[np.float64],
    grid: NDArray[np.float64],
    near: NDArray[np.intp],
    distance: NDArray[np.float64],
) -> Floats:
    """Distance to the curve as a line rather than as dots; beyond its ends, to the end."""
    slope = np.gradient(curve, axis=0)
    slope /= np.hypot(slope[:, 0], slope[:, 1])[:, None]
    offset = grid.reshape(-1, 2) - curve[near]
    across = np.abs(offset[:, 0] * slope[near, 1] - offset[:, 1] * slope[near, 0])
    at_end = (near == 0) | (near == len(curve) - 1)
    return np.where(at_end, distance, across).astype(np.float32)


def _soft_minimum(a: Floats, b: Floats, width: np.float32) -> Floats:
    """Union with a filleted join (polynomial smooth minimum, Quilez)."""
    share = np.maximum(width - np.abs(a - b), 0) / width
    return np.minimum(a, b) - share * share * width * np.float32(0.25)
