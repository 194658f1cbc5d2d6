import numpy as np
import pytest

from handful.foundation.errors import UsageError
from handful.numerics.linear.held_out import held_out, sharpened
from handful.numerics.linear.ridge import Spectrum


def test_a_group_is_not_seen_while_it_is_asked():
    dice = np.random.default_rng(0)
    features = dice.normal(size=(60, 40))
    labels = np.arange(60) % 2
    before = held_out(Spectrum.of_features(features), labels, np.arange(60) // 3)
    assert before.shape == (60, 2)
    assert before.sum(axis=1) == pytest.approx(np.ones(60))
    twins = Spectrum.of_features(np.repeat(features, 2, axis=0))
    alone = held_out(twins, np.repeat(labels, 2), np.arange(120))
    together = held_out(twins, np.repeat(labels, 2), np.repeat(np.arange(60), 2))
    right = [
        float((each.argmax(axis=1) == np.repeat(labels, 2)).mean()) for each in (alone, together)
    ]
    assert right[0] > right[1] + 0.1


def test_one_group_cannot_be_held_out():
    with pytest.raises(UsageError, match="one group"):
        held_out(Spectrum.of_features(np.eye(4)), np.array([0, 1, 0, 1]), np.zeros(4))


def test_firm_scores_become_firm_probabilities_and_noise_does_not():
    labels = np.arange(40) % 2
    firm = sharpened(np.eye(2)[labels], labels)
    noise = sharpened(np.random.default_rng(0).normal(size=(40, 2)), labels)
    assert firm.max() > 0.99
    assert noise.max() < firm.max()
