"""Other pots on the table behind the piece, out of focus."""

from __future__ import annotations

import numpy as np

from handful.data.samples.kiln.camera import Camera
from handful.data.samples.kiln.dice import Dice
from handful.data.samples.kiln.scene import POT_COLOURS, Floats, Scene
from handful.data.samples.kiln.textures import smooth_step


def put_clutter(
    picture: Floats, camera: Camera, scene: Scene, turn: float, reach: float, dice: Dice
) -> None:
    """Paint the neighbours into the surroundings, farthest first.

    Args:
        picture: `[h, w, 3]` linear light; is changed.
        camera: Who looks.
        scene: Where; it decides what usually stands around.
        turn: The camera's turn, radians.
        reach: Radius of the piece, which nothing may stand in.
        dice: The shot's own.
    """
    usual = scene.dice("clutter")
    limit = min(scene.edge_away, scene.wall_away) - 4
    pots = []
    for _ in range(scene.clutter):
        colour, bulge = usual.pick(POT_COLOURS), usual.between(0, 0.9)
        size = (usual.between(6, 14), usual.between(5, 17))
        away = reach + size[0] / 2 + usual.between(4, 22) + dice.between(-2, 2)
        aside = usual.between(-26, 26) + dice.between(-5, 5)
        if dice.chance(0.8):
            pots.append((min(away, limit), aside, size, colour, bulge))
    right = np.array([np.cos(turn), 0, -np.sin(turn)], np.float32)
    behind = np.array([-np.sin(turn), 0, -np.cos(turn)], np.float32)
    for away, aside, size, colour, bulge in sorted(pots, reverse=True):
        foot = (right * aside + behind * away).astype(np.float32)
        _paint(picture, camera, scene, foot, size, np.array(colour, np.float32), bulge, away)


def _paint(
    picture: Floats,
    camera: Camera,
    scene: Scene,
    foot: Floats,
    size: tuple[float, float],
    colour: Floats,
    bulge: float,
    away: float,
) -> None:
    """One neighbour: shadow on the table, shaded silhouette, open mouth."""
    top = foot + np.array([0, size[1], 0], np.float32)
    column, row, depth = camera.project(np.stack([foot, top]))
    if depth.min() < 5 or row[0] <= row[1] + 2:
        return
    scale = min(camera.width, camera.height) / (2 * camera.zoom) / float(depth[0])
    half, soft = size[0] / 2 * scale, 1.2 + 0.16 * away * scale * 0.35
    squash = max(float(-camera.forward[1]), 0.05)
    high = float(row[0] - row[1])
    margin = int(3 * soft + half + 4)
    rows = slice(max(int(row[1]) - margin, 0), min(int(row[0]) + margin, camera.height))
    columns = slice(max(int(column[0]) - margin, 0), min(int(column[0]) + margin, camera.width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    window = picture[rows, columns]
    down, across = np.mgrid[rows, columns].astype(np.float32)
    light = scene.light
    lean = np.float32(np.sin(light.side))
    x = (across - np.float32(column[0])) / np.float32(half)
    up = (np.float32(row[0]) - down) / np.float32(high)
    ground = np.hypot(
        (x + np.float32(0.45) * lean) / np.float32(1.35),
        (down - np.float32(row[0])) / np.float32(half * squash * 1.35),
    )
    window *= (1 - np.float32(0.5) * smooth_step(1.15, 0.3, ground))[..., None]
    share = np.clip(up, 0, 1)
    outline = 1 - np.float32(0.5 * bulge) * (2 * share - np.float32(0.9)) ** 2
    # Feet and mouths of round things are ellipses in the picture, not lines.
    curve = np.float32(half * squash / high) * np.sqrt(np.clip(1 - (x / outline) ** 2, 0, 1))
    blur, rise = float(soft / half), float(soft / high)
    inside = smooth_step(blur, -blur, np.abs(x) - outline)
    inside = (
        inside * smooth_step(-rise, rise, up + curve) * smooth_step(rise, -rise, up - 1 - curve)
    )
    aside = x / np.maximum(outline, 0.2)
    facing = np.sqrt(np.clip(1 - aside * aside, 0, 1)) * np.float32(np.cos(light.side))
    wrapped = np.clip(0.45 + 0.55 * (facing + aside * lean), 0, 1) ** 2
    shine = wrapped * np.float32(0.7 * light.strength)
    tone = shine + np.float32(light.around_strength * 0.6)
    mouth = np.hypot(aside, (up - 1) * np.float32(high / (half * squash)))
    hollow = smooth_step(0.95, 0.75, mouth.astype(np.float32))
    tone = tone * (1 - np.float32(0.6) * hollow)
    window += (colour * tone[..., None] - window) * inside[..., None]
