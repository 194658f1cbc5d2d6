import json
from pathlib import Path

import pytest

import handful as hd
from handful.doors.cli.app import main
from handful.foundation.predictor import Level
from handful.use.explore.autopilot.rules import Rule


@pytest.fixture
def project(tmp_path: Path) -> Path:
    hd.project(tmp_path / "shop")
    (tmp_path / "inbox").mkdir()
    return tmp_path / "shop"


def say(*words: str | Path) -> int:
    return main([str(word) for word in words])


def test_a_rule_is_kept_said_listed_turned_and_thrown_away(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox = project.parent / "inbox"
    at = ("--project", project)
    words = ("autopilot", "add", inbox, "vase", "--task", "kind", "--to", "Vases", *at)
    assert say(*words) == 0
    assert "I am sure it is vase, copy it to" in capsys.readouterr().out
    assert say("autopilot", "turn", "rule-1", "on", *at) == 0
    capsys.readouterr()
    assert say("autopilot", *at) == 0
    assert "on" in capsys.readouterr().out.split("rule-1")[1]
    assert say("autopilot", "turn", "rule-1", "away", *at) == 0
    kept = json.loads((project / "autopilot" / "rules.json").read_text())
    assert kept["rules"] == []


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("autopilot", "run"), "autopilot add"),
        (("autopilot", "undo"), "autopilot list"),
        (("autopilot", "turn", "nothing", "on"), "choose one"),
        (("watch-folder",), "autopilot turn"),
        (("autopilot", "add", "missing", "vase", "--task", "kind", "--to", "x"), "check the path"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(
    project: Path, words: tuple[str, ...], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say(*words, "--project", project) == 2
    assert hint in capsys.readouterr().err


def test_by_a_trained_run_only_sure_answers_act_and_all_others_are_shown(
    shop: hd.Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = sorted((shop.folder.parent / "files" / "photos").iterdir())[:12]
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for photo in photos:
        (inbox / f"new-{photo.name}").write_bytes(photo.read_bytes())
    pilot = shop.autopilot()
    for kind in ("bowl", "vase"):
        pilot.add(Rule(folder=str(inbox), topic="kind", answer=kind, to=str(tmp_path / kind)))
    try:
        found = pilot.plan()
        assert len({step.row.key for step in found.steps}) + len(found.shown) == len(photos)
        assert all(step.row.level == Level.SURE for step in found.steps)
        assert say("autopilot", "run", "--project", shop.folder) == 0
        copied = [*tmp_path.glob("bowl/*"), *tmp_path.glob("vase/*")]
        assert len(copied) == len(found.steps)
        assert len(list(inbox.iterdir())) == len(photos)
    finally:
        for rule in pilot.rules():
            pilot.remove(rule.name)
