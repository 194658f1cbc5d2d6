import io
import json
import sys
from pathlib import Path

import pytest

import handful as hd
from handful.doors.cli import viewer
from handful.doors.cli.app import main
from handful.use.explore.asked import asked_in


@pytest.fixture
def pots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> hd.Project:
    table = tmp_path / "pots.csv"
    words = ["a blue mug", "a wide bowl", "a tall jug", "a mug of clay", "one more bowl"]
    lines = [f"p{n},{word}" for n, word in enumerate(words)]
    table.write_text("\n".join(["id,text", *lines]) + "\n", encoding="utf-8")
    project = hd.project(tmp_path / "shop")
    project.add(table, columns={"id": "id", "text": ["text"]})
    monkeypatch.chdir(project.folder)
    return project


def type_in(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_answers_by_name_and_number_are_kept_one_by_one(
    pots: hd.Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(monkeypatch, "mug", "bowl", "9", "1", "", "quit")
    assert main(["ask", "--labels", "kind", "--no-look"]) == 0
    told = capsys.readouterr()
    assert "[1/5]" in told.err
    assert "drawn by chance" in told.err
    assert "There is no answer 9." in told.err
    assert "1 mug  2 bowl" in told.err
    assert "3 answers kept." in told.err
    assert "Nothing was checked yet" in told.out
    counts = pots.answers("kind").counting
    assert sorted(counts.values()) == ["bowl", "mug", "mug"]
    assert set(asked_in(pots.feedback, "kind")) == set(counts)
    type_in(monkeypatch, "jug")
    assert main(["ask", "--labels", "kind", "--no-look"]) == 0
    assert "[1/2]" in capsys.readouterr().err, "what was answered is not asked again"


def test_the_last_answer_is_taken_back(
    pots: hd.Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(monkeypatch, "undo", "mug", "undo", "bowl")
    assert main(["ask", "--labels", "kind", "--no-look"]) == 0
    assert "There is nothing to take back." in capsys.readouterr().err
    assert list(pots.answers("kind").counting.values()) == ["bowl"]
    assert [each.answer for each in asked_in(pots.feedback, "kind").values()] == ["bowl"]


def test_a_list_asks_nothing(
    pots: hd.Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["ask", "--labels", "kind", "--only-list"]) == 0
    assert "5 items to answer." in capsys.readouterr().err
    assert main(["ask", "--labels", "kind", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["tables"]["questions"]
    assert {row["item"] for row in rows} == {f"p{n}" for n in range(5)}
    assert main(["ask", "--labels", " "]) == 2


def test_a_run_guesses_and_what_was_picked_promises_nothing(
    shop: hd.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = shop.ask("kind", 6)
    assert [each.why for each in asked] == ["teaches", "teaches", "chance"] * 2
    version = shop.items.version
    for each in asked[:3]:
        shop.reply(each, each.guess or "bowl", labels="kind")
    try:
        assert shop.picked("kind") == {e.item.id for e in asked[:3] if e.why == "teaches"}
        found = shop.checked("kind")
        assert (found.drawn, found.right) == (sum(e.why == "chance" for e in asked[:3]),) * 2
        assert found.more > 0
    finally:
        for each in asked[:3]:
            shop.take_back(each, labels="kind")
    assert shop.items.version > version
    assert not shop.picked("kind")


def test_no_screen_opens_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(viewer.sys, "platform", "linux")
    monkeypatch.setattr(viewer.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(viewer.subprocess, "Popen", lambda words, **_: started.append(words))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not viewer.show(tmp_path / "a.png")
    monkeypatch.setenv("DISPLAY", ":0")
    assert viewer.show(tmp_path / "a.png")
    assert started == [["/usr/bin/xdg-open", str(tmp_path / "a.png")]]
