import numpy as np
import pytest
from scipy.stats import binom

from handful.foundation.errors import ConfigError, InputError
from handful.numerics.decide.select import (
    Config,
    Level,
    Selection,
    answers_needed,
    upper_bound,
)

STRICT = Config(levels=(Level("sure", 0.05),))


def all_right(count, confidence=0.97):
    return np.full(count, confidence), np.ones(count, dtype=bool)


def test_forty_five_right_in_a_row_promise_95_percent_at_90_percent_assurance():
    assert answers_needed(0.05, 0.9) == 45
    promise = Selection.fit(*all_right(45), config=STRICT).promises[0]
    assert promise.holds
    assert promise.bound <= 0.05
    assert promise.answers == 45
    assert promise.more_answers == 0
    assert "0 of 45 checked answers were wrong; at most 5.0% are" in promise.sentence


def test_forty_four_and_fifteen_promise_nothing_and_say_how_many_are_missing():
    for count, missing in ((44, 1), (15, 30)):
        promise = Selection.fit(*all_right(count), config=STRICT).promises[0]
        assert not promise.holds
        assert promise.more_answers == missing
        assert f"about {missing} more checked answers" in promise.sentence
    nothing = Selection.fit(*all_right(0), config=STRICT).promises[0]
    assert nothing.more_answers == 45


def test_hopeless_answers_are_not_blamed_on_their_number():
    rng = np.random.default_rng(0)
    promise = Selection.fit(rng.random(500), np.zeros(500, dtype=bool), config=STRICT).promises[0]
    assert promise.more_answers is None
    assert "even the most confident" in promise.sentence


def test_upper_bound_is_clopper_pearson():
    for errors, answers in ((0, 45), (3, 100), (20, 60)):
        bound = upper_bound(errors, answers, 0.9)
        assert binom.cdf(errors, answers, bound) == pytest.approx(0.1, abs=1e-9)
    assert upper_bound(5, 5, 0.9) == 1.0


def checked(rng, items, sharpness=2.0):
    """Confidences that are calibrated, and verdicts."""
    confidence = 1 / (1 + np.exp(-3 - sharpness * rng.normal(size=items)))
    return confidence, rng.random(items) < confidence


UNSEEN = np.sort(checked(np.random.default_rng(123), 200_000)[0])[::-1]
WRONG = np.concatenate([[0.0], np.cumsum(1 - UNSEEN)])


def true_error(threshold, below=np.inf):
    start, stop = np.searchsorted(-UNSEEN, [-below, -threshold], side="right")
    return (WRONG[stop] - WRONG[start]) / max(stop - start, 1)


def test_promises_are_broken_less_often_than_stated():
    broken, shares = np.zeros(2), []
    for seed in range(150):
        found = Selection.fit(*checked(np.random.default_rng(seed), 400))
        below = np.inf
        for place, promise in enumerate(found.promises):
            if promise.holds:
                broken[place] += true_error(promise.threshold, below) > promise.target
                below = promise.threshold
        shares.append(found.promises[0].share)
    assert (broken <= 22).all()  # 15 of 150 are allowed; 23 has probability 0.03
    best = np.mean(WRONG[1:] / np.arange(1, len(WRONG)) <= 0.05)
    assert np.mean(shares) > 0.6 * best


def test_a_flat_error_just_above_the_target_is_refused_as_often_as_stated():
    granted = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        confidence = rng.uniform(0.8, 1, 300)
        found = Selection.fit(confidence, rng.random(300) >= 0.055, config=STRICT)
        granted += found.promises[0].holds
    assert granted <= 27  # at most 20 expected; 28 has probability 0.05


def grouped(rng, groups, size, effect):
    """Whole groups go wrong in a way that confidence does not see."""
    group_of = np.repeat(np.arange(groups), size)
    hidden = effect * rng.normal(size=groups)[group_of]
    seen = rng.normal(size=groups * size)
    chance = 1 / (1 + np.exp(-(3.7 + 1.8 * seen + hidden)))
    shown = 1 / (1 + np.exp(-(3.0 + 1.5 * seen)))
    return shown, rng.random(len(chance)) < chance, group_of, chance


def test_groups_that_err_together_do_not_break_the_promise():
    shown, _, _, chance = grouped(np.random.default_rng(77), 100_000, 1, 1.5)
    order = np.argsort(-shown)
    error = np.cumsum(1 - chance[order]) / np.arange(1, len(order) + 1)
    broken = {True: 0, False: 0}
    for seed in range(100):
        confidence, right, group_of, _ = grouped(np.random.default_rng(seed), 20, 30, 1.5)
        for aware in broken:
            given = group_of if aware else None
            promise = Selection.fit(confidence, right, given, STRICT).promises[0]
            accepted = int(np.sum(shown >= promise.threshold))
            broken[aware] += accepted > 0 and error[accepted - 1] > 0.05
    assert broken[True] <= 8
    assert broken[False] > broken[True]


def test_copies_of_few_things_promise_nothing():
    confidence, right = all_right(600)
    groups = np.repeat(np.arange(20), 30)
    promise = Selection.fit(confidence, right, groups, STRICT).promises[0]
    assert not promise.holds
    assert Selection.fit(confidence, right, np.repeat(np.arange(50), 12), STRICT).promises[0].holds


def test_one_bad_group_counts_as_one_mishap_not_as_evidence_of_independence():
    right = np.ones(600, dtype=bool)
    right[:20] = False
    groups = np.repeat(np.arange(30), 20)
    confidence = np.random.default_rng(0).permutation(np.linspace(0.95, 0.999, 600))
    assert not Selection.fit(confidence, right, groups, STRICT).promises[0].holds
    assert Selection.fit(confidence, right, None, STRICT).promises[0].holds


def test_unrelated_groups_cost_little():
    rng = np.random.default_rng(1)
    confidence, right = checked(rng, 2000)
    apart = Selection.fit(confidence, right, None, STRICT).promises[0]
    joined = Selection.fit(confidence, right, rng.integers(0, 400, 2000), STRICT).promises[0]
    assert joined.share > 0.85 * apart.share


def test_fairly_sure_does_not_borrow_from_sure():
    rng = np.random.default_rng(2)
    confidence = np.concatenate([np.full(1000, 0.99), np.full(300, 0.7)])
    right = np.concatenate([np.ones(1000, dtype=bool), rng.random(300) < 0.7])
    sure, fairly = Selection.fit(confidence, right).promises
    assert sure.answers == 1000
    assert not fairly.holds  # together 7 % are wrong, but among these 30 % are


def test_equal_confidences_are_never_split():
    rng = np.random.default_rng(3)
    confidence = rng.choice([0.9, 0.95, 0.99], 300)
    right = rng.random(300) < 0.985
    promise = Selection.fit(confidence, right, config=STRICT).promises[0]
    assert promise.holds
    assert promise.answers == np.sum(confidence >= promise.threshold)


def test_new_answers_get_the_strictest_level_they_reach():
    confidence = np.random.default_rng(4).permutation(np.linspace(0.7, 1, 2000))
    found = Selection.fit(confidence, np.random.default_rng(5).random(2000) < confidence)
    sure, fairly = (promise.threshold for promise in found.promises)
    assert sure > fairly
    levels = found.level_of(np.array([1.0, sure, (sure + fairly) / 2, fairly - 1e-6]))
    assert levels.tolist() == [0, 0, 1, 2]
    refused = Selection.fit(*all_right(3))
    assert refused.level_of(np.array([1.0])).tolist() == [2]


def test_bad_input_is_named():
    with pytest.raises(InputError, match="outside 0 to 1"):
        Selection.fit(np.array([1.2]), np.array([True]))
    with pytest.raises(InputError, match="outside 0 to 1"):
        Selection.fit(np.array([np.nan]), np.array([True]))
    with pytest.raises(InputError, match="true/false"):
        Selection.fit(np.array([0.2]), np.array([1]))
    with pytest.raises(InputError, match="2 groups for 1"):
        Selection.fit(np.array([0.2]), np.array([True]), np.array([0, 1]))
    with pytest.raises(ConfigError, match="strictest first"):
        Config(levels=(Level("a", 0.2), Level("b", 0.1)))
    with pytest.raises(ConfigError, match="assurance"):
        Config(assurance=1)


def test_a_goal_that_cannot_be_met_says_by_how_much():
    dice = np.random.default_rng(0)
    right = dice.random(400) < 0.7
    (promise,) = Selection.fit(
        np.full(400, 0.7), right, config=Config(levels=(Level("sure", 0.05),))
    ).promises
    wrong = int((~right).sum())
    assert promise.attainable == pytest.approx(upper_bound(wrong, 400, 0.9))
    short = round(100 * (promise.attainable - 0.05))
    assert promise.sentence.endswith(f"{short} points too many.")


def test_three_groups_of_right_answers_promise_nothing_and_say_so():
    (promise,) = Selection.fit(
        np.full(60, 0.9),
        np.ones(60, bool),
        np.repeat([0, 1, 2], 20),
        Config(levels=(Level("sure", 0.05),)),
    ).promises
    assert not promise.holds
    groups = np.log(0.1) / np.log(0.95)  # so many right in a row, where there are 3
    assert promise.more_answers == np.ceil(20 * (groups - 3))
    assert "about 838 more checked answers are needed" in promise.sentence
