import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.foundation.errors import InputError, UsageError
from handful.numerics.linear import folds


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 6), groups=st.integers(2, 30))
def test_no_group_is_ever_split_and_every_fold_holds_something(seed, count, groups):
    rng = np.random.default_rng(seed)
    group_of = np.concatenate([np.arange(groups), rng.integers(0, groups, 50)])
    labels = rng.integers(0, 4, len(group_of))
    dealt = folds.split(labels, group_of, items=len(group_of), count=count, seed=seed)
    assert dealt.count == min(count, groups)
    assert set(dealt.assignment) == set(range(dealt.count))
    for group in range(groups):
        assert len(set(dealt.assignment[group_of == group])) == 1


def test_single_items_are_stratified_to_within_one():
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(3), [53, 20, 7]))
    dealt = folds.split(labels, None, items=80, count=5)
    for name in range(3):
        per_fold = np.bincount(dealt.assignment[labels == name], minlength=5)
        assert per_fold.max() - per_fold.min() <= 1
    sizes = np.bincount(dealt.assignment)
    assert sizes.max() - sizes.min() <= 3


def test_classes_with_enough_groups_are_in_every_fold():
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(4), 60)
    group_of = labels * 10 + rng.integers(0, 10, 240)
    dealt = folds.split(labels, group_of, items=240, count=5)
    table = np.zeros((5, 4))
    np.add.at(table, (dealt.assignment, labels), 1)
    assert table.min() >= 4
    assert dealt.notes == ()


def test_same_seed_same_folds_other_seed_other_folds():
    labels = np.arange(60) % 3
    one, two, other = (folds.split(labels, None, items=60, seed=seed) for seed in (1, 1, 2))
    assert (one.assignment == two.assignment).all()
    assert (one.assignment != other.assignment).any()


def test_tags_sizes_and_names_are_understood():
    rng = np.random.default_rng(2)
    tags = rng.random((50, 3)) < 0.3
    dealt = folds.split(tags, None, items=50)
    held = np.array([tags[test].sum(axis=0) for _, test in dealt])
    assert (held.max(axis=0) - held.min(axis=0)).max() <= 2
    plain = folds.split(None, np.repeat(["a", "b", "c", "d"], [9, 3, 3, 3]), items=18, count=2)
    assert sorted(np.bincount(plain.assignment)) == [9, 9]
    named = folds.split(np.array(["cat", "dog"] * 10), None, items=20, count=2)
    assert len(np.unique(named.assignment)) == 2


def test_few_groups_give_fewer_folds_and_say_so():
    dealt = folds.split(np.array([0, 1] * 6), np.repeat([0, 1, 2], 4), items=12, count=5)
    assert dealt.count == 3
    assert "Only 3 groups" in dealt.notes[0]


def test_a_class_in_one_group_is_mentioned():
    labels = np.array([0, 0, 1, 1, 2, 2])
    dealt = folds.split(labels, np.array([0, 1, 0, 1, 2, 2]), items=6, count=2)
    assert any("1 of 3 classes live in a single group" in note for note in dealt.notes)


def test_iteration_gives_complements():
    dealt = folds.split(None, None, items=11, count=3)
    seen = []
    for train, test in dealt:
        assert sorted([*train, *test]) == list(range(11))
        seen += list(test)
    assert sorted(seen) == list(range(11))


def test_nested_folds_never_split_a_group_at_either_level():
    rng = np.random.default_rng(3)
    group_of = rng.integers(0, 12, 70)
    labels = group_of % 3
    turns = folds.nested(labels, group_of, items=70, outer=4, inner=3)
    assert len(turns) == 4
    for turn in turns:
        assert not set(group_of[turn.train]) & set(group_of[turn.test])
        for train, test in turn.inner:
            inside = group_of[turn.train]
            assert not set(inside[train]) & set(inside[test])
    assert sorted(np.concatenate([turn.test for turn in turns])) == list(range(70))


def test_bad_input_is_named():
    with pytest.raises(UsageError, match="one group"):
        folds.split(None, np.zeros(5), items=5)
    with pytest.raises(UsageError, match="two or more"):
        folds.split(None, None, items=5, count=1)
    with pytest.raises(InputError, match="4 labels for 5 items"):
        folds.split(np.zeros(4), None, items=5)
    with pytest.raises(UsageError, match="three are needed"):
        folds.nested(None, np.array([0, 1]), items=2)
    with pytest.raises(UsageError, match="0 items"):
        folds.split(None, None, items=0)
