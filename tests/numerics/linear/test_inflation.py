import numpy as np
import pytest

from handful.numerics.linear.inflation import inflation


def bursts(seed, groups=40, each=5, group_says=1.0, label_says=0.0, noise=0.1, dims=30):
    """Items in groups; what they look like follows from the group, the label, or both."""
    dice = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), each)
    label = dice.integers(0, 2, groups)[group]
    looks = dice.normal(0, group_says, (groups, dims))[group]
    looks += label_says * np.where(label, 1, -1)[:, None]
    return looks + dice.normal(0, noise, looks.shape), label, group


def test_bursts_that_tell_nothing_of_the_answer_look_perfect_at_random():
    found = inflation(*bursts(0, dims=80))
    assert found is not None
    assert found.at_random > 0.95
    assert found.grouped < 0.7
    assert found.is_certain
    assert found.low < found.at_random - found.grouped < found.high
    assert (found.sharing, found.items, found.groups) == (200, 200, 40)
    assert found.sentence("kind").startswith("Split at random, `kind` would score about ")


@pytest.mark.parametrize("seed", range(8))
def test_groups_that_are_not_alike_add_nothing(seed):
    found = inflation(*bursts(seed, group_says=0.0, label_says=0.3, noise=1.0))
    assert found is not None
    assert abs(found.points) < 5
    assert not found.is_certain


def test_the_interval_covers_nothing_at_its_level():
    alarms = 0
    for seed in range(100):
        features, labels, groups = bursts(seed, 30, 4, 0.0, 0.2, 1.0)
        found = inflation(features, labels, groups, draws=1)
        alarms += found is not None and found.low > 0
    assert alarms <= 8


def test_the_truth_is_met_where_it_is_known():
    """With one fresh item per group as the truth, the grouped figure is near it."""
    features, labels, groups = bursts(3, 120, 4, 0.6, 0.15, 0.2)
    found = inflation(features, labels, groups)
    first = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    half = groups < 60
    train, test = half, first[~half[first]]
    centred = features - features[train].mean(axis=0)
    target = np.where(labels[train], 1.0, -1.0)
    gram = centred[train].T @ centred[train] + 50 * np.eye(features.shape[1])
    weights = np.linalg.solve(gram, centred[train].T @ (target - target.mean()))
    fresh = np.mean((centred[test] @ weights + target.mean() > 0) == labels[test])
    assert found is not None
    assert abs(found.grouped - fresh) < abs(found.at_random - fresh)


@pytest.mark.parametrize(
    "groups", [np.arange(40), np.zeros(40, int), np.repeat([0, 1, 2], [13, 13, 14])]
)
def test_where_nothing_can_be_said_nothing_is(groups):
    dice = np.random.default_rng(0)
    assert inflation(dice.normal(size=(40, 5)), dice.integers(0, 2, 40), groups) is None


def test_of_many_items_whole_groups_are_drawn():
    found = inflation(*bursts(0, groups=100, each=5), most=150)
    assert found is not None
    assert found.items == 150
    assert found.groups == 30
