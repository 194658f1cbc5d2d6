"""Memory and disk of a training: the arrays that are really held together, and what is written."""

from __future__ import annotations

from handful.learn.model.unlike import Config as Unlike
from handful.learn.train.counts import WIDTH, Counts, Files

UNLIKE = Unlike()
"""How many known items are kept to tell what is unlike them."""

_LEFT_OVER = 0.12
"""What freed arrays leave behind, as a share of the most that was held; measured 0.05 to 0.2."""
_LIBRARIES = 60 * 2**20
"""What is loaded for the baselines on the way."""
_NETWORKS = 250 * 2**20
"""What is loaded to train a network."""


def peak_bytes(counts: Counts) -> int:
    """The most memory held at once, in bytes.

    Views are float32 and mapped from float16 files. Fitting holds descriptors, aligning a float64
    copy of the widest modality, the ladder its kernels and the rows of a turn.

    Args:
        counts: Of everything.
    """
    views = sum(6.0 * files.items * files.width for files in counts.files.values())
    fitting = max((files.fit_bytes for files in counts.files.values()), default=0.0)
    aligning = views + max(map(_directions_bytes, counts.files.values()), default=0.0)
    directions = sum(4.0 * files.width * WIDTH for files in counts.files.values())
    most = max(fitting, aligning, views + directions + _ladder_bytes(counts))
    return round(counts.held_bytes + most * (1 + _LEFT_OVER))


def _directions_bytes(files: Files) -> float:
    small = min(files.items, files.width)
    exact = 16.0 if small <= 3072 and files.width > files.items else 8.0
    return exact * files.items * files.width + 16.0 * files.width * min(WIDTH, small)


def _ladder_bytes(counts: Counts) -> float:
    if not counts.labelled:
        return 0.0
    rows = [4.0 * files.labelled * files.width for files in counts.files.values()]
    kernels = 4.0 * counts.labelled**2 * len(counts.files)
    held = 2 * sum(rows) + 2 * kernels
    projecting = 3 * max(rows)
    joining = 3 * sum(rows) + _LIBRARIES if counts.baselines else 1.2 * sum(rows)
    if counts.reads_files:
        joining += _NETWORKS
    return held + max(projecting, joining)


def cache_bytes(counts: Counts) -> int:
    """What the cache grows by, in bytes."""
    return round(sum(files.fresh * files.cached_bytes for files in counts.files.values()))


def run_bytes(counts: Counts) -> int:
    """What the run takes on disk, in bytes: kernels' rows, directions, known items, answers."""
    total = 64.0 * 1024
    for files in counts.files.values():
        total += 4.0 * files.width * min(WIDTH, max(files.items - 1, 1))
        total += 4.0 * files.labelled * files.width + 12.0 * files.width
        total += 4.0 * UNLIKE.width * min(files.items, UNLIKE.most)
    return round(total + counts.labelled * (8.0 * counts.classes + 300))
