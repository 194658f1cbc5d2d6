import numpy as np
import pytest

from handful.foundation.errors import InputError
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.links import Axes, Link, _falling, agree, gather


def measure(left, right, groups=None, penalty=0.01, chance=0.01, present=None):
    blocks = {"image": Block.of(left, present), "audio": Block.of(right)}
    axes = {name: Axes.of(name, block) for name, block in blocks.items()}
    groups = np.arange(len(left)) if groups is None else groups
    pairs = gather("image", "audio", blocks, axes, groups, 20, np.random.default_rng(0))
    return agree(pairs, axes, penalty, chance)


def shared_pairs(items, correlations, seed=0, widths=(12, 10)):
    """Two views whose first coordinates have the given correlations, mixed by a rotation."""
    rng = np.random.default_rng(seed)
    left, right = (rng.normal(size=(items, width)) for width in widths)
    for place, correlation in enumerate(correlations):
        fresh = (1 - correlation**2) ** 0.5 * right[:, place]
        right[:, place] = correlation * left[:, place] + fresh
    turns = [np.linalg.qr(rng.normal(size=(width, width)))[0] for width in widths]
    return left @ turns[0], right @ turns[1]


def test_axes_whiten_the_present_rows():
    rows = np.random.default_rng(0).normal(size=(50, 4)) * [1, 2, 3, 0] + 7
    axes = Axes.of("image", Block.of(np.vstack([rows, rows * np.nan]), np.arange(100) < 50))
    white = (rows - axes.origin) @ (axes.directions * axes.scale(1e-12))
    assert white.shape == (50, 3)
    np.testing.assert_allclose(white.T @ white / 50, np.eye(3), atol=1e-6)


def test_the_planted_spectrum_is_found_and_not_flattered():
    planted = [0.95, 0.8, 0.6, 0.4]
    link = measure(*shared_pairs(3000, planted)).link
    assert link.shared == 4
    np.testing.assert_allclose(link.correlations[:4], planted, atol=0.05)
    assert abs(link.correlations[4:]).max() < 0.08
    few = measure(*shared_pairs(120, planted)).link
    assert 2 <= few.shared <= 5
    assert few.correlations[few.shared - 1] < 0.8


def test_pairs_that_share_nothing_are_credited_with_nothing_as_often_as_stated():
    rng = np.random.default_rng(1)
    credited = 0
    for _ in range(200):
        found = measure(rng.normal(size=(100, 8)), rng.normal(size=(100, 6)), chance=0.05)
        credited += found.link.shared > 0
    assert credited <= 18  # 10 expected; 19 or more happens in 0.5 % of such counts


def test_copies_of_one_thing_do_not_count_as_many_things():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(25), 16)
    left = rng.normal(size=(25, 8))[groups] + 0.1 * rng.normal(size=(400, 8))
    right = rng.normal(size=(25, 8))[groups] + 0.1 * rng.normal(size=(400, 8))
    assert measure(left, right).link.shared > 4
    assert measure(left, right, groups).link.shared == 0


def test_the_kept_part_has_the_left_out_strengths():
    found = measure(*shared_pairs(2000, [0.9, 0.9, 0.5]))
    strengths = np.linalg.svd(found.kept, compute_uv=False)
    np.testing.assert_allclose(strengths[:3], [0.9, 0.9, 0.5], atol=0.06)
    assert strengths[3:].max() < 1e-9


def test_too_few_pairs_are_not_used():
    left, right = shared_pairs(100, [0.99])
    link = measure(left, right, present=np.arange(100) < 19).link
    assert not link.direct
    assert link.pairs == 19
    assert link.shared == 0


def test_kinds_counts_equally_strong_dimensions():
    def kinds(*correlations):
        values = np.array(correlations)
        return Link("image", "audio", 100, True, values, len(values)).kinds

    assert kinds() == 0
    assert kinds(0.8, 0.8, 0.8) == 3
    assert kinds(0.9, 0.9, 0.05, 0.05, 0.05, 0.05, -0.01) == 2
    many, few = (
        measure(*shared_pairs(items, [0.8] * 5), penalty=1.0).link.kinds for items in (3000, 150)
    )
    assert many == 5
    assert 4 <= few <= 6


def test_falling_is_the_nearest_falling_sequence():
    np.testing.assert_allclose(_falling(np.array([0.9, 0.3, 0.5, 0.4])), [0.9, 0.4, 0.4, 0.4])
    np.testing.assert_allclose(_falling(np.array([0.1, 0.2, 0.3])), [0.2, 0.2, 0.2])
    assert _falling(np.array([])).shape == (0,)


def test_falling_has_the_least_squared_distance():
    rng = np.random.default_rng(3)
    values = rng.normal(size=6)
    best = ((_falling(values) - values) ** 2).sum()
    for _ in range(300):
        other = np.sort(rng.normal(size=6))[::-1]
        assert best <= ((other - values) ** 2).sum() + 1e-12


def test_a_modality_without_variation_is_refused():
    with pytest.raises(InputError, match="same for every item"):
        Axes.of("image", Block.of(np.ones((5, 2))))
    with pytest.raises(InputError, match="present in 1 items"):
        Axes.of("image", Block.of(np.ones((5, 2)), np.arange(5) < 1))
