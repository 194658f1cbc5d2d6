"""The latent cache: computed once, the same numbers ever after."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError
from handful.learn.towers.base import Kernel, Tower, Views
from handful.learn.towers.latents import LatentCache


class Named:
    """An encoder by name."""

    def __init__(self, name: str = "mfcc") -> None:
        self.name = name

    def fingerprint(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()


class Counting:
    """Computes rows from the keys, and remembers what it was asked."""

    def __init__(self, keys: Sequence[str], width: int = 5) -> None:
        self.keys = keys
        self.width = width
        self.asked: list[list[int]] = []

    def __call__(self, places: Sequence[int]) -> NDArray[np.float64]:
        self.asked.append(list(places))
        return np.array([row_of(self.keys[place], self.width) for place in places])


def row_of(key: str, width: int = 5) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(width)


def expected(keys: Sequence[str], width: int = 5) -> NDArray[np.float32]:
    found = np.array([row_of(key, width) for key in keys], dtype=np.float32)
    return found.astype(np.float16).astype(np.float32)


class Toy(Tower[str]):
    """A tower of two views over texts."""

    modality = "text"

    def __init__(self, views: Sequence[str] = ("short", "long")) -> None:
        self.views = views
        self.asked: list[tuple[list[str], list[str]]] = []

    def fit(self, values: Sequence[str], *, seed: int) -> None:
        raise AssertionError("a cache never fits")

    def encode(self, values: Sequence[str], *, only: Collection[str] | None = None) -> Views:
        wanted = [view for view in self.views if only is None or view in only]
        self.asked.append((list(values), wanted))
        return {
            view: np.array([row_of(value + view, len(view)) for value in values], np.float32)
            for view in wanted
        }

    def fingerprints(self) -> dict[str, str]:
        return {view: hashlib.sha256(view.encode()).hexdigest() for view in self.views}

    def kernels(self) -> dict[str, Kernel]:
        return dict.fromkeys(self.views, "rbf")

    def state(self) -> dict[str, NDArray[Any]]:
        return {}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        raise AssertionError("a cache never loads")


KEYS = ["a", "b", "a", "c", "b", "d"]


def test_only_missing_rows_are_computed_and_copies_once(tmp_path: Path) -> None:
    compute = Counting(KEYS)
    first = LatentCache(tmp_path).fetch(KEYS, Named(), compute, batch=3)
    assert compute.asked == [[0, 1, 3], [5]]
    assert first.dtype == np.float32
    assert np.array_equal(first, expected(KEYS))
    again = LatentCache(tmp_path).fetch(KEYS, Named(), compute)
    assert len(compute.asked) == 2
    assert np.array_equal(again, first)
    more = ["e", *KEYS]
    asked = Counting(more)
    assert np.array_equal(LatentCache(tmp_path).fetch(more, Named(), asked), expected(more))
    assert asked.asked == [[0]]


def test_encoders_and_variants_are_kept_apart(tmp_path: Path) -> None:
    cache = LatentCache(tmp_path)
    for name in ("mfcc", "lab"):
        for variant in ("", "mirrored"):
            asked = Counting(KEYS)
            cache.fetch(KEYS, Named(name), asked, variant=variant)
            assert asked.asked == [[0, 1, 3, 5]]
            assert cache.missing([*KEYS, "z"], Named(name), variant=variant) == [6]
    assert [(entry.name, entry.rows) for entry in cache.entries()] in (
        [("mfcc", 8), ("lab", 8)],
        [("lab", 8), ("mfcc", 8)],
    )


def test_progress_counts_what_is_made(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    cache = LatentCache(tmp_path)
    cache.fetch(
        KEYS,
        Named(),
        Counting(KEYS),
        batch=3,
        on_progress=lambda done, all_: told.append((done, all_)),
    )
    assert told == [(3, 4), (4, 4)]


def test_what_was_made_before_a_failure_is_kept(tmp_path: Path) -> None:
    good = Counting(KEYS)

    def fails(places: Sequence[int]) -> NDArray[np.float64]:
        if 5 in places:
            raise InputError("broken file")
        return good(places)

    with pytest.raises(InputError, match="broken file"):
        LatentCache(tmp_path).fetch(KEYS, Named(), fails, batch=3)
    assert LatentCache(tmp_path).missing(KEYS, Named()) == [5]


@pytest.mark.parametrize(
    ("keys", "variant"), [(["a\nb"], ""), (["a@b"], ""), ([""], ""), (["a"], "@")]
)
def test_keys_that_could_be_mistaken_are_refused(
    tmp_path: Path, keys: list[str], variant: str
) -> None:
    with pytest.raises(UsageError, match="cannot name a latent"):
        LatentCache(tmp_path).missing(keys, Named(), variant=variant)


def test_no_keys_give_no_rows(tmp_path: Path) -> None:
    assert LatentCache(tmp_path).fetch([], Named(), Counting([])).shape == (0, 0)


def test_views_of_a_tower_share_one_loading(tmp_path: Path) -> None:
    cache, tower = LatentCache(tmp_path), Toy()
    loaded: list[list[int]] = []

    def load(places: Sequence[int]) -> list[str]:
        loaded.append(list(places))
        return [KEYS[place] for place in places]

    only = cache.encode(KEYS[:2], tower, load, only=["long"])
    assert list(only) == ["long"]
    both = cache.encode(KEYS, tower, load, batch=3)
    assert loaded == [[0, 1], [0, 1, 3], [5]]
    assert tower.asked[1:] == [(["a", "b", "c"], ["short", "long"]), (["d"], ["short", "long"])]
    for view in ("short", "long"):
        right = np.array([row_of(key + view, len(view)) for key in KEYS], dtype=np.float16)
        assert np.array_equal(both[view], right)
    wider = Toy(["short", "long", "longest"])
    cache.encode(KEYS, wider, load)
    assert wider.asked == [(["a", "b", "c", "d"], ["longest"])]
    cache.encode(KEYS, wider, load)
    assert len(loaded) == 4


def test_an_unknown_view_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no view `shrt`"):
        LatentCache(tmp_path).encode(KEYS, Toy(), lambda places: [], only=["shrt"])


def test_forgetting_reaches_every_encoder(tmp_path: Path) -> None:
    cache = LatentCache(tmp_path)
    for name in ("mfcc", "lab"):
        cache.fetch(KEYS, Named(name), Counting(KEYS))
        cache.fetch(KEYS, Named(name), Counting(KEYS), variant="slow")
    assert cache.forget(["a", "unknown"]) == 4
    for name in ("mfcc", "lab"):
        assert cache.missing(KEYS, Named(name)) == [0]
    assert cache.forget(["a"]) == 0


def test_dropping_an_encoder_leaves_the_others(tmp_path: Path) -> None:
    cache = LatentCache(tmp_path)
    for name in ("mfcc", "lab"):
        cache.fetch(KEYS, Named(name), Counting(KEYS))
    cache.drop(Named("lab").fingerprint())
    assert [entry.name for entry in cache.entries()] == ["mfcc"]
    assert cache.missing(["a"], Named("lab")) == [0]
    with pytest.raises(UsageError, match="holds nothing"):
        cache.drop("cd" * 32)


def test_damage_is_found_repaired_and_made_again(tmp_path: Path) -> None:
    cache = LatentCache(tmp_path)
    cache.fetch(KEYS, Named(), Counting(KEYS))
    (path,) = tmp_path.glob("*/[!.]*.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 64
    path.write_bytes(content)
    assert cache.verify() == [path]
    assert cache.verify(repair=True) == [path]
    assert cache.verify() == []
    asked = Counting(KEYS)
    assert np.array_equal(cache.fetch(KEYS, Named(), asked), expected(KEYS))
    assert asked.asked == [[0, 1, 3, 5]]


def test_a_cache_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    cache = LatentCache(tmp_path / "cache")
    assert cache.entries() == []
    cache.fetch(KEYS, Named(), Counting(KEYS))
    for path in sorted((tmp_path / "cache").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    asked = Counting(KEYS)
    assert np.array_equal(cache.fetch(KEYS, Named(), asked), expected(KEYS))
    assert len(asked.asked) == 1


def _write_for_ever(folder: Path) -> None:
    keys = [f"k{number}" for number in range(100_000)]
    LatentCache(folder).fetch(keys, Named(), Counting(keys, 200), batch=4)


@pytest.mark.slow
def test_killed_at_any_moment_every_row_is_whole_or_missing(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    keys = [f"k{number}" for number in range(100_000)]
    inside_a_write = 0
    for turn in range(8):
        writer = spawn.Process(target=_write_for_ever, args=(tmp_path,))
        writer.start()
        before = len(list(tmp_path.glob("*/[!.]*.safetensors")))
        waited = time.monotonic() + 30
        while len(list(tmp_path.glob("*/[!.]*.safetensors"))) <= before + turn:
            assert time.monotonic() < waited
            time.sleep(0.002)
        time.sleep(0.003 * turn)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        inside_a_write += len(list(tmp_path.glob("*/.unfinished-*"))) > 0
        cache = LatentCache(tmp_path)
        missing = set(cache.missing(keys, Named()))
        there = [key for place, key in enumerate(keys) if place not in missing]
        assert len(there) > 0
        assert np.array_equal(cache.fetch(there, Named(), Counting([])), expected(there, 200))
        assert cache.verify() == []
    assert inside_a_write > 0
