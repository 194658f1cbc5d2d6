"""A model folder from the command line to a release: trained with, recorded, held to."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import handful as hd
from handful.doors.cli.app import main
from handful.foundation.errors import InputError
from handful.learn.routes.run import Run
from handful.learn.towers.latents import LatentCache
from tiny import models
from use.explore.things import make_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> hd.Project:
    models.need_libraries()
    base = tmp_path_factory.mktemp("folders")
    table = make_shop(base / "files", 48)
    head, *lines = table.read_text().splitlines()
    splits = ["train"] * 36 + ["test"] * 12
    rows = [f"{line},{split}" for line, split in zip(lines, splits, strict=True)]
    table.write_text("\n".join([f"{head},split", *rows]) + "\n")
    project = hd.project(base / "shop")
    project.add(table, columns={"labels": ["kind"], "text": ["note"]})
    shelf = models.folders(tmp_path_factory.getbasetemp())
    for name in ("clip", "minilm"):
        models.copy_of(shelf / name, project.folder / "towers" / name)
    models.copy_of(shelf / "clap", base / "models" / "clap")
    return project


@pytest.fixture(scope="module")
def files(shop: hd.Project) -> Path:
    return shop.folder.parent / "files"


@pytest.fixture(scope="module")
def run(shop: hd.Project) -> Run:
    elsewhere = shop.folder.parent / "models" / "clap"
    towers = {"image": "clip", "text": "minilm", "audio": f"only:{elsewhere}@1"}
    return shop.train("kind", "2min", profile="fast", baselines=False, towers=towers)


def test_a_folder_stands_beside_the_blocks_or_alone(run: Run) -> None:
    towers = run.model.towers
    assert list(towers["text"].kernels()) == ["characters", "words", "minilm"]
    assert list(towers["image"].kernels()) == ["lab", "hog", "lbp", "clip"]
    assert list(towers["audio"].kernels()) == ["clap-layer-1"]
    assert "towers = [" in (run.folder / "config.toml").read_text()


def test_the_recipe_records_what_decides_the_numbers(shop: hd.Project, run: Run) -> None:
    about = json.loads((run.folder / "model" / "manifest.json").read_text())
    (entry,) = about["towers"]["local"]["audio"]
    assert entry["folder"] == "clap"
    assert (entry["family"], entry["tap"], entry["is_alone"]) == ("clap", "1", True)
    assert len(entry["weights"]) == len(entry["settings"]) == 64
    for name in ("model/manifest.json", "config.toml"):
        text = (run.folder / name).read_text()
        assert str(shop.folder.parent) not in text, "a project may be moved"


def test_the_plan_counts_what_the_folders_cost(shop: hd.Project) -> None:
    given: dict[str, Any] = {"profile": "fast", "baselines": False}
    bare = shop.plan("kind", "2min", **given)
    found = shop.plan("kind", "2min", towers=["image=clip@2"], **given)
    assert found.blocks["image"] == (*bare.blocks["image"], "clip-layer-2")
    assert found.cpu_s > 0
    assert found.peak_memory_bytes > bare.peak_memory_bytes
    assert found.fits


def test_a_second_training_encodes_nothing_anew(shop: hd.Project, run: Run) -> None:
    assert run.is_done
    said: list[str] = []
    again = shop.train(
        "",
        "2min",
        profile="fast",
        baselines=False,
        towers={"image": "clip", "text": "minilm", "audio": "only:clap@1"},
        on_stage=lambda stage, done, total: said.append(stage),
    )
    assert again.is_done
    assert not [stage for stage in said if stage.startswith("encoding")]
    names = {entry.name for entry in LatentCache(shop.cache / "latents").entries()}
    assert {"image.clip", "text.minilm", "audio.clap-layer-1", "image.lab"} <= names


def test_a_query_is_answered_from_the_same_folders(run: Run, files: Path) -> None:
    photo, tap = sorted((files / "photos").iterdir())[0], sorted((files / "taps").iterdir())[0]
    first = run.predict(image=photo, audio=tap, text="small bowl")
    second = Run.open(run.folder).predict(image=photo, audio=tap, text="small bowl")
    assert first.probabilities == pytest.approx(second.probabilities, abs=1e-6)
    assert set(first.shares) == {"text", "image", "audio"}


def test_find_uses_them_too(shop: hd.Project, run: Run) -> None:
    assert shop.search("bowl", top=3, run=run.id).hits


def test_a_release_says_what_it_needs(shop: hd.Project, run: Run) -> None:
    made = shop.release(run)
    assert {each["folder"] for each in made.about["needs"]} == {"clip", "minilm", "clap"}
    assert "- It reads audio with the model folder `clap` (clap, layer 1;" in made.card
    assert "which is not part of this release" in made.card
    here = str(shop.folder.parent).encode()
    files = [path for path in made.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if here in path.read_bytes()], "no path of this machine"


def test_another_folder_of_the_same_name_is_refused_by_predict_and_release(
    shop: hd.Project,
    run: Run,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(shop.folder)
    folder = shop.folder / "towers" / "minilm"
    kept = folder.rename(shop.folder / "kept")
    try:
        models.copy_of(kept, folder)
        models.change_weights(
            folder / "model.safetensors",
            lambda arrays: arrays["embeddings.LayerNorm.weight"].__imul__(2),
        )
        said = "is not the one that was trained with: its weights differ"
        for words in (["predict", "--text", "bowl", "--run", run.id], ["release", run.id]):
            assert main([*words, "--quiet"]) == 2
            assert said in capsys.readouterr().err
        with pytest.raises(InputError, match=said):
            Run.open(run.folder).predict(text="a bowl")
        photo = sorted((files / "photos").iterdir())[0]
        assert Run.open(run.folder).predict(image=photo).label, "other modalities still answer"
        shutil.rmtree(folder)
        with pytest.raises(InputError, match='"minilm" that was trained with is not there'):
            Run.open(run.folder).predict(text="a bowl")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        kept.rename(folder)
    assert Run.open(run.folder).predict(text="a bowl").label


def test_a_project_that_moved_still_finds_its_folders(
    shop: hd.Project, run: Run, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(shop.folder, moved)
    assert Run.open(moved / "runs" / run.id).predict(text="a bowl").label


def test_towers_are_compared_on_the_items_there_are(shop: hd.Project) -> None:
    found = shop.compare_towers(["image=clip"], labels="kind")
    seen = {pair.first.text for pair in found.pairs} | {pair.second.text for pair in found.pairs}
    assert {"image clip", "image clip-layer-1", "image clip-layer-3", "image lab"} <= seen
    assert found.judged_by == "labels"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "--tower", "clip"], '"clip" names no tower'),
        (["train", "--tower", "image=clpi"], "did you mean `clip`"),
        (["train", "--tower", "image=minilm"], "does not read image"),
        (["train", "--tower", "text=minilm@7"], "has no layer 7"),
        (["plan", "--tower", "video=clip"], 'names a tower for "video"'),
        (["towers", "compare", "image=none"], "There is no model folder"),
        (["towers", "none/such"], "There is no folder"),
        (["towers", "gte", "x"], 'Did you mean "get"'),
        (["towers", "get", "x"], "is not known by name"),
        (["towers", "get", "clip", "--from", "http://x/y"], "go together"),
        (["towers", "get", "clip", "--from", "http://x/y", "--sha256", "0" * 64], "already"),
    ],
)
def test_wrong_use_gets_a_sentence(
    shop: hd.Project,
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(shop.folder)
    assert main([*words, "--quiet"]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
