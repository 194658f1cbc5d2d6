import numpy as np
import pytest

from handful.foundation.errors import ConfigError, InputError, UsageError
from handful.numerics.decide.offtopic import Config, OffTopic


def test_scores_equal_a_naive_loop():
    rng = np.random.default_rng(0)
    known, new = rng.normal(size=(40, 3)) + 9, rng.normal(size=(6, 3)) + 9
    found = OffTopic.fit(known, Config(neighbours=3, share=0.1), seed=0)
    among = [
        np.sort([np.linalg.norm(a - b) for j, b in enumerate(known) if j != i])[2]
        for i, a in enumerate(known)
    ]
    unit = np.quantile(among, 0.9)
    wanted = [np.sort([np.linalg.norm(a - b) for b in known])[2] / unit for a in new]
    np.testing.assert_allclose(found.scores(new), wanted, rtol=1e-4)


def test_known_kinds_pass_as_often_as_stated_and_strangers_do_not():
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(8, 10)) * 4
    known = centres[rng.integers(0, 8, 600)] + rng.normal(size=(600, 10))
    more = centres[rng.integers(0, 8, 2000)] + rng.normal(size=(2000, 10))
    strangers = rng.normal(size=(8, 10)) * 4 + rng.normal(size=(200, 1, 10))
    found = OffTopic.fit(known, Config(share=0.05), seed=0)
    assert np.mean(found.scores(more) > 1) == pytest.approx(0.05, abs=0.025)
    assert np.mean(found.scores(strangers.reshape(-1, 10)) > 1) > 0.95
    assert np.mean(found.rarity(more) <= 0.1) == pytest.approx(0.1, abs=0.035)


def test_groups_keep_bursts_from_making_everything_look_far():
    rng = np.random.default_rng(2)
    things = rng.normal(size=(60, 6))
    burst = np.repeat(things, 8, axis=0) + 0.01 * rng.normal(size=(480, 6))
    groups = np.repeat(np.arange(60), 8)
    fresh = rng.normal(size=(300, 6))
    naive = OffTopic.fit(burst, Config(), seed=0)
    aware = OffTopic.fit(burst, Config(), seed=0, groups=groups)
    assert np.mean(naive.scores(fresh) > 1) > 0.9
    assert np.mean(aware.scores(fresh) > 1) < 0.2


def test_rarity_is_a_share_and_falls_with_distance():
    rng = np.random.default_rng(3)
    found = OffTopic.fit(rng.normal(size=(50, 2)), Config(neighbours=1), seed=0)
    rare = found.rarity(np.array([[0.0, 0.0], [3.0, 0.0], [90.0, 0.0]]))
    assert rare[0] > rare[1] > rare[2] == pytest.approx(1 / 51)


def test_chunks_and_references_are_bounded(monkeypatch):
    rng = np.random.default_rng(4)
    known, new = rng.normal(size=(200, 4)), rng.normal(size=(30, 4))
    whole = OffTopic.fit(known, Config(), seed=0)
    monkeypatch.setattr("handful.numerics.decide.offtopic._CHUNK_BYTES", 4 * 200 * 7)
    parts = OffTopic.fit(known, Config(), seed=0)
    np.testing.assert_allclose(parts.scores(new), whole.scores(new), rtol=1e-5)
    fewer = OffTopic.fit(known, Config(references=50), seed=1)
    assert fewer.references.shape == (50, 4)
    again = OffTopic.fit(known, Config(references=50), seed=1)
    assert (fewer.scores(new) == again.scores(new)).all()


def test_arrays_bring_it_back():
    rng = np.random.default_rng(5)
    found = OffTopic.fit(rng.normal(size=(30, 4)), Config(), seed=0)
    back = OffTopic.from_arrays(found.arrays())
    new = rng.normal(size=(5, 4))
    assert (back.scores(new) == found.scores(new)).all()
    assert (back.rarity(new) == found.rarity(new)).all()


def test_bad_input_is_named():
    rows = np.random.default_rng(6).normal(size=(30, 4))
    with pytest.raises(InputError, match="more than 5"):
        OffTopic.fit(rows[:5], Config(), seed=0)
    with pytest.raises(InputError, match="NaN"):
        OffTopic.fit(rows * np.nan, Config(), seed=0)
    with pytest.raises(UsageError, match="one group"):
        OffTopic.fit(rows, Config(), seed=0, groups=np.zeros(30))
    with pytest.raises(InputError, match=r"\[M, 4\]"):
        OffTopic.fit(rows, Config(), seed=0).scores(rows[:, :2])
    with pytest.raises(ConfigError, match="share"):
        Config(share=0)
