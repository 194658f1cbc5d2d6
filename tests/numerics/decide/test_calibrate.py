import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from handful.foundation.errors import ConfigError, InputError
from handful.numerics.decide import calibrate
from handful.numerics.decide.calibrate import Config, Temperature


def drawn(seed, items, temperature, classes=5, unit=1.0):
    """Scores whose true probabilities are softmax(scores / (unit * temperature))."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(items, classes)) * 2
    weights = np.exp(logits)
    weights /= weights.sum(axis=1, keepdims=True)
    labels = (rng.random((items, 1)) > np.cumsum(weights, axis=1)).sum(axis=1)
    return logits * temperature * unit, np.minimum(labels, classes - 1)


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e4])
def test_the_planted_temperature_is_found_in_any_unit(unit):
    scores, labels = drawn(0, 20_000, 2.5, unit=unit)
    assert Temperature.fit(scores, labels).common == pytest.approx(2.5 * unit, rel=0.03)


def test_it_minimises_the_smoothed_log_loss():
    scores, labels = drawn(1, 40, 1.7)

    def loss(log):
        scaled = scores / np.exp(log)
        logs = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        own = logs[np.arange(40), labels]
        return -((1 - 1 / 42) * own + 1 / 42 * logs.mean(axis=1)).sum()

    best = minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-8})
    assert np.log(Temperature.fit(scores, labels).common) == pytest.approx(best.x, abs=1e-5)


def test_a_perfect_record_on_few_items_is_not_certainty():
    scores = np.eye(3)[np.arange(9) % 3]
    found = Temperature.fit(scores, np.arange(9) % 3)
    confidence = found.probabilities(scores).max()
    assert 0.8 < confidence < 0.99


def test_subsets_get_their_own_temperature_when_they_can_afford_it():
    many, few = drawn(2, 4000, 1.0), drawn(3, 4000, 4.0)
    scores, labels = (np.concatenate(pair) for pair in zip(many, few, strict=True))
    names = np.repeat(["image", "audio"], 4000)
    found = Temperature.fit(scores, labels, names)
    assert found.by_subset["image"] == pytest.approx(1.0, rel=0.05)
    assert found.by_subset["audio"] == pytest.approx(4.0, rel=0.05)
    keep = np.concatenate([np.arange(4000), 4000 + np.arange(5)])
    pulled = Temperature.fit(scores[keep], labels[keep], names[keep])
    alone = Temperature.fit(scores[4000:4005], labels[4000:4005])
    assert pulled.common < pulled.by_subset["audio"] < 0.8 * alone.common


def test_unseen_subsets_use_the_common_temperature():
    scores, labels = drawn(4, 200, 2.0)
    found = Temperature.fit(scores, labels, np.repeat("image", 200))
    ours = found.probabilities(scores[:2], ["audio", "image"])
    np.testing.assert_allclose(ours[0], found.probabilities(scores[:1])[0])
    np.testing.assert_allclose(ours.sum(axis=1), 1)


def test_subset_names_are_sorted_and_joined():
    assert calibrate.subset_name({"text", "image"}) == "image+text"
    present = {"text": np.array([True, True, False]), "image": np.array([True, False, False])}
    assert calibrate.subset_names(present).tolist() == ["image+text", "text", ""]


def test_calibrated_confidence_has_hardly_any_error_and_a_wrong_one_shows():
    rng = np.random.default_rng(5)
    errors, plain = [], []
    for _ in range(60):
        confidence = rng.uniform(0.5, 1, 300)
        right = rng.random(300) < confidence
        errors.append(calibrate.calibration_error(confidence, right))
        parts = np.array_split(np.argsort(confidence), 15)
        gaps = [abs(confidence[part].mean() - right[part].mean()) for part in parts]
        plain.append(np.mean(gaps))
    assert np.median(errors) < 0.5 * np.median(plain)
    confidence = rng.uniform(0.5, 1, 5000)
    right = rng.random(5000) < confidence - 0.2
    assert calibrate.calibration_error(confidence, right) == pytest.approx(0.2, abs=0.02)


def test_calibration_error_equals_a_naive_loop():
    rng = np.random.default_rng(6)
    confidence, right = rng.random(45), rng.random(45) < 0.5
    order, total = np.argsort(confidence), 0.0
    for start in range(0, 45, 12):
        part = order[start : start + 12] if start else order[:12]
        part = np.array_split(order, 4)[start // 12]
        share = right[part].mean()
        noise = share * (1 - share) / (len(part) - 1)
        total += len(part) / 45 * ((confidence[part].mean() - share) ** 2 - noise)
    assert calibrate.calibration_error(confidence, right) == pytest.approx(max(0, total) ** 0.5)


def test_brier_and_log_loss_by_hand():
    table, labels = np.array([[0.7, 0.3], [0.2, 0.8]]), np.array([0, 0])
    assert calibrate.brier_score(table, labels) == pytest.approx((0.18 + 1.28) / 2)
    assert calibrate.log_loss(table, labels) == pytest.approx(-(np.log(0.7) + np.log(0.2)) / 2)


def test_bad_input_is_named():
    with pytest.raises(InputError, match=r"\[N, C\]"):
        Temperature.fit(np.zeros((0, 2)), np.zeros(0, dtype=int))
    with pytest.raises(InputError, match="0 to 1 is allowed"):
        Temperature.fit(np.zeros((1, 2)), np.array([2]))
    with pytest.raises(InputError, match="NaN"):
        Temperature.fit(np.full((1, 2), np.nan), np.array([1]))
    with pytest.raises(InputError, match="subsets"):
        Temperature.fit(np.zeros((2, 2)), np.array([1, 0]), ["image"])
    with pytest.raises(InputError, match="10 or more"):
        calibrate.calibration_error(np.ones(5), np.ones(5, dtype=bool))
    with pytest.raises(ConfigError, match="spread"):
        Config(spread=0)
