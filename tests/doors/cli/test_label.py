from __future__ import annotations

from pathlib import Path

import pytest

import handful as hd
from handful.doors.cli.app import main


@pytest.fixture
def shop(tmp_path: Path) -> hd.Project:
    table = tmp_path / "pots.csv"
    table.write_text("id,text,kind\np1,a blue mug,mug\np2,a wide bowl,mug\n", encoding="utf-8")
    project = hd.project(tmp_path / "shop")
    project.add(table, columns={"id": "id", "text": ["text"], "labels": ["kind"]})
    return project


def test_an_answer_is_corrected_and_the_earlier_one_is_kept(
    shop: hd.Project, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["label", "p2", "bowl", "--task", "kind", "--project", str(shop.folder)]
    assert main(words) == 0
    assert "p2 is bowl, and was mug." in capsys.readouterr().err
    (item,) = [each for each in shop.items.items() if each.key == "p2"]
    assert item.label("kind") == "bowl"
    assert [label.value for label in item.labels] == ["mug", "bowl"]
    assert item.labels[1].annotator == "me"


def test_an_unknown_item_is_named_with_a_near_one(
    shop: hd.Project, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["label", "p3", "bowl", "--task", "kind", "--project", str(shop.folder)]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert 'There is no item "p3".' in told
    assert "p2" in told or "p1" in told


def test_two_items_of_one_name_are_told_apart_by_id(
    shop: hd.Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "more.csv"
    other.write_text("id,text,kind\np1,another mug,mug\n", encoding="utf-8")
    shop.add(other, columns={"id": "id", "text": ["text"], "labels": ["kind"]})
    words = ["label", "p1", "cup", "--task", "kind", "--project", str(shop.folder)]
    assert main(words) == 2
    assert '2 items are called "p1".' in capsys.readouterr().err
    first = next(each for each in shop.items.items() if each.key == "p1")
    assert shop.label(first.id, "cup", task="kind") == "mug"
    assert shop.items.item(first.id).label("kind") == "cup"
