"""Where the photographer stands, and the ray behind every pixel."""

# h rows, w columns; world: x right, y up, z towards the viewer, centimetres

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Camera:
    """A pinhole camera looking at the piece.

    Attributes:
        position: `[3]` where it is, in centimetres.
        forward: `[3]` where it looks.
        right: `[3]` to the right in the picture.
        up: `[3]` upwards in the picture.
        zoom: Tangent of half the field of view across the picture's shorter side.
        width: Columns of the picture.
        height: Rows of the picture.
    """

    position: Floats
    forward: Floats
    right: Floats
    up: Floats
    zoom: float
    width: int
    height: int

    def rays(self, rows: slice = slice(None), columns: slice = slice(None)) -> Floats:
        """Unit directions, one per pixel of a part of the picture: `[h, w, 3]`."""
        short = min(self.width, self.height)
        across = (np.arange(self.width) + 0.5 - self.width / 2) * (2 * self.zoom / short)
        down = (np.arange(self.height) + 0.5 - self.height / 2) * (2 * self.zoom / short)
        across, down = across[columns].astype(np.float32), down[rows].astype(np.float32)
        rays = np.empty((3, len(down), len(across)), np.float32)
        for plane, ahead, right, up in zip(rays, self.forward, self.right, self.up, strict=True):
            np.subtract(ahead + across * right, (down * up)[:, None], out=plane)
        rays /= np.sqrt(np.einsum("ihw,ihw->hw", rays, rays))
        return np.moveaxis(rays, 0, -1)

    def project(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Column, row (in pixels) and depth of points `[n, 3]`. Each `[n]`."""
        offset = points - self.position
        depth = offset @ self.forward
        scale = min(self.width, self.height) / (2 * self.zoom)
        column = (offset @ self.right) / depth * scale + self.width / 2
        row = self.height / 2 - (offset @ self.up) / depth * scale
        return column, row, depth


def look_at(
    target: tuple[float, float, float],
    *,
    turn: float,
    tilt: float,
    roll: float,
    distance: float,
    zoom: float,
    size: tuple[int, int],
) -> Camera:
    """A camera around a point.

    Args:
        target: What it looks at, in centimetres.
        turn: Angle about the vertical, radians; 0 looks along -z.
        tilt: How far it looks down, radians.
        roll: Lean of the hand, radians.
        distance: To the target, in centimetres.
        zoom: Tangent of half the field of view across the shorter side.
        size: Columns and rows.
    """
    back = np.array(
        [np.sin(turn) * np.cos(tilt), np.sin(tilt), np.cos(turn) * np.cos(tilt)], np.float32
    )
    right = np.array([np.cos(turn), 0, -np.sin(turn)], np.float32)
    up = np.cross(back, right)
    leaning = np.float32(np.cos(roll)) * right + np.float32(np.sin(roll)) * up
    return Camera(
        position=(np.array(target) + distance * back).astype(np.float32),
        forward=-back,
        right=leaning.astype(np.float32),
        up=np.cross(back, leaning).astype(np.float32),
        zoom=zoom,
        width=size[0],
        height=size[1],
    )
