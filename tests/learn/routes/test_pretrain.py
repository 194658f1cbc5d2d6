"""What must hold before the first step: nothing is lost, and what cannot be is said."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

import handful as hd
from handful.foundation.errors import UsageError

STOPPED = {"state": "started", "settings": {"name": "own", "batch": 3}, "plan": {}}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> hd.Project:
    folder = tmp_path_factory.mktemp("notes")
    (folder / "files").mkdir()
    for number in range(6):
        (folder / "files" / f"{number}.txt").write_text(f"a bowl, number {number}, blue glaze")
    project = hd.project(folder / "shop")
    project.add(folder / "files")
    return project


def stopped(shop: hd.Project) -> Path:
    folder = shop.runs / "pretrain-own"
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    (folder / "pretraining.json").write_text(json.dumps(STOPPED))
    (folder / "log.jsonl").write_text("{}\n")
    checkpoint = folder / "checkpoints" / "00000010.safetensors"
    checkpoint.write_bytes(b"hours of work")
    return checkpoint


def test_planning_says_what_it_takes_and_touches_nothing(shop: hd.Project) -> None:
    checkpoint = stopped(shop)
    found = shop.pretrain("1h", batch=2, only_plan=True)
    assert found.folder is None
    assert found.record["plan"]["steps"] >= 50
    assert checkpoint.read_bytes() == b"hours of work"
    assert (shop.runs / "pretrain-own" / "log.jsonl").exists()


def test_a_stopped_training_is_not_lost_to_other_settings(shop: hd.Project) -> None:
    checkpoint = stopped(shop)
    with pytest.raises(UsageError, match="stopped half way and had other settings"):
        shop.pretrain("1h", batch=2)
    assert checkpoint.read_bytes() == b"hours of work"


def test_an_encoder_that_runs_may_rest_on_is_not_made_anew(shop: hd.Project) -> None:
    tower = shop.folder / "towers" / "kept"
    tower.mkdir(parents=True)
    (tower / "config.json").write_text("{}")
    with pytest.raises(UsageError, match='encoder "kept" already'):
        shop.pretrain("1h", name="kept", batch=2)


def test_a_budget_too_small_names_one_that_works(shop: hd.Project) -> None:
    with pytest.raises(UsageError, match="50 are the fewest") as caught:
        shop.pretrain(0.5, name="small", batch=2)
    assert "--budget" in str(caught.value.hint)
