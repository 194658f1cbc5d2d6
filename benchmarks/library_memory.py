"""A row about memory: adding 200,000 small items must take as much as adding 10,000.

python benchmarks/library_memory.py SOURCE LIBRARY    add, and print the peak in MB
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from common import Row
from handful.data.library.ingest import ingest
from handful.data.library.library import Library
from library_files import write_notes

FEW, MANY = 10_000, 200_000
GROWTH = 10.0
"""At most, in percent."""


def memory(folder: Path) -> list[Row]:
    """The row; each library is made by a process of its own."""
    peaks = {}
    for count in (FEW, MANY):
        source = folder / f"notes {count}"
        write_notes(source, count)
        command = [sys.executable, __file__, str(source), str(folder / f"library {count}")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks[count] = float(done.stdout)
    return [
        Row(
            name=f"memory for {MANY:,} items against {FEW:,}",
            value=100 * (peaks[MANY] / peaks[FEW] - 1),
            unit="% more",
            at_most=GROWTH,
            note=f"peaks of {peaks[FEW]:.0f} and {peaks[MANY]:.0f} MB, adding small texts",
        )
    ]


def main() -> None:
    """Add a folder and print the peak."""
    source, library = map(Path, sys.argv[1:])
    ingest(Library.create(library), source)
    print(_peak_mb())


def _peak_mb() -> float:
    """Not `ru_maxrss` where it can be helped: that starts at the size of whoever started this."""
    status = Path("/proc/self/status")
    if status.exists():
        told = status.read_text(encoding="ascii").partition("VmHWM:")[2].split()
        return int(told[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
