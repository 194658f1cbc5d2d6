"""What a library costs to fill, to look at again, to read, to go back in, and to be killed in.

    python benchmarks/library.py                       everything; some minutes
    python benchmarks/library.py --photos PHOTOS.zip   the same with photos of your own
    python benchmarks/library.py --only speed damage   some of it, printed and not kept
    python benchmarks/library.py --kills 30            a quick look

speed    Photos, clips and notes are added on one thread, strictly, with hash and thumbnail; then
         notes are added a second time, when each file is looked at and not read; then pictures are
         read in batches.
memory   200,000 notes are added, and 10,000, each by a process of its own.
damage   Whole photos are spoiled, and read with and without the second decoder.
kept     All items are put into another group in one change, which is undone; the row digest must be
         that of the state before, and no data file may be written. Writers are killed with signal 9
         while they add, change, label, undo, tag, untag and trim, three of four just before one
         touch of the disk, which is inside the change for certain, the others at random; after each
         one everything that was acknowledged must be there to the byte. The checks are those of the
         tests (`tests/data/library/killing.py`).

Rates are per CPU second of all processes together; times are wall seconds, best of three, because
waiting for the disk counts.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from common import Row, report, show
from handful.data.library.ingest import ingest
from handful.data.library.library import Library
from library_damage import damage
from library_files import RUNS, write_notes
from library_kept import SEED, kills, trimming, undoing
from library_memory import memory
from library_speed import adding, batches, scanning

PARTS = ("speed", "memory", "damage", "kept")


def kept(folder: Path, items: int, times: int) -> list[Row]:
    """Rows about going back."""
    write_notes(folder / "notes", items)
    library = Library.create(folder / "library")
    ingest(library, folder / "notes")
    return [*undoing(library, items), *trimming(library), *kills(folder / "killed", times)]


def main() -> None:
    """Measure, print, and write the dated result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=100_000, help="that are added twice")
    parser.add_argument("--items", type=int, default=10_000, help="that are changed and undone")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--photos", type=Path, help="a ZIP of JPEG files")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        for part in options.only:
            folder = Path(name) / part
            folder.mkdir()
            if part == "speed":
                rows += adding(folder, options.photos)
                rows += scanning(folder, options.files)
                rows += batches(folder)
            elif part == "memory":
                rows += memory(folder)
            elif part == "damage":
                rows += damage(folder, options.photos)
            else:
                rows += kept(folder, options.items, options.kills)
    if set(options.only) != set(PARTS):
        show(rows)
        return
    report(
        "library",
        rows,
        note=f"wall seconds, best of {RUNS}; load {os.getloadavg()[0]:.1f} at the end",
        seeds=[SEED],
    )


if __name__ == "__main__":
    main()
