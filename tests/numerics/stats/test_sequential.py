"""The sequential test: quiet under peeking, quick on real losses, the same in any order."""

from __future__ import annotations

import math

import numpy as np
import pytest

from handful.foundation.errors import ConfigError, UsageError
from handful.numerics.stats.sequential import Config, SequentialTest, Signal, mean_sequence


def watch(old: float, new: float, seed: int, config: Config) -> SequentialTest:
    rng = np.random.default_rng(seed)
    test = SequentialTest(config)
    test.add_pairs(rng.random(config.horizon) < old, rng.random(config.horizon) < new)
    return test


def test_equal_models_rarely_alarm_at_any_time() -> None:
    config = Config(horizon=1_000)
    signals = [watch(0.8, 0.8, seed, config).look().signal for seed in range(200)]
    assert sum(signal in (Signal.BETTER, Signal.WORSE) for signal in signals) <= 10


def test_a_model_that_loses_the_margin_is_rarely_cleared() -> None:
    config = Config(horizon=1_000, margin=0.05)
    signals = [watch(0.8, 0.75, seed, config).look().signal for seed in range(200)]
    assert sum(signal in (Signal.BETTER, Signal.NO_WORSE) for signal in signals) <= 10


def test_the_fortune_is_fair_under_the_null() -> None:
    # The mean fortune of a fair game stays 1, whatever is staked.
    config = Config(horizon=50)
    test = SequentialTest(config)
    rng = np.random.default_rng(0)
    fortunes = []
    for _ in range(4_000):
        test = SequentialTest(config)
        test.add_pairs(rng.random(5) < 0.5, rng.random(5) < 0.5)
        fortunes.append(np.exp(test._log_wealth_CK[0]).mean())
    assert np.mean(fortunes) == pytest.approx(1, abs=4 * np.std(fortunes) / math.sqrt(4_000))


@pytest.mark.parametrize(
    ("old", "new", "signal"),
    [(0.9, 0.7, Signal.WORSE), (0.7, 0.9, Signal.BETTER), (0.995, 0.995, Signal.NO_WORSE)],
)
def test_clear_cases_are_decided(old: float, new: float, signal: Signal) -> None:
    look = watch(old, new, 1, Config(horizon=2_000, margin=0.03)).look()
    assert look.signal is signal
    assert 20 <= look.decided_at < 2_000
    needed = 20 if signal is Signal.NO_WORSE else 40
    assert look.evidence[signal] >= needed


def test_nothing_proven_is_continue_then_inconclusive() -> None:
    config = Config(horizon=100, margin=0.001)
    test = SequentialTest(config)
    test.add_pairs(np.tile([1.0, 0.0], 45), np.tile([0.0, 1.0], 45))
    assert test.look().signal is Signal.CONTINUE
    test.add_pairs(np.tile([1.0, 0.0], 5), np.tile([0.0, 1.0], 5))
    assert test.look().signal is Signal.INCONCLUSIVE
    assert test.look().decided_at == 0


def test_no_signal_before_the_least_count() -> None:
    test = SequentialTest(Config(least=30))
    test.add_pairs(np.ones(29), np.zeros(29))
    assert test.look().signal is Signal.CONTINUE
    test.add_pairs([1.0], [0.0])
    assert test.look().signal is Signal.WORSE
    assert test.look().decided_at == 30


def test_answers_at_the_far_end_bound_one_side() -> None:
    test = SequentialTest()
    test.add_pairs(np.ones(60), np.zeros(60))
    found = test.look().difference
    assert (found.estimate, found.low) == (-1, -1)
    assert -1 < found.high < -0.8


def test_one_by_one_and_all_at_once_agree() -> None:
    rng = np.random.default_rng(2)
    old, new = rng.random(300) < 0.9, rng.random(300) < 0.8
    at_once, singly = SequentialTest(), SequentialTest()
    at_once.add_pairs(old, new)
    for a, b in zip(old, new, strict=True):
        singly.add_pairs([a], [b])
    first, second = at_once.look(), singly.look()
    assert (first.signal, first.decided_at) == (second.signal, second.decided_at)
    assert first.difference.low == pytest.approx(second.difference.low)
    for claim, evidence in first.evidence.items():
        assert evidence == pytest.approx(second.evidence[claim])


def test_the_interval_does_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(3)
    old, new = rng.random(200), rng.random(200)
    forth, back = SequentialTest(), SequentialTest()
    forth.add_pairs(old, new)
    back.add_pairs(old[::-1], new[::-1])
    assert forth.look().difference.low == pytest.approx(back.look().difference.low)
    assert forth.look().difference.high == pytest.approx(back.look().difference.high)


def test_the_interval_holds_the_truth_at_all_times() -> None:
    misses = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        test, missed = SequentialTest(Config(horizon=400)), False
        for _ in range(8):
            test.add_pairs(rng.random(50) < 0.8, rng.random(50) < 0.7)
            found = test.look().difference
            missed |= not found.low <= -0.1 <= found.high
        misses += missed
    assert misses <= 3


def test_mirrored_answers_mirror_the_interval() -> None:
    rng = np.random.default_rng(4)
    old, new = rng.random(100) < 0.9, rng.random(100) < 0.7
    one, other = SequentialTest(), SequentialTest()
    one.add_pairs(old, new)
    other.add_pairs(new, old)
    assert other.look().difference.low == pytest.approx(-one.look().difference.high)
    assert other.look().evidence[Signal.BETTER] == pytest.approx(one.look().evidence[Signal.WORSE])


def test_canary_answers_wait_for_their_counterparts() -> None:
    test = SequentialTest(Config(old_per_new=3))
    test.add_new([1.0, 0.0])
    assert test.look().difference.n == 0
    assert (test.look().difference.low, test.look().difference.high) == (-1, 1)
    test.add_old([1.0, 0.0, 1.0, 1.0, 1.0])
    found = test.look().difference
    assert found.n == 1
    assert found.estimate == pytest.approx(1 - 2 / 3)
    test.add_old([0.0])
    assert test.look().difference.estimate == pytest.approx((1 / 3 - 2 / 3) / 2)


def test_more_old_answers_make_the_canary_sharper() -> None:
    rng = np.random.default_rng(5)
    single, many = SequentialTest(), SequentialTest(Config(old_per_new=9))
    new = rng.random(500) < 0.8
    single.add_new(new)
    single.add_old(rng.random(500) < 0.8)
    many.add_new(new)
    many.add_old(rng.random(4_500) < 0.8)
    one, nine = single.look().difference, many.look().difference
    assert nine.high - nine.low < 0.85 * (one.high - one.low)


def test_mean_sequence_holds_and_never_grows() -> None:
    misses = 0
    for seed in range(100):
        ends = mean_sequence(np.random.default_rng(seed).random(500) < 0.2)
        assert ends.shape == (500, 2)
        assert (np.diff(ends[:, 0]) >= 0).all()
        assert (np.diff(ends[:, 1]) <= 0).all()
        misses += bool((ends[:, 0] > 0.2).any() or (ends[:, 1] < 0.2).any())
    assert misses <= 5
    assert ends[-1, 1] - ends[-1, 0] < 0.2


def test_mean_sequence_follows_the_paper_term_by_term() -> None:
    x = np.random.default_rng(6).random(40)
    ends = mean_sequence(x, level=0.9)
    odds, low, high = math.log(2 / 0.1), 0.0, 1.0
    mean, variance, staked, won, surprise = 0.5, 0.25, 0.0, 0.0, 0.0
    for t in range(1, 41):
        bet = min(math.sqrt(2 * odds / (variance * t * math.log(t + 1))), 0.5)
        staked, won = staked + bet, won + bet * x[t - 1]
        psi = (-math.log(1 - bet) - bet) / 4
        surprise += 4 * (x[t - 1] - mean) ** 2 * psi
        low = max(low, (won - odds - surprise) / staked)
        high = min(high, (won + odds + surprise) / staked)
        assert ends[t - 1] == pytest.approx([low, high])
        mean = (0.5 + x[:t].sum()) / (t + 1)
        means = (0.5 + np.cumsum(x[:t])) / (np.arange(1, t + 1) + 1)
        variance = (0.25 + ((x[:t] - means) ** 2).sum()) / (t + 1)


def test_mean_sequence_scales_with_its_bounds() -> None:
    x = np.random.default_rng(7).random(50)
    unit, stretched = mean_sequence(x), mean_sequence(10 * x - 5, lowest=-5, highest=5)
    assert stretched == pytest.approx(10 * unit - 5)


def test_unusable_input_is_refused() -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        SequentialTest().add_new([1.5])
    with pytest.raises(UsageError, match="same requests"):
        SequentialTest().add_pairs([1.0], [1.0, 0.0])
    with pytest.raises(UsageError, match="`values` must lie from"):
        mean_sequence([0.5, 2.0])
    for wrong in (
        {"alpha": 0.0},
        {"margin": -0.1},
        {"horizon": 0},
        {"least": 0},
        {"old_per_new": 0},
    ):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            Config(**wrong)  # pyrefly: ignore[bad-argument-type]
