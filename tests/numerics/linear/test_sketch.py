import numpy as np
import pytest

from handful.foundation.errors import ConfigError
from handful.numerics.linear.sketch import sketch


def distances(rows):
    return np.linalg.norm(rows[:, None] - rows[None], axis=2)[np.triu_indices(len(rows), 1)]


def test_distances_stay_what_they_were_within_the_promise():
    rows = np.random.default_rng(0).normal(size=(40, 20_000))
    ratio = distances(sketch(rows, 512)) / distances(rows)
    assert ratio.mean() == pytest.approx(1, abs=0.02)
    assert ratio.std() < 1.5 * (2 / 512) ** 0.5 / 2


def test_each_column_goes_to_one_place_and_rows_add_up():
    rows = np.eye(300)
    short = sketch(rows, 64)
    assert (np.abs(short).sum(axis=1) == 1).all()
    assert ((short == 0) | (np.abs(short) == 1)).all()
    assert np.allclose(sketch(rows[:5].sum(axis=0, keepdims=True), 64), short[:5].sum(axis=0))
    assert 0.3 < (short.sum(axis=1) > 0).mean() < 0.7, "signs are drawn by chance"
    assert np.bincount(np.abs(short).argmax(axis=1), minlength=64).max() < 16


def test_places_are_the_same_on_any_machine():
    assert np.abs(sketch(np.eye(6), 1000)).argmax(axis=1).tolist() == [535, 700, 679, 444, 747, 90]


def test_a_width_of_nothing_is_refused():
    with pytest.raises(ConfigError):
        sketch(np.eye(3), 0)
