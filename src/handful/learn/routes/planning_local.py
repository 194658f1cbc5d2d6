"""What reading one modality by model folders costs: a few files are timed, the rest is counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.learn.routes.probing import read_few
from handful.learn.towers.latents import LatentCache
from handful.learn.towers.local.memory import need_bytes
from handful.learn.towers.local.tower import Chosen, LocalTower, towers_of
from handful.learn.train.counts import Files

_FILES = 4


class _View(NamedTuple):
    """One view as the cache knows it."""

    name: str
    mark: str

    def fingerprint(self) -> str:
        return self.mark


def local_files(
    library: Library,
    items: Sequence[Item],
    modality: str,
    views: Sequence[Chosen],
    cache: LatentCache,
    labelled: int,
    near: Sequence[Path] = (),
) -> Files:
    """Count and time what model folders do to one modality.

    Args:
        library: Where the items are.
        items: Those that have the modality.
        modality: Which.
        views: Of the recipe.
        cache: What is known already.
        labelled: How many of the items have a label.
        near: Where to look for folders that are named without their place.

    Raises:
        InputError: When a folder cannot be used, or no file can be read.
    """
    keys = [item.parts[modality].content_sha256 for item in items]
    entries = {(entry.name, entry.fingerprint) for entry in cache.entries()}
    found = Files(
        items=len(items),
        fresh=0,
        labelled=labelled,
        widths={},
        fitted_on=0,
        read_s=0.0,
        encode_s=0.0,
        fit_s=0.0,
    )
    for tower in towers_of(modality, views, near):
        missing = 0
        for view, mark in tower.fingerprints().items():
            held = (f"{modality}.{view}", mark)
            left = len(cache.missing(keys, _View(*held))) if held in entries else len(set(keys))
            missing = max(missing, left)
        found = both(found, _timed(library, items, modality, tower, found, missing))
    return found


def both(first: Files, second: Files) -> Files:
    """The cost of two towers that read the same files, each file once.

    Args:
        first: Of one tower.
        second: Of the other.
    """
    fresh = max(first.fresh, second.fresh)

    def shared(one: float, other: float) -> float:
        return (first.fresh * one + second.fresh * other) / fresh if fresh else 0.0

    return replace(
        first,
        fresh=fresh,
        widths={**first.widths, **second.widths},
        read_s=max(first.read_s, second.read_s),
        encode_s=shared(first.encode_s, second.encode_s),
        fit_s=first.fit_s + second.fit_s,
        fit_bytes=max(first.fit_bytes, second.fit_bytes),
        cached_bytes=shared(first.cached_bytes, second.cached_bytes),
        lean_width=first.lean_width + second.width if first.lean_width else 0,
    )


def _timed(
    library: Library,
    items: Sequence[Item],
    modality: str,
    tower: LocalTower,
    counted: Files,
    missing: int,
) -> Files:
    width = tower.opened.about.widths[modality]
    widths = {each.view: width for each in tower.chosen}
    if not missing:
        return replace(counted, widths=widths)
    values, read_s = read_few(library, items, modality, _FILES)
    tower.warm_up()
    start = time.process_time()
    rows = tower.encode(values[:1])
    load_s = time.process_time() - start
    start = time.process_time()
    tower.encode(values)
    widths = {view: found.shape[1] for view, found in rows.items()}
    return replace(
        counted,
        fresh=missing,
        widths=widths,
        read_s=read_s,
        encode_s=(time.process_time() - start) / len(values),
        fit_s=load_s,
        fit_bytes=float(need_bytes(tower.opened.about.weights)),
        cached_bytes=sum(2.0 * width + 80 for width in widths.values()),
    )
