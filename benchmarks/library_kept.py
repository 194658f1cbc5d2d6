"""Rows about going back: undo, clearing the history away, and writers that are killed."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from common import Row
from handful.data.library.library import Library
from library_files import RUNS, seconds

ROOT = Path(__file__).resolve().parents[1]
SEED = 0
UNDO_S = 1.0
"""At most, for a change of 10,000 items."""


def regroup(library: Library, group: str) -> None:
    """Change every item, in one version."""
    with library.writing("regroup") as writer:
        writer.commit(changed=[replace(item, group=group) for item in library.items()])


def undoing(library: Library, count: int) -> list[Row]:
    """Rows for undoing a change of every item."""
    before = library.digest()
    times, same, written = [], 0, 0
    for turn in range(RUNS):
        regroup(library, f"group {turn}")
        changed, held = library.digest(), data_bytes(library)
        times.append(seconds(library.undo))
        written += data_bytes(library) - held
        same += changed != before and Library.open(library.folder)._hash() == before
    return [
        Row(
            name=f"undo of a change of {count:,} items",
            value=min(times),
            unit="s",
            at_most=UNDO_S * max(1.0, count / 1e4),
            note="counting and hashing every row anew included",
        ),
        Row(
            name="undo: digest is that of the state before",
            value=100 * same / RUNS,
            unit="%",
            at_least=100,
        ),
        Row(name="undo: data written", value=written, unit="bytes", at_most=0),
    ]


def data_bytes(library: Library) -> int:
    """What the rows of all versions take on disk."""
    return sum(path.stat().st_size for path in library.folder.rglob("data/*.lance"))


def trimming(library: Library) -> list[Row]:
    """Rows for clearing the history away; told and freed must agree."""
    cost = library.history_cost()
    held = disk_bytes(library)
    took = seconds(lambda: library.trim(keep=1))
    return [
        Row(name="trim", value=took, unit="s", note=f"{len(cost.versions)} versions"),
        Row(
            name="trim: freed, as was told before",
            value=100 * (held - disk_bytes(library)) / cost.bytes,
            unit="%",
            at_least=100,
            at_most=100,
            note=f"{cost.bytes / 1e6:.1f} MB",
        ),
    ]


def disk_bytes(library: Library) -> int:
    """Tables and media, without the history file, which grows by a line."""
    folders = ("items.lance", "labels.lance", "media")
    files = [path for name in folders for path in (library.folder / name).rglob("*")]
    return sum(path.stat().st_size for path in files if path.is_file())


def killing_module() -> ModuleType:
    """The tests' own way to kill writers and to look at what is left."""
    path = ROOT / "tests" / "data" / "library" / "killing.py"
    spec = importlib.util.spec_from_file_location("killing", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kills(folder: Path, count: int) -> list[Row]:
    """Rows for writers that are killed; the first loss ends the killing and is a MISS."""
    module = killing_module()
    with module.killing() as kill:
        watched = module.Watched(folder, kill)
        lost, what = 0, ""
        try:
            module.kill_many(watched, count, SEED)
        except AssertionError as error:
            lost, what = 1, f"then no more were killed; {error}"
    inside, killed = watched.inside.total(), watched.kills.total()
    by_act = ", ".join(f"{act} {watched.inside[act]}" for act in module.ACTS)
    return [
        Row(
            name="kills that lost something",
            value=lost,
            unit=f"of {killed}",
            at_most=0,
            note=what,
        ),
        Row(
            name="kills inside a change",
            value=inside,
            unit=f"of {killed}",
            at_least=0.6 * count,
            note=by_act,
        ),
    ]
