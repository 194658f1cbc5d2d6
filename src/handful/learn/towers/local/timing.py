"""How many items a second an encoder reads here, on made-up values of a usual size."""

from __future__ import annotations

import time
from collections.abc import Mapping

from handful.learn.towers.base import Tower
from handful.learn.towers.local.arithmetic import specimens
from handful.learn.towers.local.listing import Listed
from handful.learn.towers.local.networks import require_libraries
from handful.learn.towers.local.opening import open_folder
from handful.learn.towers.local.taps import OUTPUT

_VALUES = 6


def folder_speed(listed: Listed) -> Mapping[str, float]:
    """Items per second that a model folder reads, by modality, once it is loaded.

    Args:
        listed: A usable one.

    Raises:
        InputError: When it turns out to be damaged.
        MissingExtraError: When the libraries are not installed.
    """
    opened = open_folder(listed.path)
    require_libraries(*opened.family.libraries)
    found = {}
    for modality in opened.about.widths:
        encoder = opened.family.load(opened.folder, modality, "float32")
        values = specimens(modality, _VALUES)
        encoder.encode(values[:1], {OUTPUT})
        start = time.perf_counter()
        encoder.encode(values, {OUTPUT})
        found[modality] = _VALUES / max(time.perf_counter() - start, 1e-9)
    return found


def tower_speed(tower: Tower[object]) -> float:
    """Items per second that a weight-free tower reads, fitted on what it is timed on.

    Args:
        tower: Not fitted yet.
    """
    values = specimens(tower.modality, 8)
    if tower.modality == "text":
        values = [{"und": f"{text} {number}"} for number, text in enumerate(values)]
    tower.fit(values, seed=0)
    tower.encode(values[:1])
    start = time.perf_counter()
    tower.encode(values)
    return len(values) / max(time.perf_counter() - start, 1e-9)
