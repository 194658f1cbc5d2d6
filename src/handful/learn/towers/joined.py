"""Several towers of one modality as one: each keeps its views, its fit and its fingerprints."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError, did_you_mean, require
from handful.learn.towers.base import Kernel, Tower, Views


class JoinedTower(Tower[Any]):
    """Runs its parts one after another on the same values.

    Args:
        parts: Two or more, of one modality, whose views have different names.
    """

    def __init__(self, parts: Sequence[Tower[Any]]) -> None:
        kinds = sorted({part.modality for part in parts})
        names = [name for part in parts for name in part.kernels()]
        require(len(kinds) == 1, "parts", kinds, "of one modality")
        require(len(set(names)) == len(names), "views", names, "different from each other")
        self.modality = kinds[0]
        self._parts = tuple(parts)
        self._owners = {name: part for part in parts for name in part.kernels()}

    @property
    def parts(self) -> tuple[Tower[Any], ...]:
        """The towers that it is made of."""
        return self._parts

    def fit(self, values: Sequence[Any], *, seed: int) -> None:
        """Fit the parts that learn; see `Tower.fit`."""
        for part in self._parts:
            if part.learns:
                part.fit(values, seed=seed)

    def encode(self, values: Sequence[Any], *, only: Collection[str] | None = None) -> Views:
        """Turn every value into one vector per view; see `Tower.encode`."""
        for name in only or ():
            if name not in self._owners:
                raise UsageError(
                    f"This tower has no view `{name}`.", did_you_mean(name, self._owners)
                )
        views: Views = {}
        for part in self._parts:
            wanted = [name for name in part.kernels() if only is None or name in only]
            if wanted:
                views |= part.encode(values, only=wanted)
        return views

    def fingerprints(self) -> dict[str, str]:
        """View name to its fingerprint."""
        return {name: mark for part in self._parts for name, mark in part.fingerprints().items()}

    def kernels(self) -> dict[str, Kernel]:
        """View name to the kernel it is made for."""
        return {name: kind for part in self._parts for name, kind in part.kernels().items()}

    def state(self) -> dict[str, NDArray[Any]]:
        """What the parts learned; the names of their views keep them apart."""
        return {name: array for part in self._parts for name, array in part.state().items()}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what the same parts learned; see `Tower.load`."""
        known: set[str] = set()
        for part in self._parts:
            names = tuple(f"{view}." for view in part.kernels())
            mine = {name: array for name, array in state.items() if name.startswith(names)}
            part.load(mine)
            known |= mine.keys()
        if state.keys() - known:
            raise InputError(
                f"The state of a tower holds {', '.join(sorted(state.keys() - known)[:3])}, which "
                "belongs to none of its parts.",
                "make the tower with the parts that were saved",
            )
