import numpy as np
import pytest

from handful.foundation.errors import ConfigError, InputError
from handful.numerics.decide.conformal import Config, PredictionSets


def drawn(seed, items, classes=6):
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.full(classes, 0.4), items)
    labels = (rng.random((items, 1)) > np.cumsum(table, axis=1)).sum(axis=1)
    return table, np.minimum(labels, classes - 1)


@pytest.mark.parametrize("method", ["lac", "aps"])
def test_coverage_over_calibrations_is_the_promise(method):
    covered = []
    for seed in range(150):
        table, labels = drawn(seed, 99)
        found = PredictionSets.fit(table, labels, Config(error=0.1, method=method), seed)
        new, truth = drawn(1000 + seed, 400)
        sets = found.sets(new, seed + 1)
        covered.append(sets[np.arange(400), truth].mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.01)
    low, high = found.coverage_band(0.9)
    inside = np.mean([low - 0.03 <= share <= high + 0.03 for share in covered])
    assert inside > 0.9


def test_the_threshold_is_the_right_order_statistic():
    table = np.column_stack([1 - np.arange(1, 20) / 20, np.arange(1, 20) / 20])
    found = PredictionSets.fit(table, np.zeros(19, dtype=int), Config(error=0.1), 0)
    assert found.threshold == pytest.approx(18 / 20)
    strict = PredictionSets.fit(table, np.zeros(19, dtype=int), Config(error=0.05), 0)
    assert strict.threshold == pytest.approx(19 / 20)


def test_too_few_items_promise_by_naming_everything():
    table, labels = drawn(0, 8)
    found = PredictionSets.fit(table, labels, Config(error=0.1), 0)
    assert found.threshold == np.inf
    assert found.sets(table).all()
    assert found.coverage_band() == (1.0, 1.0)


@pytest.mark.parametrize(
    ("items", "low", "high"), [(100, 0.836, 0.951), (200, 0.856, 0.938), (1000, 0.881, 0.918)]
)
def test_the_band_follows_the_beta_law(items, low, high):
    band = PredictionSets("lac", 0.5, items, 0.1).coverage_band(0.95)
    assert band.low == pytest.approx(low, abs=6e-4)
    assert band.high == pytest.approx(high, abs=6e-4)


def test_aps_adapts_to_hard_items_and_is_never_empty():
    table, labels = drawn(1, 500)
    found = PredictionSets.fit(table, labels, Config(error=0.2, method="aps"), 0)
    sizes = found.sets(table, 1).sum(axis=1)
    assert sizes.min() >= 1
    hard = table.max(axis=1) < np.quantile(table.max(axis=1), 0.3)
    assert sizes[hard].mean() > sizes[~hard].mean() + 0.5


def test_lac_may_say_that_nothing_fits():
    table = np.tile([0.9, 0.1], (50, 1))
    found = PredictionSets.fit(table, np.zeros(50, dtype=int), Config(error=0.1), 0)
    assert not found.sets(np.array([[0.5, 0.5]])).any()


def test_bad_input_is_named():
    with pytest.raises(InputError, match=r"\[N, C\]"):
        PredictionSets.fit(np.ones((2, 2)), np.zeros(3, dtype=int), Config(), 0)
    with pytest.raises(ConfigError, match="error"):
        Config(error=1)
    with pytest.raises(ConfigError, match="method"):
        Config(method="raps")  # pyrefly: ignore


def test_groups_weigh_as_one_item_each():
    table = np.column_stack([1 - np.arange(1, 31) / 40, np.arange(1, 31) / 40])
    groups = np.array([0] * 12 + list(range(1, 19)))  # the first dozen is one thing
    found = PredictionSets.fit(table, np.zeros(30, int), Config(error=0.1), 0, groups)
    mass = [sum(1 / np.sum(groups == groups[row]) for row in range(last + 1)) for last in range(30)]
    naive = next(row for row in range(30) if mass[row] / 20 >= 0.9 - 1e-9)
    assert found.threshold == pytest.approx((naive + 1) / 40)
    assert found.items == 19


def test_items_of_new_groups_are_covered_however_large_the_known_ones_are():
    covered = []
    for seed in range(300):
        dice = np.random.default_rng(seed)
        sizes = dice.integers(1, 15, 40)
        hardness = dice.uniform(0.3, 1, 40)
        hardness[sizes > 10] = 0.1  # large groups are easy, and would flatter
        groups = np.repeat(np.arange(40), sizes)
        wrong = dice.random(len(groups)) * hardness[groups]
        last = groups == 39
        table = np.column_stack([1 - wrong, wrong])
        found = PredictionSets.fit(
            table[~last], np.zeros((~last).sum(), int), Config(error=0.1), 0, groups[~last]
        )
        covered.append(found.sets(table[last])[:, 0].mean())
    assert np.mean(covered) >= 0.88
