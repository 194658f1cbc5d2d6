"""A run holds what was predicted beside what it took, and the commands tell both."""

import json

import numpy as np
import pytest
import soundfile as sf

import handful as hd
from handful.doors.cli.app import main
from handful.learn.train.plan import Plan


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> hd.Project:
    """Sixty pieces with words, most of them with a sound."""
    folder, rng = tmp_path_factory.mktemp("shop"), np.random.default_rng(1)
    lines = ["id,note,tap,kind"]
    for number in range(60):
        tap = f"{number}.wav" if number % 4 else ""
        if tap:
            fading = np.exp(-np.arange(4000) / (300 if number % 2 else 900))
            sf.write(folder / tap, 0.3 * rng.standard_normal(4000) * fading, 8000)
        words = "blue bowl" if number % 2 else "tall vase"
        lines.append(f"{number},{words} number {number},{tap},{words.split()[1]}")
    (folder / "pieces.csv").write_text("\n".join(lines))
    project = hd.project(folder / "project")
    columns = {"text": ["note"], "audio": "tap", "labels": ["kind"]}
    project.add(folder / "pieces.csv", columns=columns)
    return project


@pytest.mark.timeout(180)
def test_a_run_holds_predicted_and_actual_costs(
    shop: hd.Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop.folder)
    words = ["--labels", "kind", "--budget", "1h", "--profile", "fast", "--no-baselines"]
    assert main(["plan", *words, "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["plan"]["fits"] is True
    assert {row["what"] for row in planned["tables"]["totals"]} >= {"time", "memory", "money"}
    assert main(["train", *words]) == 0
    said = capsys.readouterr()
    assert "Predicted: " in said.err
    assert "with what was predicted in brackets" in said.out
    run = shop.run()
    predicted, cost = run.manifest["predicted"], run.manifest["cost"]
    for name in ("wall_s", "cpu_s", "peak_memory_bytes", "energy_j", "money"):
        assert predicted[name] > 0
        assert cost[name] > 0
    assert [stage["part"] for stage in predicted["stages"]][-1] == "save"
    assert set(run.manifest["stages_cpu_s"]) == {"encode", "align", "adapt", "decide", "save"}
    assert Plan.from_dict(predicted).as_dict() == predicted
    written = sum(path.stat().st_size for path in run.folder.rglob("*") if path.is_file())
    # The rows of kernels are counted; a rung that needs none, as may be chosen here, keeps none.
    assert 0.5 * predicted["run_bytes"] < written < 1.3 * predicted["run_bytes"]
    latents = shop.cache / "latents"
    kept = sum(path.stat().st_size for path in latents.rglob("*.safetensors"))
    assert predicted["cache_bytes"] == pytest.approx(kept, rel=0.3)


@pytest.mark.timeout(180)
def test_a_budget_that_nothing_fits_ends_a_plan_with_a_finding(
    shop: hd.Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop.folder)
    assert main(["plan", "--labels", "kind", "--budget", "0.001s"]) == 1
    err = capsys.readouterr().err
    assert "Nothing fits a budget" in err
    assert "larger budget" in err
    assert main(["train", "--labels", "kind", "--budget", "0.001s"]) == 2
    assert "the smallest budget that works: --budget" in capsys.readouterr().err
