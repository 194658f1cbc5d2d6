from dataclasses import replace

import numpy as np
import pytest

from handful.data.checks.base import View
from handful.data.checks.label_errors import Config, doubts
from handful.data.checks.running import make_check
from handful.data.checks.selftest import prove
from handful.data.checks.workbench import Workbench
from handful.numerics.linear.held_out import held_out
from handful.numerics.linear.ridge import Spectrum


@pytest.mark.parametrize("seed", range(2, 5))
def test_it_proves_itself_whatever_the_files_look_like(seed):
    assert prove(make_check("label_errors"), seed).passed


def clouds(dice, apart, count=200, classes=4):
    labels = dice.integers(0, classes, count)
    points = dice.normal(size=(count, 8))
    points[np.arange(count), labels] += apart
    spectrum = Spectrum.of_features(points)
    return labels, lambda items, given, groups: held_out(spectrum, given, groups)


@pytest.mark.parametrize("apart", [2.0, 3.0, 6.0])
def test_of_right_labels_hardly_any_is_told_however_hard_they_are(apart):
    told = 0
    for seed in range(5):
        labels, fit = clouds(np.random.default_rng(seed), apart)
        told += len(doubts(fit, [], labels, np.arange(200), Config()).order)
    assert told <= 0.02 * 1000


def test_of_wrong_labels_most_are_told_and_most_that_are_told_are_wrong():
    dice = np.random.default_rng(0)
    labels, fit = clouds(dice, 6.0)
    wrong = dice.choice(200, 20, replace=False)
    given = labels.copy()
    given[wrong] = (given[wrong] + 1) % 4
    found = doubts(fit, [], given, np.arange(200), Config())
    hits = set(wrong.tolist()) & set(found.order.tolist())
    assert len(hits) >= 15
    assert len(hits) >= 0.75 * len(found.order)
    assert 0.02 < found.share < 0.14
    assert (found.said[sorted(hits)] == labels[sorted(hits)]).mean() > 0.9


def test_the_remedy_gives_the_answer_that_the_item_looks_like(tmp_path):
    bench = Workbench(tmp_path / "bench")
    keys = make_check("label_errors").plant(bench, np.random.default_rng(0))
    view = View.of(bench.library())
    (finding,) = make_check("label_errors").run(view)
    assert finding.remedy is not None
    assert finding.remedy.action == "relabel"
    by_key = {item.key: item for item in view.items}
    for key in keys:
        now = by_key[key].label("kind")
        assert finding.remedy.answers[by_key[key].id] == {"cup": "bowl", "bowl": "cup"}[now or ""]


def test_a_classifier_that_is_passed_in_is_asked(tmp_path):
    bench = Workbench(tmp_path / "bench")
    make_check("label_errors").control(bench, np.random.default_rng(0))
    asked = []

    def fit(items, labels, groups):
        asked.append(len(items))
        return np.full((len(labels), 2), 0.5)

    view = replace(View.of(bench.library()), fit=fit)
    assert make_check("label_errors").run(view) == []
    assert asked == [80] * 4


def test_few_labels_and_one_answer_are_left_alone(bench, dice, found):
    for place in range(45):
        bench.item(f"p{place}", dice, kind="cup")
    assert found("label_errors") == {}
    assert found("label_errors", fewest_items=46) == {}
