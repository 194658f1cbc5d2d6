"""From files to views: decode each item once, run its modality's tower, keep what it said.

Towers are fitted without labels on the library's own files, and their fingerprints say so: when
the files change enough for another fit, the latents are made again. A file that vanished or
changed since it was added is left out and named; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.data.modalities.reading import reason_of
from handful.foundation.errors import InputError
from handful.learn.routes.viewing import blocks_of
from handful.learn.towers.base import Tower
from handful.learn.towers.latents import LatentCache
from handful.numerics.linear.blocks import Block

OnItems = Callable[[str, int, int], None]
"""Called with the modality, values encoded, and values to encode in all."""

_BATCH = 64
FITTED_ON = 400
"""Values that a tower is fitted on: blocks draw some hundred thousand descriptors from them."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Encoded:
    """What the towers said of some items.

    Attributes:
        views: Modality to view to `[N, D]` with presence.
        towers: Modality to its fitted tower.
        fresh: Modality to how many values were encoded now; the rest came from the cache.
        lost: One sentence per file that could not be read any more.
    """

    views: dict[str, dict[str, Block]]
    towers: dict[str, Tower[Any]]
    fresh: dict[str, int]
    lost: tuple[str, ...]


def encode(
    library: Library,
    items: Sequence[Item],
    towers: Mapping[str, Tower[Any]],
    cache: LatentCache,
    *,
    is_fitted: bool = False,
    seed: int = 0,
    on_items: OnItems = lambda modality, done, total: None,
) -> Encoded:
    """Fit the towers on the items' files, and encode every item.

    Args:
        library: Where the items are.
        items: `N` of them.
        towers: Modality to its tower; other modalities are left out.
        cache: Where views are kept.
        is_fitted: Whether the towers have learned already and are used as they are.
        seed: For the fits.
        on_items: Told about progress.

    Raises:
        InputError: When a modality's files are too few or too uniform to fit its tower.
        StorageError: When the disk refuses; what was encoded so far is kept.
    """
    encoded = Encoded(views={}, towers={}, fresh={}, lost=())
    lost: list[str] = []
    for modality, tower in towers.items():
        reader = _Reader(library, items, modality, lost)
        if len(reader.rows) < 2:
            continue
        if not is_fitted:
            _fit(tower, reader, cache, seed)

        def told(done: int, total: int, modality: str = modality) -> None:
            on_items(modality, done, total)
            encoded.fresh[modality] = total

        encoded.fresh[modality] = 0
        with threadpool_limits(1):  # blocks run side by side instead
            views = cache.encode(reader.keys, tower, reader.read, batch=_BATCH, on_progress=told)
        encoded.views[modality] = blocks_of(views, reader.rows, len(items))
        encoded.towers[modality] = tower
    if not encoded.views:
        raise InputError(
            f"None of {len(items)} items has a file that can still be read.",
            "check that the folders are where they were when you added them",
        )
    return Encoded(
        views=encoded.views, towers=encoded.towers, fresh=encoded.fresh, lost=tuple(lost)
    )


def fit_towers(
    library: Library,
    items: Sequence[Item],
    towers: Mapping[str, Tower[Any]],
    cache: LatentCache,
    *,
    seed: int = 0,
) -> dict[str, Tower[Any]]:
    """Fit towers on all items and encode none, for who will ask about some of them.

    Args:
        library: Where the items are.
        items: `N` of them.
        towers: Modality to its tower.
        cache: Where fits are kept.
        seed: For the fits.

    Returns:
        Those of which there are two files or more.

    Raises:
        InputError: When a modality's files are too few or too uniform to fit its tower.
        StorageError: When the disk refuses.
    """
    fitted = {}
    for modality, tower in towers.items():
        reader = _Reader(library, items, modality, [])
        if len(reader.rows) >= 2:
            _fit(tower, reader, cache, seed)
            fitted[modality] = tower
    return fitted


class _Reader:
    """Reads the values of one modality, leaving out files that are gone or changed."""

    def __init__(
        self, library: Library, items: Sequence[Item], modality: str, lost: list[str]
    ) -> None:
        self._library = library
        self._modality = modality
        self._items: list[Item] = []
        kept = []
        for row, item in enumerate(items):
            if modality in item.modalities and self._is_there(item, lost):
                kept.append(row)
                self._items.append(item)
        self.rows = np.array(kept, dtype=np.intp)

    @property
    def keys(self) -> list[str]:
        """The content hashes."""
        return [item.parts[self._modality].content_sha256 for item in self._items]

    def read(self, places: Sequence[int]) -> list[Any]:
        """Decode some values, two at a time: decoders release the interpreter's lock."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(self._one, places))

    def _one(self, place: int) -> Any:
        return self._library.read_part(self._items[place], self._modality)

    def _is_there(self, item: Item, lost: list[str]) -> bool:
        part = item.parts[self._modality]
        path = self._library.path_of(part)
        if path is None:  # in a table, or in the library's own file
            fault = self._library.media.fault(part)
            lost += [f'"{part.origin}": {reason_of(fault).what}.'] if fault else []
            return not fault
        try:
            if path.stat().st_size == part.size:
                return True
            lost.append(f'"{part.origin}" changed since it was added.')
        except OSError:
            lost.append(f'"{part.origin}" is no longer there.')
        return False


def fit_keys(keys: Sequence[str], seed: int) -> list[str]:
    """Content hashes of the values that a tower is fitted on.

    Args:
        keys: Of all values.
        seed: Of the draw, where not all are taken.
    """
    return [keys[place] for place in sample(len(keys), seed)]


def _fit(tower: Tower[Any], reader: _Reader, cache: LatentCache, seed: int) -> None:
    """Fit what learns in a tower, or take over what the same fit gave before."""
    for part in tower.parts:
        if part.learns:
            _fit_part(part, reader, cache, seed)


def _fit_part(tower: Tower[Any], reader: _Reader, cache: LatentCache, seed: int) -> None:
    keys = fit_keys(reader.keys, seed)
    mark = cache.fits.mark(tower.fingerprint(), keys, seed)
    state = cache.fits.read(mark)
    if state is not None:
        try:
            tower.load(state)
        except InputError:
            state = None
    if state is None:
        # On one thread: sums in another order would be other words, and all latents anew.
        with threadpool_limits(1):
            tower.fit(reader.read(sample(len(reader.rows), seed)), seed=seed)
        cache.fits.write(mark, tower.state(), keys)


def sample(count: int, seed: int) -> list[int]:
    """Places of the values that a tower is fitted on.

    Args:
        count: Values there are.
        seed: Of the draw, where not all are taken.
    """
    if count <= FITTED_ON:
        return list(range(count))
    return sorted(np.random.default_rng(seed).choice(count, FITTED_ON, replace=False).tolist())
