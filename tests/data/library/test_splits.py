from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.data.library.items import Item, Part, Split
from handful.data.library.splits import Config, assign, split_of, unit_of
from handful.foundation.errors import ConfigError


def thing(place, group="", split=None, content=None):
    part = Part(modality="image", content_sha256=content or f"content {place}")
    return Item(id=str(place), key=str(place), parts={"image": part}, group=group, split=split)


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=60), st.integers(0, 5))
def test_groups_are_never_torn(groups, seed):
    items = [thing(place, group) for place, group in enumerate(groups)]
    placed = assign(items, Config(test=0.4, validation=0.2, seed=seed))
    assert len(placed) == len(items)
    for group in set(groups):
        assert len({placed[item.id] for item in items if item.group == group}) == 1


def test_a_split_stays_while_the_library_grows():
    items = [thing(place, f"g{place % 40}") for place in range(200)]
    some, every = assign(items[:100], Config()), assign(items, Config())
    assert all(every[identity] == split for identity, split in some.items())


def test_copies_without_a_group_stay_together():
    items = [thing(1, content="same"), thing(2, content="same")]
    for seed in range(20):
        assert len(set(assign(items, Config(test=0.5, seed=seed)).values())) == 1


def test_shares_are_kept():
    counts = Counter(
        split_of(f"u{place}", Config(test=0.3, validation=0.1)) for place in range(5000)
    )
    assert counts[Split.TEST] / 5000 == pytest.approx(0.3, abs=0.03)
    assert counts[Split.VALIDATION] / 5000 == pytest.approx(0.1, abs=0.02)


def test_another_seed_places_anew():
    units = [f"u{place}" for place in range(200)]
    first = [split_of(unit, Config(seed=0)) for unit in units]
    second = [split_of(unit, Config(seed=1)) for unit in units]
    assert first != second


def test_what_was_given_stays_and_draws_its_group_along():
    items = [thing(1, "g", Split.HOLDOUT), thing(2, "g"), thing(3, "other")]
    placed = assign(items, Config(test=0))
    assert placed == {"2": Split.HOLDOUT, "3": Split.TRAIN}


def test_a_group_named_like_a_content_is_another_unit():
    item = thing(1)
    assert unit_of(item) != unit_of(replace(item, group=item.content_sha256))


@pytest.mark.parametrize(
    "settings", [{"test": -0.1}, {"test": 1.0}, {"test": 0.6, "validation": 0.5}]
)
def test_impossible_shares_are_refused(settings):
    with pytest.raises(ConfigError):
        Config(**settings)
