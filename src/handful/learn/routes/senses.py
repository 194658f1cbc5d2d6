"""Vectors and a classifier for who has a library and asks nothing of a run: the checks.

With a finished run its towers are used as they are: what they said is in the cache, so a check
opens no file. Without one the quick towers are fitted on the library's own files; a run that
trains with them later finds their work done.
"""
# N items, C classes, D numbers

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import HandfulError, InputError
from handful.learn.routes.encode import encode, fit_towers
from handful.learn.routes.run import Run, runs_in
from handful.learn.routes.towers import Recipe, build, sides_of
from handful.learn.towers.base import Tower
from handful.learn.towers.latents import LatentCache
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.held_out import held_out
from handful.numerics.linear.ridge import Spectrum
from handful.numerics.linear.stack import Stack

_FEWEST = 20
"""Of fewer files than this no tower can be fitted that says more than crude thumbnails."""


class Senses:
    """What towers say of a library's items; they are made when first asked.

    Args:
        library: The items.
        runs: The project's `runs`.
        cache: The project's `cache`.
        on_items: Told the modality, how far it is, and of how many, where files are encoded.
    """

    def __init__(
        self,
        library: Library,
        runs: Path,
        cache: Path,
        on_items: Callable[[str, int, int], None] = lambda modality, done, total: None,
    ) -> None:
        self._library = library
        self._runs = runs
        self._cache = LatentCache(cache / "latents")
        self._on_items = on_items
        self._towers: dict[str, Tower[Any]] | None = None
        self._known: tuple[tuple[str, ...], Spectrum] | None = None

    def embed(self, items: Sequence[Item]) -> Mapping[str, Block]:
        """Vectors of some items.

        Args:
            items: N of the library.

        Returns:
            Modality to `[N, D]` float32 with presence: all views of its tower side by side, each
            centred and of unit mean norm, as is a row of them all.

        Raises:
            InputError: When the files are gone, or too few for a tower.
        """
        encoded = encode(
            self._library,
            items,
            self._fitted(),
            self._cache,
            is_fitted=True,
            on_items=self._on_items,
        )
        found = {}
        for modality, views in encoded.views.items():
            named = {name: views[name] for name in sorted(views)}
            share = len(named) ** -0.5
            rows = Stack.fit(named, dict.fromkeys(named, share)).features(named)
            present = np.any([block.present for block in named.values()], axis=0)
            found[modality] = Block(values=rows, present=present)
        return found

    def fit(
        self, items: Sequence[Item], labels: NDArray[np.intp], groups: NDArray[Any]
    ) -> NDArray[np.float64]:
        """What a ridge classifier on all modalities says of each item, its group held out.

        Args:
            items: N of the library.
            labels: `[N]` class numbers from 0.
            groups: `[N]` what is held out together.

        Returns:
            `[N, C]` probabilities.

        Raises:
            InputError: When the files are gone, too few, or all alike.
            UsageError: When all items are one group.
        """
        key = tuple(item.id for item in items)
        if self._known is None or self._known[0] != key:
            blocks = self.embed(items)
            rows = np.concatenate([block.values for block in blocks.values()], axis=1)
            if not rows.any():
                raise InputError(f"Nothing of {len(items)} items tells one from another.")
            self._known = key, Spectrum.of_features(rows.astype(np.float64))
        return held_out(self._known[1], labels, groups)

    def _fitted(self) -> dict[str, Tower[Any]]:
        if self._towers is None:
            self._towers = self._of_run() or self._quick()
        return self._towers

    def _of_run(self) -> dict[str, Tower[Any]]:
        """Towers of the newest finished run that knows every modality there is; else none."""
        there = set(self._there())
        for run in reversed(_done(self._runs)):
            try:
                towers = dict(run.model.towers)
            except (HandfulError, OSError):  # a model folder that is gone is no reason to fail here
                continue
            if there <= set(towers):
                return towers
        return {}

    def _quick(self) -> dict[str, Tower[Any]]:
        items = [item for item in self._library.items() if item.usable]
        there = self._there()
        if not there:
            raise InputError(
                f"No modality has {_FEWEST} files or more, too few to fit a tower.", "add files"
            )
        towers = build(Recipe.of("fast", there, sides_of(items)))
        return fit_towers(self._library, items, towers, self._cache)

    def _there(self) -> list[str]:
        items = [item for item in self._library.items() if item.usable]
        return [
            name for name in MODALITIES if sum(name in item.modalities for item in items) >= _FEWEST
        ]


def _done(runs: Path) -> list[Run]:
    return [run for run in runs_in(runs) if run.is_done]
