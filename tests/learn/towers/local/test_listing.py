"""Model folders are found below a place, usable or not, and the reason is a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from handful.foundation.errors import InputError
from handful.learn.towers.local.listing import list_folders
from handful.learn.towers.local.timing import folder_speed, tower_speed
from tiny import models


def test_every_folder_is_listed_once_with_what_it_reads(shelf: Path) -> None:
    found = {each.name: each for each in list_folders([shelf, shelf / "clip", shelf])}
    assert set(found) == {*(path.name for path in shelf.iterdir())}
    clip = found["clip"]
    assert clip.widths == {"text": 20, "image": 20}
    assert clip.layers == {"text": 3, "image": 3}
    assert clip.licence == "mit"
    assert clip.size_bytes == sum(path.stat().st_size for path in clip.path.rglob("*"))
    assert clip.is_usable
    assert found["whisper"].licence == ""
    assert found["routed"].widths == {"text": 10, "image": 10}
    assert "no family that is known" in found["bert"].why_not
    assert clip.as_dict()["usable"]


def test_what_only_looks_like_a_model_says_why_it_is_none(shelf: Path, tmp_path: Path) -> None:
    folder = models.copy_of(shelf / "clip", tmp_path / "deep" / "er" / "clip")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "model.safetensors").write_bytes(b"x")
    (tmp_path / ".hidden" / "clip").mkdir(parents=True)
    (tmp_path / "photos").mkdir()
    found = {each.name: each for each in list_folders([tmp_path])}
    assert set(found) == {"deep/er/clip", "bare"}
    assert "pickle" in found["deep/er/clip"].why_not
    assert "neither config.json nor modules.json" in found["bare"].why_not


def test_a_place_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        list_folders([tmp_path / "none"])
    assert list_folders([tmp_path]) == []


def test_speed_is_measured_per_modality(shelf: Path) -> None:
    from handful.learn.towers.classical.profiles import make_tower

    (clip,) = list_folders([shelf / "clip"])
    speed = folder_speed(clip)
    assert set(speed) == {"text", "image"}
    assert all(each > 1 for each in speed.values())
    assert tower_speed(make_tower("text", ["words"])) > 1


def test_looking_at_folders_loads_no_network_library(shelf: Path) -> None:
    script = (
        "import sys; from pathlib import Path; "
        "from handful.learn.towers.local.listing import list_folders; "
        f"found = list_folders([Path({str(shelf)!r})]); assert len(found) == 9; "
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'sklearn'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
