import numpy as np
import pytest
from PIL import Image

from handful.data.checks.base import Severity, View
from handful.data.checks.running import make_check
from handful.data.checks.selftest import prove
from handful.data.checks.workbench import Workbench


@pytest.fixture
def planted(tmp_path):
    bench = Workbench(tmp_path / "bench")
    make_check("near_duplicates").plant(bench, np.random.default_rng(0))
    return View.of(bench.library())


@pytest.mark.parametrize("seed", range(2, 5))
def test_it_proves_itself_whatever_the_files_look_like(seed):
    assert prove(make_check("near_duplicates"), seed).passed


def test_the_finding_says_what_is_spoiled_and_how_the_copies_came_about(planted):
    splits, labels, groups = make_check("near_duplicates").run(planted)[:3]
    keys = {item.id: item.key for item in planted.items}
    assert splits.title == ("1 set of near-duplicates straddle the splits (2 items: mirrored 1)")
    assert splits.severity == Severity.SERIOUS
    assert "have different labels (kind)" in labels.title
    assert "re-encoded 1" in labels.title
    assert '"quiet"' in groups.meaning
    assert splits.remedy is not None
    assert [keys[identity] for identity in splits.remedy.items] == ["seen"]


def test_exact_copies_are_left_to_the_other_check(bench, dice, found):
    bench.item("a", dice)
    bench.item("b", dice, image="a.png", audio="a.wav")
    assert found("near_duplicates") == {}


def test_a_cropped_picture_is_called_cropped(bench, dice):
    for key in ("whole", "part"):
        bench.item(key, dice)
    bench.scene("whole.png", dice)
    with Image.open(bench.files / "whole.png") as image:
        image.crop((4, 3, 92, 69)).save(bench.files / "part.png")
    (finding,) = make_check("near_duplicates").run(View.of(bench.library()))
    assert finding.evidence["relations"] == {"cropped": 1}
    assert finding.severity == Severity.NOTE


def test_what_must_not_be_known_here_is_named(bench, dice, tmp_path):
    for key in ("known", "other"):
        bench.item(key, dice)
        bench.scene(f"{key}.png", dice)
    outside = tmp_path / "published"
    outside.mkdir()
    with Image.open(bench.files / "known.png") as image:
        image.convert("L").save(outside / "theirs.jpg", quality=60)
        image.resize((48, 36)).save(outside / "again.jpg")
    view = View.of(bench.library())
    (finding,) = make_check("near_duplicates", {"against": str(outside)}).run(view)
    assert all(finding.evidence["items"].values())
    assert [view.library.item(each).key for each in finding.items] == ["known"]
    assert finding.remedy is not None
