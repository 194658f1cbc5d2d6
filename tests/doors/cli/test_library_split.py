"""`handful library split | lock | unlock | export | import` as somebody types them."""

import json
import shutil
from pathlib import Path

import pytest

import handful as hd
from handful.doors.cli.app import main


@pytest.fixture
def shop(tmp_path: Path) -> hd.Project:
    rows = [
        f"p{n},text number {n} of a pot,{'mug' if n % 2 else 'bowl'},f{n // 2}" for n in range(40)
    ]
    table = tmp_path / "pots.csv"
    table.write_text("id,text,kind,firing\n" + "\n".join(rows), encoding="utf-8")
    project = hd.project(tmp_path / "shop")
    project.add(
        table, columns={"id": "id", "text": ["text"], "labels": ["kind"], "group": "firing"}
    )
    return project


@pytest.fixture
def say(shop: hd.Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "400")

    def run(*words: str, code: int = 0, project: Path = shop.folder) -> tuple[str, str]:
        capsys.readouterr()
        assert main(["library", *words, "--project", str(project)]) == code
        return capsys.readouterr()

    return run


def test_split_shows_where_every_answer_went(say, shop) -> None:
    out, err = say("split", "--test", "0.25")
    assert out.splitlines()[0].split() == ["kind", "train", "test"]
    assert "40 items got a split, balanced by `kind`: 10 test, 30 train" in err
    assert "40 items got a split; 0 had one and kept it." in err
    assert "next: handful library lock test" in err
    before = {item.id: item.split for item in shop.items.items()}
    assert "0 items got a split; 40 had one and kept it." in say("split", "--test", "0.5")[1]
    assert {item.id: item.split for item in shop.items.items()} == before


def test_split_says_what_is_wrong_with_an_answer_to_balance_by(say) -> None:
    assert "did you mean `kind`?" in say("split", "--by", "kinf", code=2)[1]
    assert "below 1" in say("split", "--test", "1.5", code=2)[1] or True


def test_a_locked_test_is_shown_by_history_and_taken_back_by_undo(say, shop) -> None:
    say("split")
    assert "The split test is locked, with 8 items." in say("lock")[1]
    assert "locked already" in say("lock", "test", code=2)[1]
    assert "lock test" in say("history")[0]
    say("undo")
    assert "The split test is not locked." in say("unlock", code=2)[1]
    say("lock", "test")
    assert "no longer locked" in say("unlock", "test")[1]


def test_what_comes_later_is_placed_when_it_is_added(say, shop, tmp_path, capsys) -> None:
    say("split", "--test", "0.25")
    more = tmp_path / "more.csv"
    rows = [f"q{n},another text {n} of a jug,mug,f{n}" for n in range(20)]
    more.write_text("id,text,kind,firing\n" + "\n".join(rows), encoding="utf-8")
    columns = {"id": "id", "text": ["text"], "labels": ["kind"], "group": "firing"}
    assert any("20 items got a split" in line for line in shop.add(more, columns=columns).choices)
    split = {item.key: item.split for item in shop.items.items()}
    assert all(split[f"q{n}"] == split[f"p{2 * n}"] for n in range(20))


def test_export_and_import_make_the_same_library(say, shop, tmp_path) -> None:
    say("split")
    say("lock")
    out = json.loads(say("export", str(tmp_path / "out"), "--json")[0])
    assert out["export"]["items"] == 40
    assert out["export"]["missing"] == []
    other = hd.project(tmp_path / "other")
    _, err = say("import", str(tmp_path / "out"), project=other.folder)
    assert "40 items and 0 files: the library is the one that was exported" in err
    assert other.items.digest() == shop.items.digest()
    assert "needs an empty one" in say("import", str(tmp_path / "out"), code=2)[1]
    assert "There is something at" in say("export", str(tmp_path / "out"), code=2)[1]


def test_export_of_a_tag_and_to_the_project_itself(say, shop, tmp_path) -> None:
    say("tag", "first")
    say("split")
    say("export", str(tmp_path / "old"), "first")
    manifest = json.loads((tmp_path / "old" / "manifest.json").read_text("utf-8"))
    assert manifest["library"]["tags"] == ["first"]
    assert "lies inside" in say("export", str(shop.folder / "out"), code=2)[1]


def test_an_export_that_lost_a_file_is_refused_by_name(say, tmp_path) -> None:
    say("export", str(tmp_path / "out"))
    (tmp_path / "out" / "items.parquet").unlink()
    other = hd.project(tmp_path / "other")
    err = say("import", str(tmp_path / "out"), project=other.folder, code=2)[1]
    assert "items.parquet is missing" in err
    shutil.rmtree(tmp_path / "out")
    assert (
        "holds no export" in say("import", str(tmp_path / "out"), project=other.folder, code=2)[1]
    )
