import io
import json
from pathlib import Path
from types import ModuleType

import pytest

import handful as hd
from handful.doors.cli import try_ as verb
from handful.doors.cli.app import main


@pytest.fixture(scope="module")
def folder(things: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("try") / "pots"
    for number in range(30):
        things.photo(place / "photos" / f"{number:02d}.png", number)
        things.tap(place / "taps" / f"{number:02d}.wav", number)
    (place / "photos" / "broken.png").write_text("no picture")
    return place


def snapshot(folder: Path) -> list[tuple[str, int, int]]:
    found = [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in folder.rglob("*")]
    return sorted(found)


def test_a_folder_becomes_a_project_with_groups_and_running_again_reuses_it(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = snapshot(folder)
    assert main(["try", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert snapshot(folder) == before
    shop = hd.Project.open(tmp_path / "pots-handful")
    assert document["project"] == str(shop.folder)
    assert document["set_aside"] == 1
    assert len(shop.items) == 31
    grouped = document["grouping"]["groups"]
    for each in grouped:
        assert len({int(key) % 2 for key in each["keys"]}) == 1
    assert sum(each["size"] for each in grouped) + len(document["grouping"]["odd"]) == 30
    assert Path(document["record"]).read_text(encoding="utf-8").count("<h1>") == 1
    assert document["next_step"] == f'handful find "words" --project {shop.folder}'
    runs = sorted(shop.runs.iterdir())

    assert main(["try", str(folder)]) == 0
    err = capsys.readouterr().err
    assert "Using the project in" in err
    assert "nothing is learned again" in err
    assert sorted(shop.runs.iterdir()) == runs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_at_a_terminal_it_asks_what_to_find_until_an_empty_line(
    shop: hd.Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("cobalt vase\nnone.jpg\n\nnever read\n"))
    verb._ask(shop)
    out, err = capsys.readouterr()
    assert "cobalt vase" in out
    assert 'There is no file "none.jpg".' in err
    assert err.count("What are you looking for?") == 3


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["none"], 'There is no folder "none".'),
        (["empty"], "holds no files."),
        (["file.txt"], '"file.txt" is a file, and a folder is needed.'),
        (["few"], "there is nothing to compare"),
        (["few", "--project", "few/shop"], "would lie inside"),
        (["."], "would lie inside"),
    ],
)
def test_what_cannot_be_tried_gets_a_sentence(
    words: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "a.txt").write_text("one bowl")
    (tmp_path / "file.txt").write_text("one bowl")
    assert main(["try", *words, "--quiet"]) == 2
    err = capsys.readouterr().err
    assert expected in err
    assert "hint: " in err
    assert "Traceback" not in err


def test_a_folder_inside_a_projects_records_is_refused(
    shop: hd.Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["try", str(shop.library), "--project", str(shop.folder)]) == 2
    assert "belongs to the project itself" in capsys.readouterr().err
