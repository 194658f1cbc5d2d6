"""What `handful add` says of files that it knows: renamed, vanished, contradicting each other."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import handful as hd
from handful.doors.cli.app import main


@pytest.fixture
def pots(tmp_path: Path) -> Path:
    """Six pots in two folders, each a photo and a note."""
    for place in range(6):
        path = tmp_path / "pots" / ("cup" if place < 3 else "jug") / f"p{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(place).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        path.with_suffix(".txt").write_text(f"pot {place}")
    return tmp_path / "pots"


@pytest.fixture
def shop(tmp_path: Path) -> hd.Project:
    return hd.project(tmp_path / "shop")


@pytest.fixture
def add(shop: hd.Project, capsys: pytest.CaptureFixture[str]):
    def run(source: Path, *words: str) -> str:
        capsys.readouterr()
        assert main(["add", str(source), *words, "--project", str(shop.folder)]) == 0
        out, err = capsys.readouterr()
        return out + " ".join(err.split())

    return run


def labels(shop: hd.Project) -> dict[str, tuple[str, str | None]]:
    return {item.key: (item.id, item.label("kind")) for item in shop.items.items()}


def rename(folder: Path, before: str, now: str) -> None:
    for end in (".png", ".txt"):
        (folder / f"{before}{end}").rename(folder / f"{now}{end}")


def test_a_rename_with_an_edited_note_a_renamed_folder_and_a_moved_source(shop, pots, add) -> None:
    add(pots, "--folder-labels", "kind")
    shop.label("cup/p0", "mug", task="kind")
    before = labels(shop)
    rename(pots, "cup/p0", "cup/best")
    (pots / "cup" / "best.txt").write_text("edited words")
    said = add(pots, "--folder-labels", "kind")
    assert "0 items added, 1 changed, 0 labels." in said
    assert "1 item known again under another name" in said
    assert "with the labels they had: cup/p0 is cup/best." in said
    assert labels(shop)["cup/best"] == before["cup/p0"]
    (pots / "jug").rename(pots / "jugs")
    said = add(pots, "--folder-labels", "kind")
    assert "3 items known again" in said
    assert labels(shop)["jugs/p4"] == (before["jug/p4"][0], "jugs")
    moved = pots.rename(pots.with_name("pottery"))
    said = add(moved)
    assert "0 items added, 6 changed, 0 labels." in said
    assert f"{pots}/cup/best is {moved}/cup/best" in said
    assert labels(shop)["cup/best"] == before["cup/p0"]
    assert {each[0] for each in labels(shop).values()} == {each[0] for each in before.values()}


def test_of_two_identical_files_the_renamed_one_keeps_its_own_label(shop, pots, add) -> None:
    for end in (".png", ".txt"):
        shutil.copy2(pots / "cup" / f"p0{end}", pots / "jug" / f"twin{end}")
    said = add(pots, "--folder-labels", "kind")
    assert (
        'warning: "cup/p0" has the label kind cup, while the same content is jug in "jug/twin".'
        in said
    )
    before = labels(shop)
    rename(pots, "jug/twin", "jug/other")
    said = add(pots, "--folder-labels", "kind")
    assert "jug/twin is jug/other" in said
    assert labels(shop)["jug/other"] == before["jug/twin"]
    assert labels(shop)["cup/p0"] == before["cup/p0"]


def test_vanished_files_are_named_left_out_and_back_when_they_are(shop, pots, add, capsys) -> None:
    add(pots, "--folder-labels", "kind")
    before = labels(shop)
    shutil.move(pots / "cup", pots.parent / "away")
    said = add(pots, "--folder-labels", "kind")
    assert "The files of 3 items are gone: cup/p0, cup/p1, cup/p2." in said
    assert "left out until the files come back" in said
    assert len(labels(shop)) == 3
    assert len(shop.items) == 6
    assert main(["check", "damaged_media", "--project", str(shop.folder)]) == 0
    out = capsys.readouterr().out
    assert "6 files in quarantine: file/gone" in out
    assert "3 items cannot be used at all" in out
    shutil.move(pots.parent / "away", pots / "cup")
    said = add(pots, "--folder-labels", "kind")
    assert "gone" not in said
    assert labels(shop) == before


def test_conflicts_of_terms_are_told_by_add_and_by_check(shop, pots, add, capsys) -> None:
    add(pots, "--licence", "MIT")
    copies = pots.parent / "copies"
    copies.mkdir()
    shutil.copy(pots / "cup" / "p1.png", copies / "another name.png")
    said = add(copies, "--licence", "CC-BY-4.0")
    told = '"cup/p1" has the licence MIT, while the same content is CC-BY-4.0 in "another name".'
    assert told in said
    assert len(labels(shop)) == 7
    main(["check", "exact_duplicates", "--project", str(shop.folder)])
    assert told in capsys.readouterr().out


def test_programs_get_all_of_it(shop, pots, add, capsys) -> None:
    add(pots)
    rename(pots, "cup/p0", "cup/best")
    (pots / "cup" / "p1.png").unlink()
    (pots / "cup" / "p1.txt").unlink()
    shop.forget("cup/p2")
    capsys.readouterr()
    assert main(["add", str(pots), "--project", str(shop.folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["renamed"] == [["cup/p0", "cup/best"]]
    assert document["gone"] == ["cup/p1"]
    assert document["forgotten"] == ["cup/p2.png", "cup/p2.txt"]
    assert document["conflicts"] == []
