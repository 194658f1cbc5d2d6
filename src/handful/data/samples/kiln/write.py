"""Write the whole sample: files by several workers, then the manifest, then the answer key."""

from __future__ import annotations

import csv
import io
import json
import os
import selectors
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from handful.data.samples.kiln.files import note_text, write_row
from handful.data.samples.kiln.fingerprint import GENERATOR, fingerprint
from handful.data.samples.kiln.plan import Plan, Row, make_plan
from handful.foundation.errors import HandfulError, StorageError, UsageError, require, storage

MANIFEST = "pieces.csv"

COLUMNS = (
    "id",
    "photo",
    "tap",
    "note",
    "firing",
    "fired_on",
    "potter",
    "kind",
    "grade",
    "split",
    "licence",
)

FEW = 48
"""Below this many rows, starting workers costs more than it saves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KilnReport:
    """What was written.

    Attributes:
        folder: Where the sample lies.
        manifest: The CSV with one row per piece.
        answers: The answer key, beside the folder and not in it.
        items: Rows of the manifest.
        photos: Rows that name a photo, taps and notes alike.
        taps: Rows that name a tap.
        notes: Rows with a note, in the manifest or in a file of its own.
        firings: Firing batches, the groups that a split must keep whole.
        kinds: Rows per kind, as labelled.
        grades: Rows per grade, as labelled.
        faults: Planted faults by name.
        hero: Id of the flawless-looking mug with the cracked tap.
        fingerprint: SHA-256 of the generator that made it.
    """

    folder: Path
    manifest: Path
    answers: Path
    items: int
    photos: int
    taps: int
    notes: int
    firings: int
    kinds: dict[str, int]
    grades: dict[str, int]
    faults: dict[str, int]
    hero: str
    fingerprint: str


def make_kiln(
    folder: Path,
    *,
    items: int = 600,
    seed: int = 0,
    faults: bool = True,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> KilnReport:
    """Make the pieces of a pottery workshop after firing: photos, tap sounds, notes.

    The same seed gives the same bytes, and piece `i` is the same however many there are
    (only splits, heroes and planted faults depend on the number). Running it again after
    it was stopped completes the folder.

    Args:
        folder: Where to write; made when missing. It may hold an earlier copy and nothing else.
        items: Rows of the manifest, 1 to 9,999.
        seed: Of the whole workshop, from 0.
        faults: Plant faults and write them into the answer key; without them the sample is
            a clean control.
        workers: Processes; as many as there are cores when left out.
        on_progress: Called with rows written and rows in all.

    Returns:
        Counts and paths.

    Raises:
        ConfigError: When `items`, `seed` or `workers` is out of range.
        UsageError: When the folder holds files that are not the sample's.
        StorageError: When the disk refuses.
    """
    require(1 <= items <= 9999, "items", items, "between 1 and 9999")
    require(seed >= 0, "seed", seed, "0 or more")
    require(workers is None or workers >= 1, "workers", workers, "1 or more")
    folder = Path(folder)
    plan = make_plan(seed, items, faults=faults)
    _check_folder(folder, plan)
    with storage("write", folder):
        for part in ("photos", "taps", "notes"):
            (folder / part).mkdir(parents=True, exist_ok=True)
    progress = _Progress(len(plan.rows), on_progress)
    count = workers or _cores()
    if count == 1 or len(plan.rows) < FEW:
        write_share(folder, plan.rows, progress.step)
    else:
        _share_out(folder, _order(seed, items, faults), count, progress)
    return _finish(folder, plan, seed)


def write_share(folder: Path, rows: tuple[Row, ...], on_row: Callable[[], None]) -> None:
    """Write the files of some rows, one after the other.

    Args:
        folder: The sample's folder.
        rows: Which ones.
        on_row: Called after each.
    """
    for row in rows:
        write_row(folder, row)
        on_row()


def share_of(rows: tuple[Row, ...], worker: int, workers: int) -> tuple[Row, ...]:
    """The neighbouring rows that fall to one of several workers; firings stay together."""
    bounds = [len(rows) * number // workers for number in range(workers + 1)]
    return rows[bounds[worker] : bounds[worker + 1]]


@dataclass(slots=True)
class _Progress:
    total: int
    tell: Callable[[int, int], None] | None
    done: int = 0

    def step(self) -> None:
        self.done += 1
        if self.tell:
            self.tell(self.done, self.total)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(len(os.sched_getaffinity(0)), 1)
    return os.cpu_count() or 1


def _order(seed: int, items: int, faults: bool) -> dict[str, object]:
    return {"seed": seed, "items": items, "faults": faults}


def _share_out(folder: Path, order: dict[str, object], workers: int, progress: _Progress) -> None:
    """Let several processes write, each its share.

    They are plain `python -m` runs rather than a process pool: a pool would import the
    caller's own script again, which ends badly when that has no `__main__` guard.
    """
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OMP_NUM_THREADS": "1",
    }
    running = []
    try:
        for number in range(workers):
            task = order | {"folder": str(folder.resolve()), "worker": number, "workers": workers}
            command = [sys.executable, "-m", "handful.data.samples.kiln.worker", json.dumps(task)]
            running.append(
                subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    command,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=environment,
                )
            )
        _listen(running, progress)
    finally:
        for process in running:
            if process.poll() is None:
                process.terminate()
            process.communicate()


def _listen(running: list[subprocess.Popen[bytes]], progress: _Progress) -> None:
    """Count the dots that workers write, one per row, until all have ended well."""
    with selectors.DefaultSelector() as waiting:
        for process in running:
            assert process.stdout
            waiting.register(process.stdout, selectors.EVENT_READ, process)
        while waiting.get_map():
            for key, _ in waiting.select():
                dots = os.read(key.fd, 4096)
                for _ in dots:
                    progress.step()
                if not dots:
                    waiting.unregister(key.fileobj)
                    _must_have_ended_well(key.data)


def _must_have_ended_well(process: subprocess.Popen[bytes]) -> None:
    assert process.stderr
    told = process.stderr.read().decode(errors="replace").strip()
    if process.wait() == 0:
        return
    try:
        message = json.loads(told)
    except ValueError:
        last = told.splitlines()[-1] if told else f"exit code {process.returncode}"
        raise HandfulError(
            f"A worker that wrote the sample stopped: {last}.", "run it again with `workers=1`"
        ) from None
    raise StorageError(message["what"], message["hint"])


def _check_folder(folder: Path, plan: Plan) -> None:
    """Never mix the sample with somebody's own files."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(
            f'Cannot write the sample to "{folder}": that is a file.', "name a new folder"
        )
    ours = {MANIFEST, MANIFEST + ".tmp"}
    for row in plan.rows:
        ours |= {row.photo, row.tap, row.note_file}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder).as_posix() not in ours:
            raise UsageError(
                f'Cannot write the sample to "{folder}": it already holds "{path.name}", '
                "which is not part of it.",
                "name a new or an empty folder",
            )


def _finish(folder: Path, plan: Plan, seed: int) -> KilnReport:
    """Write the manifest and the answer key, and count."""
    notes = {row.piece.name: note_text(row) for row in plan.rows}
    manifest = folder / MANIFEST
    key = folder.resolve().with_name(folder.resolve().name + "-answers.json")
    mark = fingerprint()
    answers = json.dumps(_answers(plan, seed, mark), ensure_ascii=False, indent=1) + "\n"
    for path, text in ((manifest, _table(plan, notes)), (key, answers)):
        with storage("write", path):
            draft = path.with_name(path.name + ".tmp")
            draft.write_text(text, encoding="utf-8", newline="")
            draft.replace(path)
    rows = plan.rows
    return KilnReport(
        folder=folder,
        manifest=manifest,
        answers=key,
        items=len(rows),
        photos=sum(bool(row.photo) for row in rows),
        taps=sum(bool(row.tap) for row in rows),
        notes=sum(bool(note) for note in notes.values()),
        firings=len({row.piece.firing.number for row in rows}),
        kinds=dict(Counter(row.kind for row in rows if row.kind)),
        grades=dict(Counter(row.grade for row in rows if row.grade)),
        faults=plan.faults(),
        hero=plan.heroes[0] if plan.heroes else "",
        fingerprint=mark,
    )


def _table(plan: Plan, notes: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in plan.rows:
        piece, firing = row.piece, row.piece.firing
        note = row.note_file or notes[piece.name]
        what = (piece.name, row.photo, row.tap, note)
        when = (firing.name, firing.day.isoformat(), piece.potter.name)
        writer.writerow((*what, *when, row.kind, row.grade, row.split, row.licence))
    return text.getvalue()


def _answers(plan: Plan, seed: int, mark: str) -> dict[str, object]:
    """The answer key: who the heroes are, what was planted where, and the truth of each row."""
    planted = [
        {"id": row.piece.name, "fault": row.fault, "detail": row.detail}
        for row in plan.rows
        if row.fault
    ]
    truth = {
        row.piece.name: {
            "kind": row.content.kind,
            "form": row.content.form,
            "clay": row.content.clay,
            "glaze": row.content.glaze,
            "grade": row.content.grade,
            "crack": round(row.content.crack, 3),
            "flaw": row.content.flaw,
            "event": row.content.event,
            "missing": sorted({"photo", "tap", "note"} - row.content.has),
        }
        for row in plan.rows
    }
    return {
        "generator": GENERATOR,
        "fingerprint": mark,
        "seed": seed,
        "items": len(plan.rows),
        "hero": plan.heroes[0] if plan.heroes else "",
        "heroes": list(plan.heroes),
        "leaking_firing": plan.leaking_firing,
        "faults": planted,
        "truth": truth,
    }
