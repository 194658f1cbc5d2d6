"""Plans are counted from the library, and training keeps to them."""

import shutil
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile as sf

import handful as hd
from handful.foundation.errors import InputError, UsageError
from handful.foundation.hardware import Speed
from handful.learn.routes import planning, probing
from handful.learn.train.counts import Pace


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test plans for the same idle machine."""
    monkeypatch.setattr(planning, "pace_of", lambda cache: Pace())
    monkeypatch.setattr(planning, "watch", lambda: lambda: 1.0)


@pytest.fixture
def shop(tmp_path: Path) -> hd.Project:
    """Forty pieces with words, a dozen of them with a sound."""
    rng = np.random.default_rng(0)
    lines = ["id,note,tap,kind"]
    for number in range(40):
        tap = ""
        if number < 12:
            tap = f"{number}.wav"
            fading = np.exp(-np.arange(4000) / (200 + 60 * number))
            sf.write(tmp_path / tap, 0.3 * rng.standard_normal(4000) * fading, 8000)
        words = "blue bowl" if number % 2 else "tall vase"
        lines.append(f"{number},{words} number {number},{tap},{words.split()[1]}")
    (tmp_path / "pieces.csv").write_text("\n".join(lines))
    project = hd.project(tmp_path / "shop")
    columns = {"text": ["note"], "audio": "tap", "labels": ["kind"]}
    project.add(tmp_path / "pieces.csv", columns=columns)
    return project


def test_a_plan_counts_what_there_is_to_do(shop: hd.Project) -> None:
    found = shop.plan("kind", budget="1h")
    notes = {stage.name: stage.note for stage in found.stages}
    assert list(notes) == ["encode text", "encode audio", "align", "ladder", "baselines", "save"]
    assert notes["encode text"] == "40 of 40 to encode"
    assert notes["encode audio"] == "12 of 12 to encode"
    assert "40 items, 12 with two modalities" in notes["align"]
    assert "40 labels of 2 classes in 40 groups, 5 held out" in notes["ladder"]
    assert found.fits
    assert found.profile == "default"
    assert "random_kernels" in found.blocks["audio"]


def test_without_labels_it_says_so(shop: hd.Project) -> None:
    found = shop.plan(budget="1h")
    assert "no labels were named" in found.why
    assert [stage.part for stage in found.stages] == ["encode", "encode", "align", "save"]


def test_after_a_run_everything_is_in_the_cache(shop: hd.Project) -> None:
    run = shop.train("kind", profile="fast", baselines=False, budget="1h")
    again = shop.plan("kind", profile="fast", baselines=False, budget="1h")
    assert all("in the cache" in s.note for s in again.stages if s.part == "encode")
    assert again.cache_bytes == 0
    assert "The last prediction here was off by" in again.past
    assert run.manifest["predicted"]["cache_bytes"] > 0


def test_blocks_that_learn_are_known_again_from_an_earlier_run(shop: hd.Project) -> None:
    first = shop.plan("", profile="default", budget="1h")
    assert first.stages[1].note == "12 of 12 to encode"
    shop.train("", profile="default", budget="1h")
    again = shop.plan("", profile="default", budget="1h")
    assert again.stages[1].note == "all 12 are in the cache"  # and what was learned from them
    assert again.stages[1].cpu_s < first.stages[1].cpu_s / 2
    shutil.rmtree(shop.cache / "latents" / "fits")
    forgotten = shop.plan("", profile="default", budget="1h")
    assert forgotten.stages[1].note == "12 of 12 to encode"


def test_quicker_towers_are_taken_when_better_ones_do_not_fit(shop: hd.Project) -> None:
    full = shop.plan("kind", budget=3600.0, baselines=False)
    fast = shop.plan("kind", budget=3600.0, baselines=False, profile="fast")
    assert fast.wall_s < full.wall_s
    between = (fast.wall_s + full.wall_s) / 2
    found = shop.plan("kind", budget=between, baselines=False)
    assert found.profile == "fast"
    assert found.fits
    assert "the default ones would take" in found.because


def test_baselines_are_left_out_last(shop: hd.Project) -> None:
    bare = shop.plan("kind", budget=3600.0, profile="fast", baselines=False)
    full = shop.plan("kind", budget=3600.0, profile="fast")
    assert full.wall_s > bare.wall_s
    tight = shop.plan("kind", budget=1.2 * bare.wall_s, profile="fast")
    assert tight.baselines == ()
    assert "The baselines are left out" in tight.because


def test_a_budget_too_small_for_anything_names_one_that_works(shop: hd.Project) -> None:
    found = shop.plan("kind", budget=0.01)
    assert not found.fits
    assert found.smallest_s >= found.wall_s
    assert any("larger budget" in line for line in found.advice)
    with pytest.raises(UsageError, match="too small for anything") as told:
        shop.train("kind", budget=0.01)
    assert "--budget" in told.value.hint
    assert not any(shop.runs.iterdir())


def test_a_budget_that_may_just_do_is_tried(shop: hd.Project) -> None:
    found = shop.plan("kind", budget=0.01)
    planning.require_possible(replace(found, budget_s=found.wall_low_s * 1.01))


@pytest.mark.parametrize(("labels", "kind"), [("knid", UsageError), ("", InputError)])
def test_an_unknown_task_and_an_empty_library_are_named(
    shop: hd.Project, tmp_path: Path, labels: str, kind: type[Exception]
) -> None:
    project = shop if labels else hd.project(tmp_path / "empty")
    with pytest.raises(kind, match=r"No item has an answer|holds no items"):
        project.plan(labels)


def test_vanished_files_are_named(shop: hd.Project, tmp_path: Path) -> None:
    for tap in tmp_path.glob("*.wav"):
        tap.unlink()
    with pytest.raises(InputError, match="can still be read"):
        shop.plan()


SPEED = Speed(
    one_thread_gflops=50.0,
    all_threads_gflops=90.0,
    threads=2,
    cores_obtained=2.0,
    memory_gb_per_s=9.0,
    disk_write_mb_per_s=300.0,
    disk_read_mb_per_s=None,
    disk_read_is_cached=True,
    python_mops=10.0,
    wall_s=1.0,
)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Speed]:
    """What measuring the speed will give, first to last; the last one stays."""
    speeds = [SPEED]

    def taken(folder: Path, *, budget_s: float) -> Speed:
        return speeds.pop(0)

    monkeypatch.setattr(probing, "probe", taken)
    return speeds


def test_the_speed_is_measured_once_per_machine(
    tmp_path: Path, measured: list[Speed], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert probing.speed_of(tmp_path) == probing.speed_of(tmp_path) == SPEED
    assert not measured
    measured.append(SPEED)
    (tmp_path / "speed.json").write_text("{")
    assert probing.speed_of(tmp_path) == SPEED
    assert not measured
    measured.append(SPEED)
    other = SimpleNamespace(fingerprint=lambda: "another machine")
    monkeypatch.setattr(probing, "look", lambda folder: other)
    probing.speed_of(tmp_path)
    assert not measured


def test_a_speed_measured_on_a_busy_machine_is_measured_again_and_the_best_kept(
    tmp_path: Path, measured: list[Speed]
) -> None:
    slow = replace(SPEED, one_thread_gflops=30.0, python_mops=12.0, cores_obtained=0.5)
    measured[:] = [slow, replace(slow, one_thread_gflops=45.0, python_mops=6.0)]
    first = probing.speed_of(tmp_path)
    assert (first.one_thread_gflops, first.python_mops) == (45.0, 12.0)
    measured[:] = [SPEED]
    second = probing.speed_of(tmp_path)
    assert (second.one_thread_gflops, second.python_mops) == (50.0, 12.0)
    assert probing.speed_of(tmp_path) == second


def test_a_busy_machine_gives_a_part_of_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "_LOOK_S", 0.02)
    monkeypatch.setattr(probing, "load_now", lambda: 0.0)
    assert probing.watch()() == 1.0
    monkeypatch.setattr(probing, "load_now", lambda: 1000.0)
    assert 0.05 <= probing.watch()() <= 1.0
    waiting = probing.watch()
    time.sleep(0.3)
    assert waiting() < 0.5


def test_labels_that_all_say_the_same_are_named(tmp_path: Path) -> None:
    rows = "\n".join(f"{number},a bowl with number {number},bowl" for number in range(9))
    (tmp_path / "bowls.csv").write_text(f"id,note,kind\n{rows}")
    project = hd.project(tmp_path / "bowls")
    project.add(tmp_path / "bowls.csv", columns={"text": ["note"], "labels": ["kind"]})
    with pytest.raises(InputError, match='say "bowl", and two different'):
        project.plan("kind")
    with pytest.raises(UsageError, match="no length of time"):
        project.plan("kind", budget="soon")
