import json
from pathlib import Path
from types import ModuleType

import pytest

import handful as hd
from handful.doors.cli.app import main


def test_hits_are_shown_with_reasons_and_the_page_is_named(
    shop: hd.Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop.folder)
    assert main(["find", "cobalt", "vase", "--top", "3"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "cobalt vase"
    assert lines[1].split() == ["rank", "item", "fit", "why", "labels"]
    assert "note says" in lines[3]
    assert lines[-1].endswith("good finds in 40 items; 3 shown.")
    assert f"record: {shop.cache / 'find.html'}" in err
    assert (shop.cache / "find.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_programs_get_the_same_as_facts(
    shop: hd.Project, things: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = things.photo(tmp_path / "a.png", 101)
    words = ["find", str(photo), "vase", "--project", str(shop.folder), "--json"]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert [part["modality"] for part in document["found"]["query"]] == ["text", "image"]
    hits = document["found"]["hits"]
    assert len(hits) == 12
    assert [hit["key"] for hit in hits] == [row["item"] for row in document["tables"]["hits"]]
    assert document["record"].endswith("find.html")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "error: There is nothing to look for: the query is empty.\nhint: handful find"),
        (["none.jpg"], 'error: There is no file "none.jpg".\nhint: check the path\n'),
        (["vase", "--run", "1999"], 'error: There is no run "1999".'),
        (["vase", "--top", "0"], "`top` must be 1 or more, and it is 0."),
    ],
)
def test_wrong_use_gets_a_sentence(
    shop: hd.Project,
    words: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["find", *words, "--project", str(shop.folder), "--quiet"]) == 2
    assert expected in capsys.readouterr().err


def test_without_a_run_train_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hd.project(tmp_path)
    assert main(["find", "vase", "--project", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        "error: There is no finished run yet, and finding needs one; it may learn without labels.\n"
        "hint: handful train\n"
    )
