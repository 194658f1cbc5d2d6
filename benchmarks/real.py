"""Handful's own way on five real sets with few labels, beside what one would use instead.

    python benchmarks/real.py --data DIR            somewhat over an hour on two cores
    python benchmarks/real.py --data DIR --quick    one seed, 1, 5 and all labels; nothing is kept

DIR holds `grocery`, `stamps_trimodal`, `emoji`, `esc10` and `avmnist_parts/fsdd`. Each set becomes
a project: files are extracted, a table lists them, and `Project.add` takes it in. Towers, latents
and what modalities share are learned from all training items of a part, none of them labelled;
test items take part in nothing before they are asked. Then 1 to 20 labels per class are drawn,
spread over groups as `handful train --per-class` draws them, and the ladder chooses its rung by
group-aware folds of these labels.

What differs from `handful train`: that measures by nested folds of the labelled items, because it
has no others; here items that nobody labelled are the test, so each rung learns from all labels of
a cell and answers the test part once. Also, latents are made once per part and shared by its cells.

"simple" is logistic regression on what a README would start from (colour histograms, pixels,
cepstra, letters), "X alone" the same ladder taught and asked by one modality, "ours asked by X" the
model of all modalities asked by one. Penalties of all of these are chosen by the same folds. The
small network has the first seed and 1, 5, 20 and all labels only, and may take a fifth longer than
ours, encoding included, up to 120 processor seconds; it stops earlier where held-out labels say so
or it has seen every item 200 times. Intervals are over groups of test items, all draws together.

Bars: the sets' own notes (logistic regression on simple features, all labels), and the marks of an
earlier tournament of encoders less 2 points. What is finished is kept in the scratch folder, so
the same command goes on where it was stopped, unless the code has changed since.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import handful
from common import Row, report, show
from handful.data.library.library import Library
from real_cells import COUNTS, OURS, measure
from real_kept import Cell, Kept, cells
from real_plot import draw
from real_sets import READERS, RealSet, build, read
from real_table import Table, best, factor, label

HERE = Path(__file__).resolve().parent
IMAGE = HERE.parent / "docs" / "images" / "real.svg"
SEEDS, WORKERS = 3, 2
QUICK = (1, 5, 0)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One question to one set.

    Attributes:
        set: Which set.
        modalities: What the labelled and the test items show.
        readme: Accuracy that the set's notes reached with all labels; None when they have none.
        mark: Accuracy of the earlier tournament with all labels; None when it has none.
        note: What to know about these bars.
    """

    set: str
    modalities: tuple[str, ...]
    readme: float | None = None
    mark: float | None = None
    note: str = ""


TASKS: dict[str, Task] = {
    "grocery": Task(set="grocery", modalities=("image",), readme=0.482, mark=0.765),
    "stamps": Task(
        set="stamps",
        modalities=("text", "image", "audio"),
        readme=0.774,
        mark=0.744,
        note="notes: 16 categories, official split; mark: 16 categories, unseen families; "
        "here 9 categories, unseen families",
    ),
    "emoji pictures": Task(
        set="emoji",
        modalities=("image",),
        readme=0.567,
        mark=0.801,
        note="notes and mark had relatives of test concepts to learn from; here they are left out",
    ),
    "emoji pictures + words": Task(set="emoji", modalities=("text", "image")),
    "esc10": Task(set="esc10", modalities=("audio",), readme=0.741, mark=0.922),
    "fsdd": Task(set="fsdd", modalities=("audio",), readme=0.75, mark=0.899),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--sets", nargs="+", choices=READERS, default=list(READERS))
    parser.add_argument("--quick", action="store_true", help="one seed; 1, 5 and all labels")
    scratch = Path(tempfile.gettempdir()) / "handful-real"
    parser.add_argument("--scratch", type=Path, default=scratch, help="files and finished parts")
    chosen = parser.parse_args()
    counts, seeds = (QUICK, 1) if chosen.quick else (COUNTS, SEEDS)
    sets = {name: read(name, chosen.data) for name in chosen.sets}
    folder = chosen.scratch / f"parts-{_code()}"
    started = time.monotonic()
    _run(sets, chosen.scratch, folder, counts, seeds)
    minutes = (time.monotonic() - started) / 60
    print(f"{minutes:.1f} minutes\n")
    tables = {
        name: Table.of(name, kept, task.modalities, counts, seeds)
        for name, task in TASKS.items()
        if (kept := _kept(sets.get(task.set), folder))
    }
    rows = [
        row for name, table in tables.items() for row in _rows(name, TASKS[name], table, counts)
    ]
    drawing = draw([table.panel(TASKS[name].readme) for name, table in tables.items()])
    for table in tables.values():
        print(table.text(), "\n")
    if chosen.quick or len(sets) < len(READERS):
        show(rows)
        path = chosen.scratch / "real.svg"
        path.write_text(drawing, encoding="utf-8")
        print(f"\nNot all was measured, so no result was written; the plot is in {path}")
        return
    IMAGE.write_text(drawing, encoding="utf-8")
    note = " ".join(f"{name}: {found.about}." for name, found in sets.items())
    report(
        "real",
        rows,
        note=f"accuracy on test items; labels are per class. {note}",
        seeds=list(range(seeds)),
        extra={
            "image": {"path": f"../{IMAGE.relative_to(HERE.parent)}", "alt": _alt(tables)},
            "tables": [table.markdown() for table in tables.values()],
            "cells": {name: table.compact() for name, table in tables.items()},
        },
    )


# ---------------------------------------------------------------- running


def _run(
    sets: Mapping[str, RealSet], scratch: Path, folder: Path, counts: Sequence[int], seeds: int
) -> None:
    """Measure what is missing, a part of a set per process at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = []
    for name, found in sets.items():
        tasks = {title: task.modalities for title, task in TASKS.items() if task.set == name}
        library = build(found, scratch / name).library
        for part in found.parts:
            wanted = list(cells(tasks, part, counts, seeds))
            path = _path(folder, found, part)
            jobs.append(_Job(found, library, tasks, wanted, path, scratch / "latents"))
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        for _ in pool.map(_do, jobs):
            pass


class _Job(NamedTuple):
    """One part of a set, for one process."""

    found: RealSet
    library: Path
    tasks: Mapping[str, Sequence[str]]
    wanted: Sequence[Cell]
    path: Path
    cache: Path


def _do(job: _Job) -> None:
    kept = Kept(job.path)
    measure(job.found, Library.open(job.library), job.tasks, job.wanted, kept, job.cache)


def _path(folder: Path, found: RealSet, part: str) -> Path:
    return folder / f"{found.name}-{part.replace(' ', '-')}.jsonl"


def _kept(found: RealSet | None, folder: Path) -> list[Kept]:
    return [Kept(_path(folder, found, part)) for part in found.parts] if found else []


def _code() -> str:
    """A digest of the code that decides the figures."""
    package = Path(handful.__file__).parent
    rooms = [package / name for name in ("learn", "numerics", "data/modalities")]
    files = [path for room in rooms for path in sorted(room.rglob("*.py"))]
    files += [HERE / f"real_{name}.py" for name in ("cells", "kept", "sets", "simple")]
    return sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:12]


# ---------------------------------------------------------------- telling


def _rows(name: str, task: Task, table: Table, counts: Sequence[int]) -> list[Row]:
    """Ours at each count of labels, and at all labels against the bars."""
    rows = []
    for count in counts:
        figure = table.figure(OURS, count)
        title = f"{name}, {label(count)} per class: ours"
        if figure is None:
            rows.append(Row(name=title, value=None))
            continue
        note = _note(table, count)
        row = Row(name=title, value=figure.accuracy, low=figure.low, high=figure.high, note=note)
        rows.append(row)
    ours = table.figure(OURS, 0)
    value = ours.accuracy if ours else None
    bars = {
        "logistic regression of the set's notes": task.readme,
        "the earlier mark less 2 points": task.mark and round(task.mark - 0.02, 3),
    }
    for what, bar in bars.items():
        if bar is not None:
            title = f"{name}, all: ours against {what}"
            rows.append(Row(name=title, value=value, at_least=bar, note=task.note))
    return rows


def _note(table: Table, count: int) -> str:
    """The best of each kind beside ours, and how many labels a baseline needs for as much."""
    said = []
    for kind in ("single", "baseline", "rung"):
        winner = best(table, kind, count)
        if winner:
            said.append(f"best {kind} {winner.name} {winner.accuracy:.3f}")
    times = factor(table, count)
    if times:
        said.append(f"a baseline needs {times} x the labels for as much")
    return "; ".join(said)


def _alt(tables: Mapping[str, Table]) -> str:
    return f"Accuracy over labels per class on {', '.join(tables)}: ours beside three others"


if __name__ == "__main__":
    main()
