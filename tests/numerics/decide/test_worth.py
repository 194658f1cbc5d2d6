import numpy as np
import pytest

from handful.numerics.decide import worth


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_doubt_is_how_close_the_second_answer_comes():
    said = np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0.2, 0.5, 0.3]])
    assert worth.doubt(said) == pytest.approx([0, 1, 0.8])
    assert worth.doubt(np.ones((2, 1))).tolist() == [0, 0]


def test_what_has_many_neighbours_is_typical():
    dice = np.random.default_rng(0)
    crowd = unit(np.array([1.0, 0, 0]) + 0.05 * dice.normal(size=(30, 3)))
    alone = np.array([[0.0, 1, 0]])
    found = worth.typical(np.concatenate([crowd, alone]))
    assert found[:30].min() > 0.9
    assert found[30] < 0.2
    assert worth.typical(np.array([[1.0, 0]])).tolist() == [1.0]


def test_a_crowd_stands_for_very_many(monkeypatch):
    dice = np.random.default_rng(0)
    rows = unit(dice.normal(size=(500, 4)))
    whole = worth.typical(rows)
    monkeypatch.setattr(worth, "_CROWD", 250)
    assert np.corrcoef(worth.typical(rows), whole)[0, 1] > 0.5


def test_each_choice_keeps_away_from_those_before_it_and_from_what_is_known():
    kinds = unit(np.eye(4).repeat(5, axis=0) + 0.01)
    chosen = worth.choose(np.ones(20), kinds, 4)
    assert sorted(place // 5 for place in chosen) == [0, 1, 2, 3]
    known = worth.choose(np.ones(20), kinds, 2, answered=np.array([0, 5]))
    assert sorted(place // 5 for place in known) == [2, 3]


def test_only_open_items_are_chosen_and_no_more_than_there_are():
    rows = unit(np.random.default_rng(0).normal(size=(6, 3)))
    is_open = np.array([True, False, True, False, False, True])
    chosen = worth.choose(np.arange(6.0), rows, 10, open_=is_open)
    assert sorted(chosen) == [0, 2, 5]
    assert chosen[0] == 5, "the greatest worth first"
