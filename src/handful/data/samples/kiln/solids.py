"""Solid pots as signed distances: how far a point in space is from the clay.

What is turned on the lathe needs a distance in two dimensions only (radius, height), and so
does a handle or a spout, which is a tube along a curve in a plane. Both are tabulated once
per piece; a ray then costs a few look-ups a step (sphere tracing, Hart 1996).
"""

# n points; x right, y up, z towards the viewer, all in centimetres, the piece stands on y = 0

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from handful.data.samples.kiln.profiles import Profile
from handful.data.samples.kiln.textures import between, paired

Floats = NDArray[np.floating[Any]]
Distance = Callable[[Floats, Floats, Floats], Floats]

BODY, HANDLE, SPOUT, CANDLE, WICK = 0, 1, 2, 3, 4
"""What a point of the surface belongs to."""

FAR = np.float32(1e3)


class Table:
    """A function of two coordinates on an even grid, read between its nodes.

    Args:
        values: `[rows, columns]` float32.
        origin: Coordinates of the first node: (along columns, along rows), in centimetres.
        cell: Distance of neighbouring nodes, in centimetres.
    """

    def __init__(self, values: Floats, origin: tuple[float, float], cell: float) -> None:
        self.values = np.ascontiguousarray(values, dtype=np.float32)
        self._pairs = paired(self.values)
        self._origin = origin
        self._scale = np.float32(1 / cell)

    def at(self, across: Floats, up: Floats) -> Floats:
        """Linear between nodes, constant beyond the edge. `[n]`."""
        rows, columns = self.values.shape
        u = (across - np.float32(self._origin[0])) * self._scale
        v = (up - np.float32(self._origin[1])) * self._scale
        np.minimum(np.maximum(u, 0, out=u), np.float32(columns - 1.001), out=u)
        np.minimum(np.maximum(v, 0, out=v), np.float32(rows - 1.001), out=v)
        left, low = u.astype(np.int32), v.astype(np.int32)
        return between(self._pairs, low * columns + left, columns, u - left, v - low)

    def nearest(self, across: Floats, up: Floats) -> NDArray[np.intp]:
        """Index of the nearest node into the flattened table. `[n]`."""
        rows, columns = self.values.shape
        u = np.rint((across - np.float32(self._origin[0])) * self._scale)
        v = np.rint((up - np.float32(self._origin[1])) * self._scale)
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
        _, near = KDTree(profile.points).query(grid.reshape(-1, 2))
        self._near = np.asarray(near, dtype=np.intp)
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
        self._box = (np.float32(low[0]), np.float32(low[1]), np.float32(high[1]))
        grid = np.stack(np.meshgrid(across, up), axis=-1)
        distance, near = KDTree(curve).query(grid.reshape(-1, 2))
        origin = (float(low[0]), float(low[1]))
        shape = grid.shape[:2]
        self._away = Table(_unbent(curve, grid, near, distance).reshape(shape), origin, cell)
        self._thick = Table(thick[near].reshape(shape).astype(np.float32), origin, cell)
        ahead = curve[-1] - curve[-3]
        self._tip = curve[-1].astype(np.float32)
        self._ahead = (ahead / np.hypot(*ahead)).astype(np.float32)

    def distance(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Signed distance to the tube. `[n]`; far away it is only known to be far."""
        across = self._cos * x + self._sin * z
        aside = self._cos * z - self._sin * x
        found = np.full(x.shape, FAR)
        near = np.flatnonzero((across > self._box[0]) & (y > self._box[1]) & (y < self._box[2]))
        if not len(near):
            return found
        across, aside, y = across[near], np.abs(aside[near]), y[near]
        away = self._away.at(across, y)
        thick = self._thick.at(across, y)
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
            found = _soft_minimum(found, tube.distance(x, y, z), np.float32(self.blend))
        if self.candle:
            found = np.minimum(found, self.candle_distance(x, y, z))
        return found

    def body_distance(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Signed distance to the turned body alone, holes cut out. `[n]`."""
        radius = self.round_radius(x, y, z)
        found = self.body.table.at(radius, y)
        for angle, height, wide, period in self.holes:
            found = np.maximum(found, wide - _from_hole(x, y, z, angle, height, period))
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
        radius = np.sqrt(x * x + z * z)
        if not (self.lobes or self.sway):
            return radius
        angle = np.arctan2(z, x)
        bend = np.float32(self.sway) * np.cos(2 * angle + np.float32(self.sway_turn))
        if self.lobes:
            fold = np.abs(np.sin(angle * np.float32(self.lobes / 2)))
            raised = np.clip(y / np.float32(self.body.profile.top), 0, 1)
            bend = bend + np.float32(self.lobe_depth) * (fold - np.float32(0.6)) * raised
        return radius / (1 + bend)

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


def _from_hole(
    x: Floats, y: Floats, z: Floats, angle: float, height: float, period: float
) -> Floats:
    """Distance to the axis of the nearest of the holes repeated around the wall."""
    turned = np.arctan2(z, x) - np.float32(angle)
    folded = turned - np.float32(period) * np.rint(turned / np.float32(period))
    aside = folded * np.sqrt(x * x + z * z)
    above = y - np.float32(height)
    return np.sqrt(aside * aside + above * above)
