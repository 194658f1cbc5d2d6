"""Small timings behind a plan: how fast this machine is, and what a few of the user's files cost.

Core time is measured, on one thread, so that other programs disturb little. The machine's speed is
kept in the project's cache; files are timed each time, six of every modality, of all sizes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.foundation.errors import InputError
from handful.foundation.hardware import (
    Speed,
    choose_threads,
    load_now,
    look,
    look_at_processor,
    probe,
)
from handful.foundation.project.atomic import write_json
from handful.learn.routes.encode import sample
from handful.learn.towers.base import Tower
from handful.learn.towers.classical.tower import ClassicalTower
from handful.learn.train import costs
from handful.learn.train.counts import REFERENCE_MOPS, Pace

_FILES = 6
_MORE_FILES = 48
"""Files to try when six are too alike to fit a tower on."""
_LOOK_S = 0.5
_SPEED_S = 0.8
_UNDISTURBED = 0.8
"""Share of its threads that a measurement must have got."""
_DENSE = 0.25
"""The cache keeps only the numbers that are not zero where at most this share is not."""


def speed_of(cache: Path) -> Speed:
    """The speed of this machine, as kept in a project's cache; measured when it is another one.

    What was measured while other programs kept the machine busy is too slow (50 instead of 80
    GFLOP/s was seen), so it is measured again each time, and the best is kept.

    Args:
        cache: The project's `cache`.
    """
    path, machine = cache / "speed.json", look(cache).fingerprint()
    kept = _kept(path, machine)
    if kept and _is_undisturbed(kept):
        return kept
    best = _better(kept, probe(cache, budget_s=_SPEED_S))
    if kept is None and not _is_undisturbed(best):
        best = _better(best, probe(cache, budget_s=_SPEED_S))
    write_json(path, {"machine": machine, "speed": best.as_dict()})
    return best


def _is_undisturbed(speed: Speed) -> bool:
    return speed.cores_obtained >= _UNDISTURBED * speed.threads


def _kept(path: Path, machine: str) -> Speed | None:
    with suppress(OSError, ValueError, KeyError, TypeError, InputError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["machine"] == machine:
            return Speed.from_dict(kept["speed"])
    return None


def _better(kept: Speed | None, found: Speed) -> Speed:
    """The higher speeds of two measurements."""
    if kept is None:
        return found
    one = max(kept.one_thread_gflops or 0.0, found.one_thread_gflops or 0.0)
    written = max(kept.disk_write_mb_per_s or 0.0, found.disk_write_mb_per_s or 0.0)
    return replace(
        found,
        one_thread_gflops=one or None,
        all_threads_gflops=max(kept.all_threads_gflops, found.all_threads_gflops),
        python_mops=max(kept.python_mops, found.python_mops),
        disk_write_mb_per_s=written or None,
    )


def pace_of(cache: Path) -> Pace:
    """How fast this machine works, with a whole core for itself.

    Args:
        cache: The project's `cache`.
    """
    speed = speed_of(cache)
    one = speed.one_thread_gflops or speed.all_threads_gflops / speed.threads
    return Pace(
        gflops=one,
        mops=speed.python_mops or REFERENCE_MOPS,
        write_mb_per_s=speed.disk_write_mb_per_s or 200.0,
        threads=choose_threads(look_at_processor(), load_now()).value,
    )


def watch() -> Callable[[], float]:
    """Begin to watch which part of a core this process gets.

    Returns:
        Tells the part since then, 0.05 to 1; 1 where the system says that a core is idle.
    """
    wall_s, cpu_s = time.perf_counter(), time.process_time()

    def share() -> float:
        load = load_now()
        if load is not None and load + 1 <= look_at_processor().usable_cores:
            return 1.0
        while time.perf_counter() - wall_s < _LOOK_S:
            sum(range(1000))
        got = (time.process_time() - cpu_s) / (time.perf_counter() - wall_s)
        return float(min(max(got, 0.05), 1.0))

    return share


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """What a few files of one modality cost.

    Attributes:
        tower: Fitted on these files.
        values: The decoded files.
        read_s: Core seconds to read one.
        value_bytes: Memory that one takes when decoded.
        fit_s: Block to core seconds per file of fitting it.
        is_final: Whether the fit is the very one that the training will make.
    """

    tower: ClassicalTower[Any]
    values: list[Any]
    read_s: float
    value_bytes: float
    fit_s: Mapping[str, float]
    is_final: bool

    def encode_s(self, blocks: Sequence[str]) -> float:
        """Core seconds to encode one file by some blocks."""
        if not blocks:
            return 0.0
        few = self.values[:_FILES]
        with threadpool_limits(1):
            self.tower.encode(few[:1], only=blocks)
            start = time.process_time()
            self.tower.encode(few, only=blocks)
            return (time.process_time() - start) / len(few)

    def widths(self, blocks: Sequence[str]) -> dict[str, int]:
        """Block to numbers per item."""
        found = self.tower.encode(self.values[:1], only=blocks)
        return {name: found[name].shape[1] for name in blocks}

    def cached_bytes(self, blocks: Sequence[str]) -> float:
        """What one item takes in the cache."""
        if not blocks:
            return 0.0
        found = self.tower.encode(self.values[:_FILES], only=blocks)
        return sum(_row_bytes(found[name]) for name in blocks)


def time_files(
    library: Library,
    items: Sequence[Item],
    modality: str,
    towers: Sequence[Tower[Any]],
    seed: int,
) -> list[Timed]:
    """Read a few files of one modality, and fit towers on them, ready to encode.

    Texts are so quick that all the texts the training would fit on are read and fitted.

    Args:
        library: Where the items are.
        items: Those that have the modality, two or more.
        modality: Which.
        towers: Those that are looked at, not fitted yet.
        seed: As in the training.

    Returns:
        What the files cost with each tower.

    Raises:
        InputError: When the files cannot be read, or are too few or too alike to fit the towers.
    """
    if modality == "text":
        every = [items[row] for row in sample(len(items), seed)]
        return _timed(library, every, modality, towers, seed)
    try:
        return _timed(library, _spread(items, modality, _FILES), modality, towers, seed)
    except InputError:
        more = _spread(items, modality, _MORE_FILES)
        return _timed(library, more, modality, towers, seed)


def read_few(
    library: Library, items: Sequence[Item], modality: str, count: int
) -> tuple[list[Any], float]:
    """Read a few files of all sizes.

    Args:
        library: Where the items are.
        items: Those that have the modality.
        modality: Which.
        count: How many are wanted.

    Returns:
        Their values, and core seconds to read one.

    Raises:
        InputError: When none can be read.
    """
    return _read(library, _spread(items, modality, count), modality)


def _timed(
    library: Library,
    items: Sequence[Item],
    modality: str,
    towers: Sequence[Tower[Any]],
    seed: int,
) -> list[Timed]:
    values, read_s = _read(library, items, modality)
    found = []
    for tower in towers:
        assert isinstance(tower, ClassicalTower)
        found.append(
            Timed(
                tower=tower,
                values=values,
                read_s=read_s,
                value_bytes=sum(map(_bytes, values)) / len(values),
                fit_s=_fit(tower, values, seed),
                is_final=modality == "text",
            )
        )
    return found


def _spread(items: Sequence[Item], modality: str, count: int) -> list[Item]:
    """Some items whose files are of all sizes."""
    by_size = sorted(items, key=lambda item: (item.parts[modality].size, item.id))
    if len(items) <= count:
        return by_size
    places = ((np.arange(count) + 0.5) * len(items) / count).astype(int)
    return [by_size[place] for place in places]


def _read(library: Library, items: Sequence[Item], modality: str) -> tuple[list[Any], float]:
    """Values of files that are still there, and core seconds per file."""
    with suppress(InputError):
        library.read_part(items[0], modality)  # what reading loads at first does not count
    values: list[Any] = []
    start = time.process_time()
    for item in items:
        with suppress(InputError):
            values.append(library.read_part(item, modality))
    took = time.process_time() - start
    if not values:
        raise InputError(
            f"None of {len(items)} files with {modality} can still be read.",
            "check that the folders are where they were when you added them",
        )
    return values, took / len(values)


def _fit(tower: ClassicalTower[Any], values: Sequence[Any], seed: int) -> dict[str, float]:
    found = {}
    with threadpool_limits(1):
        for name, block in tower.blocks.items():
            if costs.fit(name, 1) is None:
                with suppress(InputError):
                    block.fit(values[:1], seed=seed)
            start = time.process_time()
            block.fit(values, seed=seed)
            found[name] = (time.process_time() - start) / len(values)
    return found


def _bytes(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    samples = getattr(value, "samples", None)
    return samples.nbytes if samples is not None else 200


def _row_bytes(rows: NDArray[np.float32]) -> float:
    """As the cache keeps a row: every number in two bytes, or those that are not zero in four."""
    filled = float((rows != 0).mean())
    share = 2.0 * filled if filled <= _DENSE else 1.0
    return 2.0 * rows.shape[1] * share + 80
