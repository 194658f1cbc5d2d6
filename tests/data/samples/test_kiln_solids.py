import numpy as np
import pytest

from handful.data.samples.kiln.march import STEP, hits
from handful.data.samples.kiln.pieces import Piece
from handful.data.samples.kiln.plan import make_plan
from handful.data.samples.kiln.render import photograph
from handful.data.samples.kiln.shaping import shape
from handful.data.samples.kiln.solids import Solid, Table, _soft_minimum
from handful.data.samples.kiln.textures import blend, noise, tinted


def piece_of(kind: str, form: str = "") -> Piece:
    rows = make_plan(0, 600).rows
    pieces = (row.content for row in rows if row.content.kind == kind)
    return next(piece for piece in pieces if form in ("", piece.form))


def places(solid: Solid, count: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    far = solid.reach + 3
    x, z = (random.uniform(-far, far, count).astype(np.float32) for _ in range(2))
    return x, random.uniform(-1, solid.top + 3, count).astype(np.float32), z


def test_tables_read_as_a_naive_loop_does() -> None:
    values = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    table = Table(values, (-1.0, 2.0), 0.5)
    across, up = (
        np.array([-0.9, 0.1, 0.6, -5.0], np.float32),
        np.array([2.1, 3.3, 4.9, 3.0], np.float32),
    )
    for a, b, read in zip(across, up, table.at(across, up), strict=True):
        u, v = np.clip([(a + 1) / 0.5, (b - 2) / 0.5], 0, [3.999, 5.999])
        left, low = int(u), int(v)
        lower, upper = values[low, left : left + 2], values[low + 1, left : left + 2]
        rows = [pair[0] + (u - left) * (pair[1] - pair[0]) for pair in (lower, upper)]
        assert read == pytest.approx(rows[0] + (v - low) * (rows[1] - rows[0]), abs=1e-5)


def test_noise_repeats_without_a_seam() -> None:
    u, v = np.random.default_rng(0).random((2, 500)).astype(np.float32)
    grain = noise("grain")
    np.testing.assert_allclose(grain.at(u, v), grain.at(u + 1, v - 2), atol=0.02)
    near = np.full(3, 1e-4, np.float32)
    np.testing.assert_allclose(grain.at(near, near), grain.at(-near, -near), atol=0.2)


@pytest.mark.parametrize(
    ("kind", "form"), [("mug", "barrel"), ("teapot", ""), ("vase", "amphora"), ("bowl", "lobed")]
)
def test_skipping_far_tubes_changes_no_distance(kind: str, form: str) -> None:
    solid = shape(piece_of(kind, form))
    x, y, z = places(solid)
    found = solid.body_distance(x, y, z)
    for _, tube in solid.tubes:
        found = _soft_minimum(found, tube.distance(x, y, z), np.float32(solid.blend))
    np.testing.assert_array_equal(solid.distance(x, y, z), found)


@pytest.mark.parametrize(("kind", "form"), [("mug", "barrel"), ("bowl", "lobed")])
def test_sway_and_lobes_follow_the_angle(kind: str, form: str) -> None:
    solid = shape(piece_of(kind, form))
    x, y, z = places(solid)
    angle = np.arctan2(z, x)
    bend = solid.sway * np.cos(2 * angle + solid.sway_turn)
    if solid.lobes:
        raised = np.clip(y / solid.body.profile.top, 0, 1)
        bend = bend + solid.lobe_depth * (np.abs(np.sin(angle * solid.lobes / 2)) - 0.6) * raised
    assert solid.sway or solid.lobes
    np.testing.assert_allclose(solid.round_radius(x, y, z), np.hypot(x, z) / (1 + bend), rtol=1e-5)


def test_cones_find_what_single_rays_find() -> None:
    solid = shape(piece_of("mug", "barrel"))
    origin = np.array([3, solid.top + 9, 28], np.float32)
    across, down = np.meshgrid(np.linspace(-0.4, 0.4, 61), np.linspace(0.1, -0.8, 53))
    rays = np.stack([across, down, -np.ones_like(across)], axis=-1).astype(np.float32)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    flat = rays.reshape(-1, 3)
    flown, met = np.full(len(flat), 10, np.float32), np.zeros(len(flat), bool)
    for _ in range(200):
        x, y, z = (origin[:, None] + flown * flat.T).astype(np.float32)
        away = solid.distance(x, y, z)
        met |= away < 0.009
        flown += STEP * np.where(met, 0, away).astype(np.float32)
    met &= flown < 80
    found = hits(solid, origin, rays).ravel()
    seen = np.isfinite(found)
    assert 0.1 < met.mean() < 0.9
    assert (seen != met).mean() < 0.003
    assert np.median(np.abs(found - flown)[seen & met]) < 0.01


def test_colours_mix_and_tint_as_broadcasting_does() -> None:
    random = np.random.default_rng(0)
    first, second, share = random.random((9, 3)), random.random(3), random.random(9)
    mixed = first + (second - first) * share[:, None]
    np.testing.assert_allclose(blend(first, second, share), mixed, rtol=1e-6)
    np.testing.assert_allclose(tinted(share, second), share[:, None] * second)


def test_a_photo_is_the_same_after_any_other() -> None:
    one, other = (row.content for row in make_plan(0, 600).rows[1:3])
    before = photograph(one)
    photograph(other)
    np.testing.assert_array_equal(photograph(one), before)
