from pathlib import Path

import pytest

import handful as hd
from handful.doors.cli.app import main

ROWS = [("p1", "mug"), ("p2", "bowl"), ("p3", "mug"), ("p4", "bowl")]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> hd.Project:
    table = tmp_path / "pots.csv"
    lines = [f"{name},a {kind} of mine,{kind}" for name, kind in ROWS]
    table.write_text("\n".join(["id,text,kind", *lines]) + "\n", encoding="utf-8")
    project = hd.project(tmp_path / "shop")
    project.add(table, columns={"id": "id", "text": ["text"], "labels": ["kind"]})
    monkeypatch.chdir(project.folder)
    return project


def test_answers_are_counted_and_disputes_named(
    shop: hd.Project, capsys: pytest.CaptureFixture[str]
) -> None:
    for who in ("ann", "bob"):
        for name, kind in ROWS[:3]:
            shop.label(name, kind, task="kind", annotator=who)
    shop.label("p4", "bowl", task="kind", annotator="ann")
    shop.label("p4", "vase", task="kind", annotator="bob")
    assert main(["answers", "--task", "kind"]) == 0
    told = capsys.readouterr()
    assert "borne out" in told.out
    assert "p4          ann says bowl and bob says vase  nothing yet" in told.out
    assert "3 answers to kind by 2 annotators, 1 in dispute, 1 of them open." in told.err
    assert "next: handful label ITEM ANSWER --task kind" in told.err


def test_tasks_are_listed(shop: hd.Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["answers"]) == 0
    told = capsys.readouterr()
    assert "mug 2, bowl 2" in told.out
    assert "1 task with answers." in told.err


def test_answers_are_joined(shop: hd.Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["answers", "rename", "mug", "bowl", "--task", "kind"]) == 0
    assert '"mug" is "bowl" now: 2 items, as 2 items were before.' in capsys.readouterr().err
    assert {item.label("kind") for item in shop.items.items()} == {"bowl"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["answers", "--task", "size"], 'No item has an answer to "size".'),
        (["answers", "rename", "cup", "bowl", "--task", "kind"], "known: `bowl`, `mug`"),
        (["answers", "rename", "mug"], "needs"),
    ],
)
def test_wrong_use_gets_a_sentence(
    shop: hd.Project, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err
