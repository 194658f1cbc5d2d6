"""A finding is mended by its name, seen before, and undone to the byte."""

import json
from pathlib import Path

import pytest

import handful as hd
from handful.doors.cli.app import main


@pytest.fixture
def shop(tmp_path: Path) -> hd.Project:
    rows = [
        "id,note,licence",
        "a,a blue mug,CC0-1.0",
        "b,a wide bowl,",
        "c,ann@potters-guild.de,CC0-1.0",
    ]
    (tmp_path / "pots.csv").write_text("\n".join(rows))
    made = hd.project(tmp_path / "shop")
    made.add(tmp_path / "pots.csv", columns={"id": "id", "text": "note", "licence": "licence"})
    return made


def finding_of(shop: hd.Project, check: str) -> str:
    return next(each.id for each in shop.check().findings if each.check == check)


def test_it_shows_then_changes_and_undo_reverts(shop, capsys):
    before = shop.items.digest()
    name = finding_of(shop, "missing_licence")
    assert main(["fix", name, "--project", str(shop.folder)]) == 0
    shown, talk = capsys.readouterr()
    assert "b: in use -> set aside: its terms are unknown" in shown + talk
    assert "Nothing is changed yet" in shown + talk
    assert shop.items.digest() == before
    assert main(["fix", name, "--yes", "--project", str(shop.folder)]) == 0
    assert shop.items.digest() != before
    assert [item.key for item in shop.items.items() if item.usable] == ["a", "c"]
    assert main(["library", "undo", "--project", str(shop.folder)]) == 0
    assert shop.items.digest() == before


def test_personal_data_is_masked_in_the_preview_as_well(shop, capsys):
    name = finding_of(shop, "personal_data")
    assert main(["fix", name, "--yes", "--json", "--project", str(shop.folder)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [change["key"] for change in told["changes"]] == ["c"]
    assert "ann@potters-guild.de" not in json.dumps(told["changes"])


@pytest.mark.parametrize(
    ("name", "said"),
    [("nonsense", "is no finding"), ("quality-00000000", "There is no finding")],
)
def test_a_name_that_means_nothing_is_refused(shop, capsys, name, said):
    assert main(["fix", name, "--project", str(shop.folder)]) == 2
    assert said in capsys.readouterr().err
