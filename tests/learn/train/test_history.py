"""Past runs correct the next prediction, little at first and wholly in the end."""

import math
from dataclasses import replace
from typing import Any

import pytest

from handful.learn.train.counts import Profile
from handful.learn.train.history import Lessons, Pair, Past, learn, past_of


def past(ratio: float = 2.0, profile: Profile = "fast", cpu: float = 1.0) -> Past:
    return Past(
        profile=profile,
        parts={"ladder": Pair(10.0, 10.0 * ratio), "encode": Pair(4.0, 4.0)},
        wall=Pair(10.0, 10.0 * ratio),
        cpu=Pair(10.0, 10.0 * cpu),
        memory=Pair(1e9, 1.1e9),
        bare_memory=Pair(1e9, 1.5e9),
    )


def test_nothing_is_corrected_without_a_past() -> None:
    lessons = learn([], "fast")
    assert lessons == Lessons()
    assert lessons.corrected("ladder", 7.0) == 7.0
    assert lessons.sentence == ""


def test_one_run_is_drawn_towards_what_the_model_said() -> None:
    assert learn([past(2.0)], "fast").ratios["ladder"] == pytest.approx(2 ** (1 / 1.5))
    assert learn([past(2.0)], "fast").ratios["encode"] == pytest.approx(1.0)


def test_a_run_with_other_towers_counts_half() -> None:
    assert learn([past(2.0)], "default").ratios["ladder"] == pytest.approx(2 ** (0.5 / 1.0))


def test_many_runs_come_to_the_truth() -> None:
    errors = [
        abs(learn([past(3.0)] * runs, "fast").ratios["ladder"] - 3.0) for runs in (1, 2, 5, 20)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.1


def test_only_recent_runs_count() -> None:
    old_and_new = [past(5.0)] * 30 + [past(1.0)] * 20
    assert learn(old_and_new, "fast").ratios["ladder"] == pytest.approx(1.0)


def test_short_parts_and_wild_ratios_do_not_decide() -> None:
    short = replace(past(), parts={"ladder": Pair(0.001, 0.04)})
    assert learn([short], "fast").ratios["ladder"] == 1.0
    wild = replace(past(), parts={"ladder": Pair(1.0, 1e6)})
    assert learn([wild] * 20, "fast").ratios["ladder"] == 8.0


def test_the_spread_narrows_with_good_predictions_and_widens_with_bad_ones() -> None:
    good, bad = [past(cpu=1.05)] * 10, [past(cpu=3.0)] * 10
    assert learn([past()] * 2, "fast").spread == 0.3
    assert learn(good, "fast").spread < 0.15
    expected = math.sqrt((10 * math.log(3) ** 2 + 0.3**2) / 11)
    assert learn(bad, "fast").spread == pytest.approx(expected)


def test_memory_is_corrected_too() -> None:
    found = learn([past()] * 20, "fast")
    assert found.corrected("memory", 2e9) == pytest.approx(3e9, rel=0.02)


def test_earlier_predictions_are_told_with_the_middle_error() -> None:
    runs = [past(1.1), past(1.2), past(1.5)]
    assert "The last 3 predictions" in learn(runs, "fast").sentence
    assert "time by 20%" in learn(runs, "fast").sentence
    assert "memory by 10%" in learn(runs, "fast").sentence


def manifest() -> dict[str, Any]:
    return {
        "state": "done",
        "profile": "fast",
        "predicted": {
            "bare": {"encode": 2.0, "ladder": 5.0, "baselines": 3.0, "memory": 900},
            "baselines": ["boosting", "majority"],
            "wall_s": 12.0,
            "cpu_s": 10.0,
            "peak_memory_bytes": 1000,
        },
        "cost": {
            "wall_s": 13.0,
            "cpu_s": 11.0,
            "peak_memory_bytes": 1100,
            "energy_j": 22.0,
            "energy_mode": "measured",
        },
        "stages_cpu_s": {"encode": 1.0, "align": 0.5, "adapt": 7.0, "decide": 1.0, "save": 0.1},
        "table": [
            {"name": "ours", "cpu_s": 4.0},
            {"name": "boosting", "cpu_s": 2.5},
            {"name": "majority", "cpu_s": 0.5},
        ],
    }


def test_baselines_are_told_apart_from_the_ladder_by_the_table() -> None:
    found = past_of(manifest())
    assert found is not None
    assert found.parts["baselines"] == Pair(3.0, 3.0)
    assert found.parts["ladder"] == Pair(5.0, 5.0)
    assert found.parts["encode"] == Pair(2.0, 1.0)
    assert "align" not in found.parts
    assert found.bare_memory == Pair(900, 1100)
    assert found.joules_per_cpu_s == 2.0


@pytest.mark.parametrize(
    "change",
    [
        {"state": "interrupted"},
        {"predicted": None},
        {"predicted": {"wall_s": 3.0}},
        {"stages_cpu_s": None},
        {"cost": {"wall_s": 1.0}},
    ],
    ids=str,
)
def test_a_run_that_cannot_be_compared_teaches_nothing(change: dict[str, Any]) -> None:
    assert past_of({**manifest(), **change}) is None
