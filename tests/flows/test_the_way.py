"""The main job on tiny generated data: files, library, checks, training, answers; then trouble."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import handful as hd
from handful.data.samples import make_kiln
from handful.doors.cli.app import main
from handful.learn.routes.model import Model
from handful.learn.routes.run import Run


@pytest.fixture(scope="module")
def kiln(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "kiln"
    make_kiln(folder, items=72, seed=3, faults=False, workers=2)
    return folder


@pytest.fixture(scope="module")
def trained(kiln: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[hd.Project, Run]:
    project = hd.project(tmp_path_factory.mktemp("project") / "shop")
    report = project.add(kiln / "pieces.csv", columns={"labels": ["kind", "grade"], "group": ""})
    assert report.seen == report.ok + report.repaired + report.quarantined + report.skipped
    assert report.items_added == 72
    return project, project.train("kind", budget="1min", profile="fast", baselines=False)


@pytest.mark.timeout(180)
def test_a_run_holds_its_table_its_costs_and_a_model_that_answers(
    trained: tuple[hd.Project, Run], kiln: Path
) -> None:
    _, run = trained
    assert run.table[0]["name"] == "ours"
    assert {"average", "kernel_sum"} <= {line["name"] for line in run.table}
    assert run.manifest["cost"]["cpu_s"] > 0
    assert run.manifest["library"]["digest"]
    photo = sorted((kiln / "photos").glob("*.jpg"))[0]
    answer = run.predict(image=photo)
    assert answer.label in run.manifest["classes"]
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.shares == pytest.approx({"image": 1.0})


def test_held_out_answers_are_kept_item_by_item(trained: tuple[hd.Project, Run]) -> None:
    _, run = trained
    answers = run.held_out()
    assert len(answers) == sum(run.manifest["labelled"].values())
    right = np.mean([answer["said"] == answer["truth"] for answer in answers])
    assert right == pytest.approx(run.table[0]["accuracy"])


def test_a_saved_model_answers_to_the_bit_as_before(
    trained: tuple[hd.Project, Run], kiln: Path, tmp_path: Path
) -> None:
    _, run = trained
    query = {
        "image": sorted((kiln / "photos").glob("*.jpg"))[1],
        "audio": sorted((kiln / "taps").iterdir())[1],
        "text": "small bowl, blue",
    }
    run.model.save(tmp_path / "copy")
    first, second = run.model.predict([query])[0], Model.load(tmp_path / "copy").predict([query])[0]
    assert first.probabilities == second.probabilities
    assert first.level == second.level
    assert first.reason == second.reason


def test_an_absent_modality_is_not_a_blank_one(trained: tuple[hd.Project, Run], kiln: Path) -> None:
    _, run = trained
    photo = sorted((kiln / "photos").glob("*.jpg"))[2]
    alone = run.predict(image=photo)
    together = run.model.predict([{"image": photo}, {"text": "vase"}])
    assert together[0].probabilities == pytest.approx(alone.probabilities, abs=1e-5)
    assert together[0].shares == alone.shares


def test_items_held_back_for_the_test_take_no_part(trained: tuple[hd.Project, Run]) -> None:
    project, run = trained
    test = {item.id for item in project.items.items(split="test")}
    assert test
    assert not test & {answer["item"] for answer in run.held_out()}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["train", "--labels", "kidn"], 'No item has an answer to "kidn".\nhint: did you mean'),
        (["train", "--labels", "kind", "--budget", "soon"], '"soon" is no length of time'),
        (["predict"], "nothing to answer for"),
        (["predict", "none.jpg"], "There is no file"),
        (["predict", "a.jpg", "b.jpg"], "Two files of one kind"),
        (["predict", "a.xyz"], "neither a text, an image nor a sound"),
        (["predict", "a.jpg", "--run", "1999"], 'There is no run "1999"'),
        (["add", "none"], "There is nothing at"),
        (["check", "dupplicates"], "among the checks"),
    ],
)
def test_wrong_use_gets_a_sentence(
    trained: tuple[hd.Project, Run],
    words: list[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(trained[0].folder)
    assert main([*words, "--quiet"]) == 2
    err = capsys.readouterr().err
    assert expected in err
    assert "Traceback" not in err


def test_one_class_is_refused_with_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "files" / "mugs"
    folder.mkdir(parents=True)
    for number in range(10):
        (folder / f"{number}.txt").write_text(f"a mug number {number} in blue")
    project = hd.project(tmp_path / "shop")
    project.add(tmp_path / "files", labels_from_folders="kind")
    with pytest.raises(hd.HandfulError, match='say "mugs", and two different'):
        project.train("kind")


def test_without_a_run_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hd.project(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["predict", "--text", "a mug"]) == 2
    assert "handful train --labels TASK" in capsys.readouterr().err
    assert main(["train", "--labels", "kind"]) == 2
    assert "holds no items" in capsys.readouterr().err


def test_the_whole_way_by_command(
    kiln: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "shop", "--quiet"]) == 0
    monkeypatch.chdir(tmp_path / "shop")
    add = [
        "add",
        str(kiln / "pieces.csv"),
        "--column",
        "labels=grade",
        "--column",
        "group=",
        "--quiet",
    ]
    assert main([*add, "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)
    parts = ("ok_files", "repaired", "quarantined", "skipped")
    assert counts["seen"] == sum(counts[name] for name in parts)
    assert main([*add, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["items_unchanged"] == 72
    assert main(["check", "--json"]) == 0
    assert "findings" in json.loads(capsys.readouterr().out)["report"]
    train = ["train", "--labels", "grade", "--profile", "fast", "--no-baselines", "--quiet"]
    assert main(train) == 0
    assert "kernel_sum" in capsys.readouterr().out
    photo = sorted((kiln / "photos").glob("*.jpg"))[0]
    assert main(["predict", str(photo), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answer"]["level"] in (
        "sure",
        "fairly sure",
        "not sure",
    )


def test_batches_for_a_training_loop_of_ones_own(trained: tuple[hd.Project, Run]) -> None:
    project, _ = trained
    loader = project.batches(16, modalities=("image", "audio"), seed=1)
    seen = [item.id for batch in loader.epoch(0) for item in batch.items]
    assert sorted(seen) == [i.id for i in project.items.items() if set(i.modalities) - {"text"}]
    coming = loader.epoch(0)
    first = next(coming)
    coming.close()
    rest = [item.id for batch in loader.after(first.position) for item in batch.items]
    assert [item.id for item in first.items] + rest == seen


@pytest.mark.timeout(180)
def test_kill_9_while_training_leaves_a_project_that_trains(
    trained: tuple[hd.Project, Run], tmp_path: Path
) -> None:
    copy = tmp_path / "shop"
    shutil.copytree(trained[0].folder, copy, ignore=shutil.ignore_patterns("cache", "runs"))
    command = [sys.executable, "-m", "handful", "train", "--labels", "kind", "--profile", "fast"]
    inside = 0
    for wait_s in (0.0, 0.2, 0.6, 1.2):
        before = len(list((copy / "runs").glob("*")))
        process = subprocess.Popen(
            [*command, "--project", str(copy), "--no-baselines", "--quiet"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # The plan comes first; from the run's folder on there is something to leave half-done.
        while len(list((copy / "runs").glob("*"))) == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(wait_s)
        inside += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert inside >= 2, "the kills came after the end; the test proves nothing"
    project = hd.Project.open(copy)
    assert len(project.items) == 72
    run = project.train("kind", profile="fast", baselines=False)
    assert run.is_done
    assert run.table[0]["accuracy"] == pytest.approx(trained[1].table[0]["accuracy"], abs=0.1)


def test_a_run_is_measured_on_held_back_items_and_released(
    trained: tuple[hd.Project, Run],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project, run = trained
    held_back = [item for item in project.items.items(split="test") if item.label("kind")]
    monkeypatch.chdir(project.folder)
    assert main(["evaluate", run.id, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["report"]
    assert report["cases"]["n"] == len(held_back)
    assert (run.folder / "report.json").is_file()
    assert main(["release", run.id, "--json"]) == 0
    released = json.loads(capsys.readouterr().out)
    assert main(["release", run.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == released["digest"]
    model = Model.load(Path(released["record"]) / "model")
    query = {"text": "a small bowl"}
    assert model.predict([query])[0].probabilities == run.predict(**query).probabilities


def test_without_a_test_split_evaluation_says_what_is_missing(tmp_path: Path) -> None:
    rows = [f"{n},{'blue bowl' if n % 2 else 'tall vase'} {n},{n % 2}" for n in range(40)]
    (tmp_path / "a.csv").write_text("id,note,kind\n" + "\n".join(rows))
    project = hd.project(tmp_path / "shop")
    project.add(tmp_path / "a.csv", columns={"labels": ["kind"], "text": ["note"]})
    run = project.train("kind", profile="fast", baselines=False)
    assert run.table[0]["accuracy"] == 1.0
    with pytest.raises(hd.HandfulError, match="held back for a test"):
        project.evaluate(run)


@pytest.mark.timeout(180)
def test_the_core_never_needs_torch(trained: tuple[hd.Project, Run], kiln: Path) -> None:
    """Add, check, train and predict with an import of torch made impossible."""
    photo = sorted((kiln / "photos").glob("*.jpg"))[0]
    script = f"""
import sys
sys.modules["torch"] = sys.modules["transformers"] = None
from handful.doors.cli.app import main
shop = ["--project", {str(trained[0].folder)!r}, "--quiet"]
codes = [
    main(["add", {str(kiln / "pieces.csv")!r}, "--column", "labels=kind", *shop]),
    main(["check", *shop]),
    main(["train", "--labels", "kind", "--profile", "fast", "--no-baselines", *shop]),
    main(["predict", {str(photo)!r}, *shop]),
]
sys.exit(sum(codes))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "%" in done.stdout
