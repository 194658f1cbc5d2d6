"""One photo: rays from the camera to table, wall and pot, then light, shine and shadow."""

# h rows, w columns, n rays that meet the pot

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from handful.data.modalities.base import Picture
from handful.data.samples.kiln.camera import Camera, look_at
from handful.data.samples.kiln.clutter import put_clutter
from handful.data.samples.kiln.dice import Dice
from handful.data.samples.kiln.flaws import flawed
from handful.data.samples.kiln.glaze import Surface, glazed, spots_of
from handful.data.samples.kiln.lens import develop
from handful.data.samples.kiln.march import (
    crossed,
    hits,
    lit,
    mirrored,
    normals,
    open_sky,
    table_light,
    unit,
)
from handful.data.samples.kiln.pieces import Piece
from handful.data.samples.kiln.profiles import INNER
from handful.data.samples.kiln.scene import (
    WALL_CM,
    Scene,
    scene_of,
    table_colour,
    wall_picture,
)
from handful.data.samples.kiln.shaping import shape
from handful.data.samples.kiln.solids import Floats, Solid, Table
from handful.data.samples.kiln.textures import smooth_step, tinted

FINER = 2
"""Rays per pixel along each side, against jagged edges."""


@dataclass(frozen=True, slots=True)
class View:
    """One shot of one piece: the camera and what the light does to the table."""

    camera: Camera
    turn: float
    scene: Scene
    solid: Solid
    light: Floats
    shade: Table
    openness: Table

    @property
    def key(self) -> Floats:
        """`[3]` colour and strength of the key light."""
        light = self.scene.light
        return np.array(light.colour, np.float32) * np.float32(light.strength)

    @property
    def around(self) -> Floats:
        """`[3]` colour and strength of the light from everywhere."""
        light = self.scene.light
        return np.array(light.around, np.float32) * np.float32(light.around_strength)

    def to_photographer(self, vectors: Floats) -> Floats:
        """World directions or places `[n, 3]`, planar, as (right, up, towards the photographer)."""
        sine, cosine = np.float32(np.sin(self.turn)), np.float32(np.cos(self.turn))
        right = vectors[..., 0] * cosine - vectors[..., 2] * sine
        towards = vectors[..., 0] * sine + vectors[..., 2] * cosine
        return np.stack([right, vectors[..., 1], towards]).T


def photograph(piece: Piece, *, take: int = 0, scene: Scene | None = None) -> Picture:
    """Photograph a piece.

    Args:
        piece: What stands in front of the camera.
        take: Another number gives another shot of the same piece.
        scene: Where; its own firing's when left out.

    Returns:
        `[height, width, 3]` uint8.
    """
    firing = piece.firing
    scene = scene or scene_of(piece.seed, firing.number, firing.backdrop)
    solid = shape(piece)
    dice = Dice(piece.seed, "piece", piece.index, "photo", take)
    view = _stand(solid, piece, scene, dice)
    picture = _surroundings(view, dice).repeat(FINER, axis=0).repeat(FINER, axis=1)
    rows, columns = _frame(view)
    rays = view.camera.rays(rows, columns)
    flown = hits(solid, view.camera.position, rays).ravel()
    met = np.flatnonzero(np.isfinite(flown))
    if len(met):
        toward = np.moveaxis(rays, -1, 0).reshape(3, -1).take(met, axis=1).T
        colour = _shaded(view, piece, toward, flown[met], met, (rows, columns))
        window = picture[rows, columns].reshape(-1, 3)
        window[met] = colour
        picture[rows, columns] = window.reshape(rows.stop - rows.start, -1, 3)
    return develop(picture, scene, scene.size, dice)


def _stand(solid: Solid, piece: Piece, scene: Scene, dice: Dice) -> View:
    """Choose the camera's place so that the piece fills the picture as usual."""
    facing = 0.0 if dice.chance(0.5) else np.pi
    wide = 0.55 if piece.kind == "teapot" or piece.is_hero else 0.95
    turn = facing + dice.between(-wide, wide)
    if piece.kind != "teapot" and dice.chance(0.15) and not piece.is_hero:
        turn = dice.between(-np.pi, np.pi)
    tilt = scene.tilt + dice.bell(0, 0.07) + {"plate": 0.16, "bowl": 0.06}.get(piece.kind, 0.0)
    tilt = min(max(tilt, 0.2), 1.15)
    size = tuple(side * FINER for side in scene.size)
    middle = (0.0, solid.top * dice.bell(0.47, 0.03), 0.0)
    fill = min(scene.fill * dice.bell(1.0, 0.06), 0.88)
    leaning, zoom = dice.bell(0, 0.02), scene.zoom
    aim = functools.partial(
        look_at, turn=turn, tilt=tilt, roll=leaning, zoom=zoom, size=(size[0], size[1])
    )
    distance = 60.0
    for _ in range(4):
        distance *= _filled(aim(middle, distance=distance), solid) / fill
    camera = aim(middle, distance=distance)
    column, row, _ = camera.project(_outline(solid))
    scale = 2 * distance * zoom / min(size)
    aside = (float(column.max() + column.min()) - camera.width) / 2 * scale
    lift = (camera.height - float(row.max() + row.min())) / 2 * scale
    slip = distance * zoom * (1 - fill) * 0.5
    aside, lift = aside + dice.between(-slip, slip), lift + dice.between(-slip, slip)
    shifted = np.array(middle) + aside * camera.right + lift * camera.up
    aimed = (float(shifted[0]), float(shifted[1]), float(shifted[2]))
    camera = aim(aimed, distance=distance)
    light = scene.light.towards(turn + dice.bell(0, 0.06))
    shade, openness = table_light(solid, light, sharp=scene.light.sharp)
    return View(camera, turn, scene, solid, light, shade, openness)


def _filled(camera: Camera, solid: Solid) -> float:
    """Share of the picture that the piece's outline spans, the larger of both ways."""
    column, row, _ = camera.project(_outline(solid))
    return float(max(np.ptp(column) / camera.width, np.ptp(row) / camera.height))


def _outline(solid: Solid) -> Floats:
    """Points on the hull of the solid: `[k, 3]`."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rings = solid.body.profile.points[::12]
    x, z = np.cos(angle) * rings[:, :1], np.sin(angle) * rings[:, :1]
    y = np.broadcast_to(rings[:, 1:], x.shape)
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    if solid.tubes:
        far, top = solid.reach, solid.top
        sides = [(far, 0.5 * top, 0.0)]
        if len(solid.tubes) > 1:
            sides.append((-far, 0.6 * top, 0.0))
        points = np.concatenate([points, sides])
    return np.concatenate([points, [(0.0, solid.top, 0.0)]]).astype(np.float32)


def _frame(view: View) -> tuple[slice, slice]:
    """The rows and columns that can show the solid."""
    reach, top = view.solid.reach, view.solid.top
    corners = np.array(
        [[sx * reach, y, sz * reach] for sx in (-1, 1) for y in (0, top) for sz in (-1, 1)],
        np.float32,
    )
    column, row, _ = view.camera.project(corners)
    camera = view.camera
    left, right = int(max(column.min() - 1, 0)), int(min(column.max() + 2, camera.width))
    above, below = int(max(row.min() - 1, 0)), int(min(row.max() + 2, camera.height))
    return slice(above, max(below, above + 1)), slice(left, max(right, left + 1))


def _surroundings(view: View, dice: Dice) -> Floats:
    """Table, wall and clutter without the piece, one ray per pixel: `[h, w, 3]` linear light."""
    origin, scene = view.camera.position, view.scene
    camera = replace(view.camera, width=scene.size[0], height=scene.size[1])
    rays = camera.rays()
    shape_of = rays.shape
    flat = np.moveaxis(rays, -1, 0).reshape(3, -1).T
    local = view.to_photographer(flat)
    start = view.to_photographer(origin[None])[0]
    colour = np.empty((len(flat), 3), np.float32)
    down = np.minimum(local[:, 1], -1e-4)
    a = start[0] - start[1] / down * local[:, 0]
    b = -(start[2] - start[1] / down * local[:, 2])
    on_table = (local[:, 1] < -1e-3) & (b < min(scene.edge_away, scene.wall_away) + 3)
    colour[~on_table] = _wall(view, start, local[~on_table])
    hit = np.flatnonzero(on_table)
    top = _table(view, a[hit], b[hit])
    limit = min(scene.edge_away, scene.wall_away)
    reach = (0.35 * limit, limit) if scene.backdrop == "sweep" else (limit - 0.5, limit + 2.0)
    share = smooth_step(*reach, b[hit])
    far = np.flatnonzero(share)
    top[far] += (_wall(view, start, local[hit[far]]) - top[far]) * share[far, None]
    colour[hit] = top
    picture = colour.reshape(shape_of)
    put_clutter(picture, camera, scene, view.turn, view.solid.reach, dice)
    return picture


def _wall(view: View, start: Floats, local: Floats) -> Floats:
    """What rays that miss the table see: `[n, 3]`."""
    scene = view.scene
    picture = wall_picture(scene)
    rows, columns = picture.shape[:2]
    away = np.minimum(local[:, 2], -1e-3)
    flown = (-scene.wall_away - start[2]) / away
    a = (start[0] + flown * local[:, 0]) / np.float32(WALL_CM[0]) + np.float32(0.5)
    up = (start[1] + flown * local[:, 1] + 10) / np.float32(WALL_CM[1])
    column = np.clip(a * columns, 0, columns - 1).astype(np.int32)
    row = np.clip(up * rows, 0, rows - 1).astype(np.int32)
    glow = np.float32(0.55) * view.key + view.around
    if scene.backdrop in ("window", "patio"):
        glow = np.array([1.15, 1.15, 1.15], np.float32)
    return picture[row, column] * glow


def _table(view: View, a: Floats, b: Floats) -> Floats:
    """The lit table with the shadow and the closeness of the piece: `[n, 3]`."""
    sine, cosine = np.float32(np.sin(view.turn)), np.float32(np.cos(view.turn))
    x, z = a * cosine - b * sine, -a * sine - b * cosine
    direct = np.float32(view.light[1]) * view.shade.at(x, z)
    open_share = view.openness.at(x, z)
    base = table_colour(view.scene, a, b)
    light = tinted(direct, view.key)
    light += tinted(open_share * np.float32(0.9), view.around)
    spread = np.float32(1) - np.float32(0.004) * np.clip(b, -30, 60)
    return base * light * spread[:, None]


def _shaded(
    view: View,
    piece: Piece,
    toward: Floats,
    flown: Floats,
    met: NDArray[np.intp],
    frame: tuple[slice, slice],
) -> Floats:
    """The colour of the piece where rays meet it: `[n, 3]` linear light."""
    points = view.camera.position + flown[:, None] * toward
    normal = normals(view.solid, points)
    one, of = _one_per_pixel(met, frame)
    place, faces = (columns.T.take(one, axis=1).T for columns in (points, normal))
    spots = spots_of(view.solid, place, faces)
    surface = glazed(piece, view.solid, spots)
    flawed(piece, surface, spots, -np.einsum("ij,ij->i", faces, toward[one]))
    cave = _cavity(view.solid, spots.side == INNER, spots.y)
    open_share = open_sky(view.solid, place, faces)
    surface = surface.at(of)
    cave, open_share = cave.take(of), open_share.take(of)
    bumped = _tilted(normal, points, surface.bump, met, frame)
    bounced = view.to_photographer(mirrored(toward, bumped))
    straight, lamp = np.maximum(bumped @ view.light, 0), _lamp(view, bounced, surface.rough)
    # What neither faces the light nor mirrors it is as dark without a shadow.
    bright = np.zeros(len(one), np.bool_)
    bright[of[(straight > 0) | (lamp > 0)]] = True
    shadow = np.ones(len(one), np.float32)
    shadow[bright] = lit(
        view.solid,
        place[bright] + np.float32(0.05) * faces[bright],
        view.light,
        sharp=view.scene.light.sharp,
    )
    shadow = shadow.take(of)
    diffuse = _diffuse(view, surface, bumped, straight * shadow, open_share * cave)
    facing = np.clip(-np.einsum("ij,ij->i", toward, bumped), 0, 1)
    lamp *= np.float32(0.3) + np.float32(0.7) * shadow
    shine = _shine(view, surface, facing, bounced, lamp, open_share * np.sqrt(cave))
    diffuse += shine
    return diffuse


def _one_per_pixel(
    met: NDArray[np.intp], frame: tuple[slice, slice]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """One ray for every pixel that `FINER` x `FINER` rays share, and whose each ray is.

    Outlines and highlights need every ray; glaze, shadow and openness are smooth within a pixel.
    """
    columns = frame[1].stop - frame[1].start
    row, column = met // columns // FINER, met % columns // FINER
    _, one, of = np.unique(row * columns + column, return_index=True, return_inverse=True)
    return one, of


def _tilted(
    normal: Floats,
    points: Floats,
    bump: Floats,
    met: NDArray[np.intp],
    frame: tuple[slice, slice],
) -> Floats:
    """Normals tilted by the relief, from differences between neighbouring pixels (Mikkelsen)."""
    rows, columns = frame[0].stop - frame[0].start, frame[1].stop - frame[1].start
    place = np.full((4, rows * columns), np.nan, np.float32)
    place[:3, met] = points.T
    place[3, met] = bump
    across, down = (_halved(place, met, step) for step in (1, columns))
    first, second = crossed(down, normal), crossed(normal, across)
    size = np.einsum("ij,ij->i", across[:, :3], first)
    first *= across[:, 3:]
    second *= down[:, 3:]
    first += second
    first *= np.sign(size)[:, None]
    tilted = np.abs(size)[:, None] * normal - first
    steps = np.abs(across[:, :3]).sum(axis=1) + np.abs(down[:, :3]).sum(axis=1)
    usual = np.nanmedian(steps[::16])
    good = (np.abs(size) > 1e-9) & (steps < 5 * usual)
    row, column = np.divmod(met, columns)
    good &= (row > 0) & (row < rows - 1) & (column > 0) & (column < columns - 1)
    return np.where(good[:, None], unit(np.where(good[:, None], tilted, normal)), normal)


def _halved(place: Floats, met: NDArray[np.intp], step: int) -> Floats:
    """Half of the way from each ray's neighbour before to the one after: `[n, 4]`, planar."""
    way = place.take(met + step, axis=1, mode="clip")
    way -= place.take(met - step, axis=1, mode="clip")
    way *= np.float32(0.5)
    return way.T


def _cavity(solid: Solid, inside: NDArray[np.bool_], y: Floats) -> Floats:
    """Share of the surrounding light that gets into a vessel, by depth under the rim. `[n]`."""
    radius, rim = solid.body.profile.rim
    deep = np.maximum(np.float32(rim) - y, 0)
    share = np.float32(radius**2) / (np.float32(radius**2) + deep * deep)
    return np.where(inside, share, np.float32(1))


def _diffuse(
    view: View, surface: Surface, normal: Floats, straight: Floats, open_share: Floats
) -> Floats:
    upward = np.float32(0.5) + np.float32(0.5) * normal[:, 1]
    table = np.array(view.scene.table, np.float32) * (
        np.float32(0.55 * view.light[1]) * view.key + np.float32(0.5) * view.around
    )
    light = tinted(straight, view.key)
    light += tinted(open_share * upward, view.around)
    light += tinted(open_share * (1 - upward), table)
    # Light that bounces between walls of the same colour makes hollows more saturated.
    between = tinted((1 - open_share) * np.float32(0.22), view.key + view.around)
    between *= surface.colour
    light += between
    light *= surface.colour
    return light


def _shine(
    view: View,
    surface: Surface,
    facing: Floats,
    bounced: Floats,
    lamp: Floats,
    open_share: Floats,
) -> Floats:
    """What the glaze mirrors: the window or lamp, the room, the table."""
    mirror = np.float32(0.04) + np.float32(0.96) * (1 - facing) ** 5
    mirror = mirror * surface.gloss * (1 - np.float32(0.6) * surface.rough)
    light = view.scene.light
    key = light.towards(0.0)
    side = np.array([-key[0], 0.35, 0.55 * key[2] + 0.3], np.float32)
    side /= np.linalg.norm(side)
    fill = _window(bounced, side, 0.5 * light.half_size + 0.1, 0, surface.rough + 0.35)
    room = smooth_step(-0.15, 0.5, bounced[:, 1]) * np.float32(0.75)
    table = np.array(view.scene.table, np.float32) * (view.key * np.float32(0.5) + view.around)
    below = smooth_step(0.1, -0.25, bounced[:, 1]) * np.float32(0.6)
    shine = tinted(room + fill * np.float32(1.3), view.around)
    shine += tinted(below, table)
    shine *= open_share[:, None]
    shine += tinted(lamp, view.key)
    shine *= mirror[:, None]
    return shine


def _lamp(view: View, bounced: Floats, rough: Floats) -> Floats:
    """Brightness of the window or lamp in the mirror, as long as nothing shades it. `[n]`."""
    light = view.scene.light
    power = np.float32(13.0 if light.panes else 30.0)
    seen = _window(bounced, light.towards(0.0), light.half_size, light.panes, rough)
    return seen * power


def _window(bounced: Floats, towards: Floats, half: float, panes: int, rough: Floats) -> Floats:
    """How much of a bright window each mirrored ray sees; blurred on rough glaze. `[n]`."""
    right = np.array([towards[2], 0, -towards[0]], np.float32)
    right /= max(float(np.linalg.norm(right)), 1e-6)
    up = np.cross(towards, right)
    ahead = bounced @ towards
    safe = np.maximum(ahead, 1e-3)
    a, b = bounced @ right / safe / np.float32(half), bounced @ up / safe / np.float32(half * 1.3)
    soft = np.float32(0.06) + np.float32(1.6) * rough
    if panes:
        edge = np.maximum(np.abs(a), np.abs(b))
    else:
        edge = np.sqrt(a * a + b * b)
    share = np.clip((1 + soft - edge) / (2 * soft), 0, 1)
    share = share * share * (3 - 2 * share) * (1 - np.float32(0.55) * rough)
    if panes > 1:
        bars = np.minimum(_from_bar(a, panes), _from_bar(b, panes))
        clear = np.clip((bars - np.float32(0.05)) / np.float32(0.08) + rough, 0, 1)
        share = share * clear
    return np.where(ahead > 0.05, share, np.float32(0))


def _from_bar(place: Floats, panes: int) -> Floats:
    """Distance to the nearest bar between panes. `[n]`."""
    scaled = (place + 1) * np.float32(panes / 2)
    return np.abs(scaled - np.rint(scaled)) * np.float32(2 / panes)
