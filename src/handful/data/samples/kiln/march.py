"""Walking rays to a solid: where they hit, which way it faces, what shades it."""

# n rays or points; columns are kept apart (x, y, z) because that is twice as fast

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import gaussian_filter

from handful.data.samples.kiln.solids import Floats, Solid, Table
from handful.data.samples.kiln.textures import smooth_step

STEP = np.float32(0.9)


def hits(solid: Solid, origin: Floats, rays: Floats) -> Floats:
    """How far each ray of a picture flies until it meets the solid; infinite for a miss.

    A thick ray is walked first for every square of 4 by 4, up to where it might touch
    something; only there, and from there on, one for every square of 2 by 2, and at last
    the rays themselves (cone marching).

    Args:
        solid: What may be met.
        origin: `[3]` where all rays start.
        rays: `[h, w, 3]` unit directions.

    Returns:
        `[h, w]` centimetres.
    """
    rows, columns = rays.shape[:2]
    planes = np.moveaxis(rays, -1, 0).reshape(3, -1)
    corner = rays[rows // 2 : rows // 2 + 2, columns // 2 : columns // 2 + 2].reshape(-1, 3)
    apart = float(np.linalg.norm(corner[0] - corner[-1]))
    found = np.zeros((rows // 8 + 1, columns // 8 + 1), np.float32)
    for square, wide in ((4, 3.2), (2, 1.5), (1, 0.0)):
        down, right = (
            np.minimum(np.arange(square // 2, count + square // 2, square), count - 1)
            for count in (rows, columns)
        )
        middle = (down[:, None] * columns + right).ravel()
        start = found.repeat(2, axis=0).repeat(2, axis=1)[: len(down), : len(right)].ravel()
        near = np.flatnonzero(np.isfinite(start))
        found = np.full(len(middle), np.inf, np.float32)
        found[near] = _walk(
            solid, origin, planes.take(middle[near], axis=1).T, start[near], wide * apart
        )
        found = found.reshape(len(down), len(right))
    return found


def _walk(solid: Solid, origin: Floats, rays: Floats, start: Floats, wide: float) -> Floats:
    """Walk rays of some width until the solid is close; infinite for a miss. `[n]`."""
    close, steps = (0.05, 16) if wide else (0.009, 120)
    enter, leave = _inside_box(solid, origin, rays, pad=20 * wide)
    enter = np.maximum(enter, start)
    found = np.full(len(rays), np.inf, np.float32)
    alive = np.flatnonzero(enter < leave)
    flown, leave = enter[alive], leave[alive]
    x, y, z = (rays[:, axis].take(alive) for axis in range(3))
    for _ in range(steps):
        step = solid.distance(*_along(flown, (x, y, z), origin))
        if wide:
            step -= np.float32(wide) * flown
        met = np.flatnonzero((step < close) & (flown < leave))
        np.maximum(step, 0, out=step)
        step *= STEP
        flown += step
        found[alive.take(met)] = flown.take(met)
        leave[met] = -1
        keep = np.flatnonzero(flown < leave)
        if not len(keep):
            break
        # Rays that are through walk on in vain for a while: that is cheaper than sorting them out.
        if len(keep) < 0.9 * len(flown):
            alive = alive.take(keep)
            flown, leave, x, y, z = (part.take(keep) for part in (flown, leave, x, y, z))
    if wide:
        # What is undecided may be near; thinner rays will tell.
        unsure = np.flatnonzero(flown < leave)
        found[alive.take(unsure)] = flown.take(unsure)
    return found


def _along(flown: Floats, rays: tuple[Floats, ...], origin: Floats) -> Iterator[Floats]:
    """Where rays have got to, one coordinate after the other. Each `[n]`."""
    for axis, ray in enumerate(rays):
        place = flown * ray
        place += origin[axis]
        yield place


def normals(solid: Solid, points: Floats, reach: float = 0.07) -> Floats:
    """Outward unit normals at surface points `[n, 3]`."""
    x, y, z = (np.ascontiguousarray(points[:, axis]) for axis in range(3))
    normal = np.zeros_like(points)
    for corner in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        a, b, c = (np.float32(reach * sign) for sign in corner)
        away = solid.distance(x + a, y + b, z + c)
        for axis, sign in enumerate(corner):
            normal[:, axis] += sign * away
    return unit(normal)


def unit(vectors: Floats) -> Floats:
    """The same directions with length 1. `[n, 3]`."""
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return vectors / np.maximum(length, 1e-9)[:, None]


def lit(
    solid: Solid,
    points: Floats,
    light: Floats,
    *,
    sharp: float,
    start: float = 0.12,
    pad: float = 0.0,
) -> Floats:
    """Share of a soft light that reaches each point `[n, 3]`: 0 in shadow, 1 in the open. `[n]`.

    Args:
        solid: What throws the shadow.
        points: Where.
        light: `[3]` unit direction towards the light.
        sharp: Distance over width of the light: 3 is a big window, 12 a lamp.
        start: Distance from the surface at which the walk begins, in centimetres.
        pad: How far around the solid half-shadows are looked for, in centimetres.
    """
    share = np.ones(len(points), np.float32)
    directions = np.broadcast_to(light, points.shape)
    enter, leave = _inside_box(solid, points, directions, pad)
    alive = np.flatnonzero(enter < leave)
    flown = np.maximum(enter[alive], np.float32(start))
    leave = leave[alive]
    x, y, z = (np.ascontiguousarray(points[alive, axis]) for axis in range(3))
    least = share.take(alive)
    for _ in range(22):
        away = solid.distance(x + flown * light[0], y + flown * light[1], z + flown * light[2])
        np.minimum(least, np.float32(sharp) * away / flown, out=least)
        share[alive] = least
        flown = flown + np.minimum(np.maximum(away, 0.12), 2.5)
        keep = np.flatnonzero((flown < leave) & (least > -0.9))
        if not len(keep):
            break
        alive = alive.take(keep)
        flown, leave, least, x, y, z = (part.take(keep) for part in (flown, leave, least, x, y, z))
    share = np.clip(share, -1, 1)
    return np.float32(0.25) * (1 + share) ** 2 * (2 - share)


def open_sky(solid: Solid, points: Floats, normal: Floats) -> Floats:
    """Share of the surrounding light that reaches points `[n, 3]`. `[n]`."""
    closed = np.zeros(len(points), np.float32)
    for height, weight in ((0.35, 0.3), (0.9, 0.32), (2.0, 0.36), (4.2, 0.34)):
        place = points + np.float32(height) * normal
        x, y, z = (np.ascontiguousarray(place[:, axis]) for axis in range(3))
        away = np.minimum(solid.distance(x, y, z), np.maximum(1.4 * y + 0.25, 0))
        closed += np.float32(weight / height) * np.maximum(height - away, 0)
    return np.clip(1 - closed, 0.07, 1)


def table_light(
    solid: Solid, light: Floats, *, sharp: float, nodes: int = 96
) -> tuple[Table, Table]:
    """Light and openness on the table around the piece, tabulated over (x, z).

    Returns:
        The share of the key light, and the share of the surrounding light.
    """
    flat = float(np.hypot(light[0], light[2])) / max(float(light[1]), 0.2)
    long = min(solid.top * flat, 3 * solid.reach + 14)
    toward = -np.array([light[0], light[2]]) / max(float(np.hypot(light[0], light[2])), 1e-6)
    corners = np.array([[-solid.reach, -solid.reach], [solid.reach, solid.reach]])
    low = np.minimum(corners[0], corners[0] + toward * long) - 13
    high = np.maximum(corners[1], corners[1] + toward * long) + 13
    cell = float((high - low).max()) / nodes
    across = np.arange(low[0], high[0], cell, dtype=np.float32)
    along = np.arange(low[1], high[1], cell, dtype=np.float32)
    x, z = np.meshgrid(across, along)
    points = np.stack([x.ravel(), np.full(x.size, 0.02, np.float32), z.ravel()], axis=1)
    shape, origin = x.shape, (float(low[0]), float(low[1]))
    shade = lit(solid, points, light, sharp=sharp, start=0.05, pad=min(14.0, 36 / sharp))
    shade = gaussian_filter(shade.reshape(shape), 0.8, mode="nearest")
    closed = np.zeros(x.size, np.float32)
    for height, weight in ((0.4, 0.25), (1.2, 0.25), (3.0, 0.25), (6.0, 0.2)):
        away = solid.distance(points[:, 0], points[:, 1] + np.float32(height), points[:, 2])
        closed += np.float32(weight / height) * np.maximum(height - away, 0)
    openness = np.clip(1 - closed, 0.05, 1).reshape(shape)
    edge = np.minimum.outer(*(np.minimum(k, k[::-1]) for k in map(np.arange, shape)))
    fade = smooth_step(0.0, 22.0, edge.astype(np.float32))
    shade, openness = 1 - fade * (1 - shade), 1 - fade * (1 - openness)
    return Table(shade, origin, cell), Table(openness, origin, cell)


def _inside_box(
    solid: Solid, origin: Floats, rays: Floats, pad: float = 0.0
) -> tuple[Floats, Floats]:
    """Where rays enter and leave the box around the solid, widened by `pad`. Each `[n]`."""
    reach, top = solid.reach + 0.1 + pad, solid.top + 0.1 + pad
    enter, leave = np.zeros(len(rays), np.float32), np.full(len(rays), np.inf, np.float32)
    for axis, (low, high) in enumerate(((-reach, reach), (-0.1, top), (-reach, reach))):
        start, along = origin[..., axis], rays[:, axis]
        along = np.where(np.abs(along) < 1e-7, np.float32(1e-7), along)
        first, second = (np.float32(low) - start) / along, (np.float32(high) - start) / along
        np.maximum(enter, np.minimum(first, second), out=enter)
        np.minimum(leave, np.maximum(first, second), out=leave)
    return enter, leave


def mirrored(rays: Floats, normal: Floats) -> Floats:
    """Directions `[n, 3]` reflected at surfaces with these normals `[n, 3]`."""
    along = np.einsum("ij,ij->i", rays, normal)
    return rays - 2 * along[:, None] * normal


def crossed(first: Floats, second: Floats) -> Floats:
    """Cross product of the first three columns of each: `[n, 3]`."""
    a, b, c = (first[:, axis] for axis in range(3))
    x, y, z = (second[:, axis] for axis in range(3))
    return np.stack([b * z - c * y, c * x - a * z, a * y - b * x]).T
