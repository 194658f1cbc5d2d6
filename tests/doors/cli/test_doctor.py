import importlib.metadata
import json
from pathlib import Path

import pytest

from handful.doors.cli import doctor
from handful.doors.cli.app import main
from handful.foundation.project import Project


def test_everything_is_told_to_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--json", "--no-speed"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    assert document["machine"]["processor"]["usable_cores"] >= 1
    told = {row["what"]: row["found"] for row in document["tables"]["machine_summary"]}
    assert "because" in told["arithmetic"]
    assert "because" in told["threads"]
    assert {row["extra"] for row in document["tables"]["extras"]} >= {"train"}
    assert "speed" not in document["tables"]


def test_the_project_here_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project.create(tmp_path / "shop")
    monkeypatch.chdir(project.library)
    assert main(["doctor", "--no-speed"]) == 0
    assert 'The project here is "shop"' in capsys.readouterr().out
    assert main(["doctor", "--no-speed", "--project", str(tmp_path)]) == 2
    assert "is no project" in capsys.readouterr().err


def test_a_missing_extra_comes_with_its_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["numpy>=2.0", "no-such-thing>=1; extra == 'train'"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: lines)
    assert main(["doctor", "--no-speed"]) == 0
    out = capsys.readouterr().out
    assert "missing: no_such_thing" in out
    assert 'pip install "handful[train]"' in out


def test_a_missing_part_of_the_core_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["no-such-thing>=1"])
    assert main(["doctor", "--no-speed"]) == 1
    assert "finding: Handful cannot work without no_such_thing" in capsys.readouterr().err


def test_every_dependency_is_looked_for_under_its_import_name() -> None:
    requirements = doctor._requirements()
    assert {"PIL", "lance", "sklearn", "numpy"} <= set(requirements[""])
    assert "torch" in requirements["train"]
    assert all(doctor.find_module(name).is_installed for name in requirements[""])


def test_the_speed_is_measured_within_its_two_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--json"]) == 0
    speeds = {
        row["what"]: row["measured"]
        for row in json.loads(capsys.readouterr().out)["tables"]["speed"]
    }
    assert speeds["matrix product, 1 thread"] > 0
    assert speeds["disk write"] > 0
    assert list(tmp_path.iterdir()) == []
