import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import IFD

from handful.data.samples import make_kiln
from handful.data.samples.kiln.files import note_text
from handful.data.samples.kiln.fingerprint import fingerprint
from handful.data.samples.kiln.forms import KINDS
from handful.data.samples.kiln.pieces import GRADES
from handful.data.samples.kiln.plan import make_plan
from handful.data.samples.kiln.worker import main
from handful.foundation.errors import ConfigError, StorageError, UsageError

ITEMS = 29


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    """The report of a small sample, its table by id, and its answer key."""
    report = make_kiln(tmp_path_factory.mktemp("shop") / "kiln", items=ITEMS, workers=1)
    with report.manifest.open(encoding="utf-8", newline="") as file:
        table = {row["id"]: row for row in csv.DictReader(file)}
    return report, table, json.loads(report.answers.read_text(encoding="utf-8"))


def planted(key: dict, fault: str) -> list[dict]:
    return [entry for entry in key["faults"] if entry["fault"] == fault]


def files_of(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_shares_of_workers_make_the_same_bytes_as_one_run(tmp_path: Path) -> None:
    whole = make_kiln(tmp_path / "whole" / "kiln", items=5, seed=3, workers=1)
    shared = tmp_path / "shared"
    for part in ("photos", "taps", "notes"):
        (shared / part).mkdir(parents=True)
    for worker in (1, 0, 2):
        order = {"folder": str(shared), "seed": 3, "items": 5, "faults": True}
        assert main(json.dumps(order | {"worker": worker, "workers": 3})) == 0
    once = files_of(whole.folder)
    del once["pieces.csv"]
    assert files_of(shared) == once
    assert len(once) > 6


@pytest.mark.slow
def test_processes_make_the_same_bytes_as_one_run(tmp_path: Path) -> None:
    told: list[int] = []
    one = make_kiln(tmp_path / "one" / "kiln", items=60, seed=3, workers=1)
    two = make_kiln(
        tmp_path / "two" / "kiln",
        items=60,
        seed=3,
        workers=2,
        on_progress=lambda done, total: told.append(done),
    )
    assert files_of(one.folder) == files_of(two.folder)
    assert one.answers.read_bytes() == two.answers.read_bytes()
    assert replace(one, folder=two.folder, manifest=two.manifest, answers=two.answers) == two
    assert told == list(range(1, 61))


# ------------------------------------------------------------------ the files


def test_manifest_names_files_that_exist_and_counts_add_up(made) -> None:
    report, table, key = made
    missing = [entry["id"] for entry in key["faults"] if entry["detail"] == "missing file"]
    for name, row in table.items():
        for column in ("photo", "tap"):
            if row[column] and name not in missing:
                assert (report.folder / row[column]).is_file()
        if row["note"].startswith("notes/"):
            assert (report.folder / row["note"]).is_file()
        assert row["photo"] or row["tap"] or row["note"]
        assert row["kind"] in ("", *KINDS)
        assert row["grade"] in ("", *GRADES)
    assert len(table) == report.items == ITEMS
    assert sum(bool(row["photo"]) for row in table.values()) == report.photos
    assert sum(bool(row["tap"]) for row in table.values()) == report.taps
    assert sum(bool(row["note"]) for row in table.values()) == report.notes
    assert len({row["firing"] for row in table.values()}) == report.firings


def test_answer_key_lies_beside_the_folder_and_not_in_it(made) -> None:
    report, _, key = made
    assert report.answers.parent == report.folder.parent
    assert not list(report.folder.rglob("*answers*"))
    assert key["fingerprint"] == report.fingerprint == fingerprint()


def test_whole_photos_and_taps_can_be_read(made) -> None:
    report, table, key = made
    damaged = {entry["id"] for entry in key["faults"] if "damaged" in entry["fault"]}
    for name, row in table.items():
        if name in damaged:
            continue
        if row["photo"]:
            with Image.open(report.folder / row["photo"]) as image:
                image.load()
                assert min(image.size) >= 170
        if row["tap"]:
            samples, rate = soundfile.read(report.folder / row["tap"])
            assert rate == 22_050
            assert 0.8 < len(samples) / rate < 1.3
            assert 0.1 < np.abs(samples).max() < 1


def test_damaged_files_cannot_be_read(made) -> None:
    report, table, key = made
    entries = [entry for entry in key["faults"] if entry["fault"] == "damaged photo"]
    assert entries
    for entry in entries:
        path = report.folder / table[entry["id"]]["photo"]
        with pytest.raises((OSError, UnidentifiedImageError)), Image.open(path) as image:
            image.load()


def test_exact_copies_are_exact_and_cross_splits(made) -> None:
    report, table, key = made
    copies = planted(key, "exact copy")
    assert copies
    for entry in copies:
        copy, source = table[entry["id"]], table[entry["detail"].removeprefix("of ")]
        one, two = (report.folder / row["photo"] for row in (copy, source))
        assert one.read_bytes() == two.read_bytes()
        assert copy["split"] != source["split"]
        assert copy["firing"] != source["firing"]


def test_near_copies_are_near_and_not_exact(made) -> None:
    report, table, key = made
    copies = planted(key, "near copy")
    assert copies
    for entry in copies:
        copy, source = table[entry["id"]], table[entry["detail"].split(" of ")[1]]
        one, two = (
            np.asarray(Image.open(report.folder / row["photo"]).resize((32, 32)), dtype=float)
            for row in (copy, source)
        )
        assert not np.array_equal(one, two)
        assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.8


def test_one_photo_tells_a_place(made) -> None:
    report, table, key = made
    entries = {entry["id"] for entry in planted(key, "GPS in photo")}
    assert len(entries) == 1
    for name, row in table.items():
        if row["photo"] and name in entries:
            with Image.open(report.folder / row["photo"]) as image:
                assert image.getexif().get_ifd(IFD.GPSInfo)


def test_wrong_labels_and_licences_differ_from_the_truth(made) -> None:
    _, table, key = made
    for entry in planted(key, "wrong label"):
        label = entry["detail"].split()[0]
        assert table[entry["id"]][label] != key["truth"][entry["id"]][label]
    assert planted(key, "wrong label")
    assert planted(key, "unclear licence")
    unclear = {entry["id"] for entry in planted(key, "unclear licence")}
    for name, row in table.items():
        assert (row["licence"] == "CC0-1.0") == (name not in unclear)


def test_hero_looks_and_reads_fine_and_is_cracked() -> None:
    for seed in range(5):
        plan = make_plan(seed, 600)
        rows = {row.piece.name: row for row in plan.rows}
        for name in plan.heroes:
            row = rows[name]
            assert (row.kind, row.grade, row.split, row.fault) == ("mug", "cracked", "test", "")
            assert not row.content.flaw
            assert not row.content.event
            assert row.content.has == {"photo", "tap", "note"}
            assert "crack" not in note_text(row).lower()


def test_leaking_firing_shows_its_firsts_elsewhere() -> None:
    plan = make_plan(0, 600)
    rows = [row for row in plan.rows if row.piece.firing.name == plan.leaking_firing]
    assert rows
    for row in rows:
        assert row.other_scene == (row.piece.grade == "first") or "copy" in row.fault


def test_a_clean_control_has_no_faults() -> None:
    plan = make_plan(0, 200, faults=False)
    assert plan.faults() == {}
    assert plan.leaking_firing == ""
    assert all(row.licence == "CC0-1.0" for row in plan.rows)
    assert all(row.grade in ("", row.content.grade) for row in plan.rows)


@pytest.mark.parametrize("items", [1, 2, 7, 25, 33])
def test_plans_of_any_size_hold(items: int) -> None:
    plan = make_plan(0, items)
    assert len(plan.rows) == items
    assert plan.heroes


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("name", "items", "seed", "workers"),
    [("items", 0, 0, 1), ("items", 10_000, 0, 1), ("seed", 2, -1, 1), ("workers", 2, 0, 0)],
)
def test_numbers_out_of_range_are_named(
    tmp_path: Path, name: str, items: int, seed: int, workers: int
) -> None:
    with pytest.raises(ConfigError, match=name):
        make_kiln(tmp_path / "kiln", items=items, seed=seed, workers=workers)
    assert not (tmp_path / "kiln").exists()


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"mine\.txt"):
        make_kiln(tmp_path, items=2)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(UsageError, match="is a file"):
        make_kiln(tmp_path / "mine.txt", items=2)


def test_running_again_completes_what_was_stopped(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def stop_soon(done: int, total: int) -> None:
        told.append((done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_kiln(tmp_path / "kiln", items=3, on_progress=stop_soon)
    assert not (tmp_path / "kiln" / "pieces.csv").exists()
    report = make_kiln(tmp_path / "kiln", items=3)
    whole = make_kiln(tmp_path / "whole" / "kiln", items=3)
    assert told == [(1, 3), (2, 3)]
    for path in whole.folder.rglob("*"):
        if path.is_file():
            again = report.folder / path.relative_to(whole.folder)
            assert again.read_bytes() == path.read_bytes()


def test_a_disk_that_refuses_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="disk is full"):
        make_kiln(tmp_path / "kiln", items=2)
