import numpy as np
import pytest

from handful.data.checks.base import Severity, View
from handful.data.checks.running import make_check
from handful.data.checks.selftest import prove
from handful.data.checks.shortcuts import CLUES, _binned, _tell


@pytest.mark.parametrize("seed", range(2, 6))
def test_it_proves_itself_whatever_the_files_look_like(seed):
    assert prove(make_check("shortcuts"), seed).passed


def test_it_says_which_clue_and_how_much_more_than_guessing(bench, dice):
    make_check("shortcuts").plant(bench, dice)
    findings = make_check("shortcuts").run(View.of(bench.library()))
    titles = [finding.title for finding in findings]
    assert "The size of the picture alone tells `kind` in 100 of 100 cases" in titles
    assert any("border" in title for title in titles)
    assert all(finding.severity == Severity.WARNING for finding in findings)
    assert findings[0].evidence["majority"] <= 0.6
    assert set(findings[0].evidence["tried"]) <= {*CLUES, "name of the file"}


def test_names_are_only_noted(bench, dice):
    for place in range(48):
        kind = "cup" if place % 2 else "bowl"
        bench.item(f"{kind}-{place}", dice, kind=kind)
    (finding,) = make_check("shortcuts").run(View.of(bench.library()))
    assert finding.severity == Severity.NOTE
    assert finding.title.startswith("The name of the file alone")


def test_few_labels_are_left_alone(bench, dice, found):
    make_check("shortcuts").plant(bench, dice)
    assert found("shortcuts", fewest_items=61) == {}


def test_chance_is_hardly_ever_taken_for_a_clue():
    dice, alarms = np.random.default_rng(1), 0
    for _ in range(60):
        features = _binned(dice.normal(size=80))
        found = _tell(features, dice.integers(0, 3, 80), np.arange(80), 0.02 / 11)
        alarms += found is not None and found.gain.low > 0
    assert alarms == 0


def test_few_numbers_have_a_bin_each_and_many_share_eight():
    assert _binned(np.array([3.0, 3.0, 7.0])).tolist() == [[1, 0], [1, 0], [0, 1]]
    assert _binned(np.arange(100.0)).shape == (100, 8)
    assert (_binned(np.arange(100.0)).sum(axis=1) == 1).all()
