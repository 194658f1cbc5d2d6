"""What a tower learned is found again, by everything that decided it, and forgotten with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.learn.towers.latents import LatentCache
from handful.learn.towers.latents import fits as room
from handful.learn.towers.latents.fits import Fits

STATE: dict[str, NDArray[Any]] = {
    "words": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "reach": np.array(0.5, np.float32),
}


def test_a_state_comes_back_to_the_bit(tmp_path: Path) -> None:
    fits = Fits(tmp_path / "fits")
    mark = fits.mark("tower", ["a", "b"], 0)
    assert not fits.holds(mark)
    assert fits.read(mark) is None
    fits.write(mark, STATE, ["a", "b"])
    assert fits.holds(mark)
    found = fits.read(mark)
    assert found is not None
    assert found.keys() == STATE.keys()
    for name, array in STATE.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == np.float32


def test_tower_files_their_order_and_seed_decide_the_mark() -> None:
    marks = {
        Fits.mark("tower", ["a", "b"], 0),
        Fits.mark("another", ["a", "b"], 0),
        Fits.mark("tower", ["b", "a"], 0),
        Fits.mark("tower", ["a"], 0),
        Fits.mark("tower", ["a", "b"], 1),
    }
    assert len(marks) == 5
    assert Fits.mark("tower", ["a", "b"], 0) in marks


def test_a_damaged_fit_is_as_good_as_none(tmp_path: Path) -> None:
    fits = Fits(tmp_path)
    fits.write("ab", STATE, ["a"])
    (tmp_path / "ab.safetensors").write_bytes(b"half of")
    assert fits.read("ab") is None


def test_forgetting_a_file_forgets_what_was_learned_from_it(tmp_path: Path) -> None:
    cache = LatentCache(tmp_path)
    cache.fits.write("aa", STATE, ["kept", "gone"])
    cache.fits.write("bb", STATE, ["kept"])
    (cache.fits.folder / "cc.safetensors").write_bytes(b"who knows from what")
    cache.forget(["gone"])
    assert [path.stem for path in cache.fits.folder.iterdir()] == ["bb"]
    assert cache.entries() == []


def test_the_oldest_give_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_KEPT", 2)
    fits = Fits(tmp_path)
    for age, mark in enumerate(("aa", "bb", "cc")):
        fits.write(mark, STATE, ["x"])
        os.utime(tmp_path / f"{mark}.safetensors", (1000 + age, 1000 + age))
    fits.write("dd", STATE, ["x"])
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["cc", "dd"]
