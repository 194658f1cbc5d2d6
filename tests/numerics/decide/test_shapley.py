from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.foundation.errors import InputError, UsageError
from handful.numerics.decide import shapley

NAMES = ["text", "image", "audio"]
VALUES = st.lists(st.floats(-20, 20), min_size=8, max_size=8)


def game(values, names):
    def value(subset):
        return values[sum(2**place for place, name in enumerate(names) if name in subset)]

    return value


@settings(max_examples=40, deadline=None)
@given(values=VALUES, count=st.integers(1, 3))
def test_shares_are_the_mean_over_all_orders_of_arrival(values, count):
    names = NAMES[:count]
    value = game(values, names)
    found = shapley.shares(value, names)
    for name in names:
        gains = []
        for order in permutations(names):
            before = frozenset(order[: order.index(name)])
            gains.append(value(before | {name}) - value(before))
        assert found[name] == pytest.approx(np.mean(gains), abs=1e-9)
    total = value(frozenset(names)) - value(frozenset())
    assert sum(found.values()) == pytest.approx(total, abs=1e-9)
    assert list(found) == names


def test_equal_modalities_share_equally_and_a_silent_one_gets_nothing():
    found = shapley.shares(lambda subset: float(len(subset & {"text", "image"}) > 0), NAMES)
    assert found == pytest.approx({"text": 0.5, "image": 0.5, "audio": 0.0})


def test_each_subset_is_asked_once():
    asked = []
    shapley.shares(lambda subset: float(asked.append(subset) or len(subset)), NAMES)
    assert len(asked) == len(set(asked)) == 8


def test_log_odds_stay_finite():
    found = shapley.log_odds(np.array([0.0, 0.5, 1.0]))
    assert np.isfinite(found).all()
    assert found[1] == 0
    assert found[0] == pytest.approx(-found[2])


def test_bad_input_is_named():
    with pytest.raises(UsageError, match="one to 3"):
        shapley.shares(lambda _: 0.0, [])
    with pytest.raises(UsageError, match="one to 3"):
        shapley.shares(lambda _: 0.0, ["a", "a"])
    with pytest.raises(InputError, match="nan"):
        shapley.shares(lambda _: float("nan"), ["a"])
