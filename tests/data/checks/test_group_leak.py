from dataclasses import replace

import numpy as np
import pytest

from handful.data.checks.base import Severity, View
from handful.data.checks.running import make_check
from handful.data.checks.selftest import prove
from handful.data.checks.workbench import Workbench
from handful.data.library.items import Split


@pytest.fixture
def leaking(tmp_path):
    bench = Workbench(tmp_path / "bench")
    make_check("group_leak").plant(bench, np.random.default_rng(0))
    return bench.library()


@pytest.mark.parametrize("seed", range(2, 8))
def test_it_proves_itself_whatever_the_files_look_like(seed):
    assert prove(make_check("group_leak"), seed).passed


def test_it_says_how_many_points_and_why(leaking):
    (finding,) = make_check("group_leak").run(View.of(leaking))
    points = round(100 * (finding.evidence["at_random"] - finding.evidence["grouped"]))
    assert finding.title == f"`kind` split at random would score about {points} points too high"
    assert points > 20
    assert "72 of 72 items share a group with another" in finding.meaning
    assert finding.severity == Severity.NOTE


def test_groups_that_lie_on_both_sides_already_are_serious(leaking):
    items = leaking.items()
    splits = {items[0].id: Split.TRAIN, items[1].id: Split.TEST}
    with leaking.writing("mend") as writer:
        writer.commit(
            changed=[replace(item, split=splits[item.id]) for item in items if item.id in splits]
        )
    (finding,) = make_check("group_leak").run(View.of(leaking))
    assert finding.severity == Severity.SERIOUS
    assert items[0].group in finding.fix


def test_copies_count_as_groups_where_nobody_named_any(leaking, tmp_path):
    with leaking.writing("mend") as writer:
        writer.commit(changed=[replace(item, group="") for item in leaking.items()])
    assert make_check("group_leak").run(View.of(leaking, tmp_path / "cache")) == []
    with leaking.writing("mend") as writer:
        first = {item.key.partition("-")[0]: item.parts for item in leaking.items()}
        writer.commit(
            changed=[
                replace(item, parts=first[item.key.partition("-")[0]]) for item in leaking.items()
            ]
        )
    (finding,) = make_check("group_leak").run(View.of(leaking, tmp_path / "cache"))
    assert finding.evidence["groups"] == 24


def test_few_labels_are_left_alone(leaking):
    assert make_check("group_leak", {"fewest_items": 97}).run(View.of(leaking)) == []


def test_of_many_items_whole_groups_are_measured(leaking):
    (finding,) = make_check("group_leak", {"most_items": 50}).run(View.of(leaking))
    assert finding.evidence["items"] == 48
    assert finding.evidence["groups"] == 16
