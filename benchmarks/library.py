"""What a library costs to go back in, to look at again, and to be killed in.

    python benchmarks/library.py                  10,000 items, 300 kills; some minutes
    python benchmarks/library.py --items 100000   the same with more items
    python benchmarks/library.py --kills 30       a quick look

Undo: all items are put into another group in one change, which is undone; the row digest must be
that of the state before, and no data file may be written. Re-scan: the items are small text files
in a folder, which is added twice; the second time nothing changed, and each file is looked at, not
read. Kills: writers are killed with signal 9 while they add, change, label, undo, tag, untag and
trim, three of four just before one touch of the disk, which is inside the change for certain, the
others at random; after each one everything that was acknowledged must be there to the byte. The
checks are those of the tests (`tests/data/library/killing.py`). Times are wall seconds, best of
three, because waiting for the disk counts.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

os.environ.setdefault("OMP_NUM_THREADS", "1")

from common import Row, report
from handful.data.library.ingest import ingest
from handful.data.library.library import Library

ROOT = Path(__file__).resolve().parents[1]
RUNS = 3
SEED = 0
UNDO_S = 1.0
"""At most, for a change of 10,000 items."""
RESCAN_S = 1.0
"""At most, for every 10,000 files."""


def seconds(act: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def write_notes(folder: Path, count: int) -> None:
    """Small text files, a hundred to a folder."""
    for place in range(count):
        path = folder / f"{place // 100:04}" / f"{place:06}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"the note number {place}, of a cup that is blue or green", "utf-8")


def regroup(library: Library, group: str) -> None:
    """Change every item, in one version."""
    with library.writing("regroup") as writer:
        writer.commit(changed=[replace(item, group=group) for item in library.items()])


def scanning(library: Library, source: Path, count: int) -> list[Row]:
    """Rows for adding a folder, and for adding it again."""
    first = seconds(lambda: ingest(library, source))
    reports = []
    again = [seconds(lambda: reports.append(ingest(library, source))) for _ in range(RUNS)]
    assert all(each.items_unchanged == count and not each.items_changed for each in reports)
    every = f"every 10,000 of {count:,} files"
    return [
        Row(name="first add", value=first * 1e4 / count, unit="s", note=every),
        Row(
            name="re-scan of unchanged files",
            value=min(again) * 1e4 / count,
            unit="s",
            at_most=RESCAN_S,
            note=every,
        ),
    ]


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


def main() -> None:
    """Measure, print, and write the dated result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_notes(folder / "notes", options.items)
        library = Library.create(folder / "library")
        rows = scanning(library, folder / "notes", options.items)
        rows += undoing(library, options.items)
        rows += trimming(library)
        rows += kills(folder / "killed", options.kills)
    report(
        "library",
        rows,
        note=f"wall seconds, best of {RUNS}; load {os.getloadavg()[0]:.1f} at the end",
        seeds=[SEED],
    )


if __name__ == "__main__":
    main()
