"""A wrong release is found within a few answers, and an equal one hardly ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from handful.use.watch.guards import Config, Guard
from handful.use.watch.incidents import Incidents


def answers_until_found(rate: float, seed: int, config: Config) -> int | None:
    dice, guard = np.random.default_rng(seed), Guard(config)
    while not guard.is_over:
        guard.add(bool(dice.random() >= rate))
        if guard.look():
            return guard.compared
    return None


def test_a_wrong_release_is_found_within_fifty_answers() -> None:
    found = [answers_until_found(0.9, seed, Config()) for seed in range(50)]
    assert all(each is not None and each <= 50 for each in found)


def test_a_release_that_differs_as_often_as_it_may_is_hardly_ever_taken_back() -> None:
    config = Config(alpha=0.05)
    found = [answers_until_found(config.differ, seed, config) for seed in range(200)]
    assert sum(each is not None for each in found) <= 20  # 10 at most in expectation
    assert not any(answers_until_found(0.0, seed, Config()) for seed in range(5))


def test_failures_count_by_themselves() -> None:
    guard = Guard(Config(failures=2))
    guard.fail()
    assert guard.look() is None
    guard.fail()
    finding = guard.look()
    assert finding is not None
    assert (finding.code, finding.failed) == ("fails", 2)


def test_incidents_are_counted_within_their_window(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    incidents = Incidents(tmp_path / "incidents", now=lambda: now)
    assert incidents.taken_back(3600) == 0
    incidents.write("differs", "handled", {"rolled_back": True})
    incidents.write("differs", "person needed", {"rolled_back": False})
    (tmp_path / "incidents" / "cut.json").write_text("{")
    assert incidents.taken_back(3600) == 1
    now += timedelta(hours=2)
    assert incidents.taken_back(3600) == 0
