"""A model folder as a tower: fixed weights, one view per place that is listened to.

The folder is looked at when it is first needed, and then must be the very one that a recipe
recorded: the same weights, the same preparation. So a model whose folder is gone still answers for
items that lack the modality.
"""
# N values, L texts, D numbers

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError, did_you_mean
from handful.foundation.hardware import choose_threads, load_now, look_at_processor
from handful.learn.towers.base import Kernel, Tower, Views
from handful.learn.towers.local.encoder import Encoder
from handful.learn.towers.local.networks import Arithmetic, explained, require_libraries
from handful.learn.towers.local.opening import Opened, open_folder
from handful.learn.towers.local.taps import Tap

_LONGEST = 20_000
"""Characters read of one language field; every tokenizer here stops long before."""
_FEW = 4
"""Fewer values than this are done before a second thread has begun."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """One view from one folder, with all that decides its numbers: an entry of a recipe.

    Attributes:
        view: What the view is called in this recipe.
        folder: Where the folder lay.
        family: Which family read it.
        tap: Where the network is listened to.
        arithmetic: The number format that is computed in.
        weights: SHA-256 of the weight files.
        settings: SHA-256 of everything else that decides the numbers.
        is_alone: Whether it stands instead of the weight-free tower of its modality.
    """

    view: str
    folder: str
    family: str
    tap: str
    arithmetic: Arithmetic
    weights: str
    settings: str
    is_alone: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """What `as_dict` wrote."""
        return cls(**{name: data[name] for name in cls.__slots__})

    def fingerprint(self, modality: str, version: int) -> str:
        """SHA-256 of what decides the view's numbers; neither its name nor its place does.

        Args:
            modality: Which modality is read.
            version: Of the family's code.
        """
        decides = {
            "family": self.family,
            "version": version,
            "modality": modality,
            "tap": self.tap,
            "arithmetic": self.arithmetic,
            "weights": self.weights,
            "settings": self.settings,
            "preparation": "mean over language fields, soxr HQ",
        }
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


@dataclass(eq=False)
class LocalTower(Tower[Any]):
    """Reads one modality by one folder.

    Attributes:
        modality: `text`, `image` or `audio`.
        chosen: Its views, all of one folder, different by where they listen.
        near: Folders to look in when the folder is no longer where it was.
    """

    modality: str
    chosen: Sequence[Chosen]
    near: Sequence[Path] = field(default=())

    learns = False

    def fit(self, values: Sequence[Any], *, seed: int) -> None:
        """Do nothing: the weights are fixed.

        Args:
            values: Not looked at.
            seed: Not used.
        """
        _ = values, seed

    def encode(self, values: Sequence[Any], *, only: Collection[str] | None = None) -> Views:
        """Turn every value into one vector per view; see `Tower.encode`.

        Raises:
            MissingExtraError: When the libraries are not installed.
            InputError: When the folder is gone, or no longer the one that was recorded.
        """
        wanted = self._wanted(only)
        if not len(values):
            raise UsageError(f"There is no {self.modality} to encode.", "pass at least one")
        taps = {each.view: Tap.parse(each.tap) for each in wanted}
        threads = 1
        if len(values) >= _FEW:
            threads = choose_threads(look_at_processor(), load_now()).value
        encoder = self._encoder
        with _threads(threads), explained(self.opened.folder.path, f"read {self.modality} with it"):
            if self.modality == "text":
                rows = _by_languages(encoder, values, set(taps.values()))
            else:
                rows = encoder.encode(values, set(taps.values()))
        for view, tap in taps.items():
            self._require_finite(view, rows[tap])
        return {view: rows[tap] for view, tap in taps.items()}

    def fingerprints(self) -> dict[str, str]:
        """View name to its fingerprint."""
        version = self.opened.family.version
        return {each.view: each.fingerprint(self.modality, version) for each in self.chosen}

    def kernels(self) -> dict[str, Kernel]:
        """View name to the kernel it is made for."""
        return {each.view: "linear" for each in self.chosen}

    def state(self) -> dict[str, NDArray[Any]]:
        """Nothing: what decides the numbers lies in the folder."""
        return {}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over nothing.

        Args:
            state: Must be empty.

        Raises:
            InputError: When it is not.
        """
        if state:
            raise InputError(
                f"The state of a tower holds {', '.join(sorted(state)[:3])}, and a model folder "
                "learns nothing.",
                "make the tower with the folders that were saved",
            )

    def warm_up(self) -> None:
        """Import the libraries, which takes seconds once, before something is timed.

        Raises:
            MissingExtraError: When they are not installed.
        """
        require_libraries(*self.opened.family.libraries)
        for name in self.opened.family.libraries:
            importlib.import_module(name)

    @cached_property
    def opened(self) -> Opened:
        """The folder, found usable, and the very one that was recorded.

        Raises:
            InputError: When it is gone, not usable, or another one.
        """
        first = self.chosen[0]
        found = open_folder(locate(first, self.near))
        weights = found.folder.weights_digest(found.about.weights)
        settings = found.folder.settings_digest()
        for each in self.chosen:
            differ = [
                what
                for what, is_same in (
                    ("weights", weights == each.weights),
                    ("settings", settings == each.settings),
                    ("family", found.family.name == each.family),
                )
                if not is_same
            ]
            if differ:
                raise InputError(
                    f'The model folder "{found.folder.path}" is not the one that was trained with: '
                    f"its {' and '.join(differ)} differ.",
                    "put the old folder back, or train again with this one",
                )
        return found

    @cached_property
    def _encoder(self) -> Encoder:
        opened = self.opened
        require_libraries(*opened.family.libraries)
        with explained(opened.folder.path, "load it"):
            return opened.family.load(opened.folder, self.modality, self.chosen[0].arithmetic)

    def _wanted(self, only: Collection[str] | None) -> list[Chosen]:
        names = [each.view for each in self.chosen]
        for name in only or ():
            if name not in names:
                raise UsageError(f"This tower has no view `{name}`.", did_you_mean(name, names))
        return [each for each in self.chosen if only is None or each.view in only]

    def _require_finite(self, view: str, rows: NDArray[np.float32]) -> None:
        broken = int((~np.isfinite(rows).all(axis=1)).sum())
        if broken:
            raise InputError(
                f'"{self.opened.folder.path}" answered {broken} of {len(rows)} values with NaN or '
                f"infinity in the view `{view}`.",
                "the folder is damaged, or not made for such values: take another one",
            )


def towers_of(
    modality: str, views: Sequence[Chosen], near: Sequence[Path] = ()
) -> list[LocalTower]:
    """One tower per folder; views of one folder share its network.

    Args:
        modality: Which is read.
        views: Of a recipe.
        near: Where to look for folders that are no longer where they were.
    """
    folders: dict[tuple[str, str], list[Chosen]] = {}
    for each in views:
        folders.setdefault((each.folder, each.arithmetic), []).append(each)
    return [LocalTower(modality, views, near) for views in folders.values()]


def locate(chosen: Chosen, near: Sequence[Path] = ()) -> Path:
    """Where a folder lies now: where it was, else one of the same name in some other places.

    Args:
        chosen: Of the recipe.
        near: Folders that hold model folders.

    Raises:
        InputError: When there is none.
    """
    path = Path(chosen.folder)
    found = path if path.is_absolute() and path.is_dir() else in_places(path.name, near)
    if found is None:
        raise InputError(
            f'The model folder "{path}" that was trained with is not there.',
            "put it back, or name the folder that holds it in the environment: "
            "HANDFUL_TOWERS=FOLDER",
        )
    return found


def in_places(name: str, places: Sequence[Path]) -> Path | None:
    """The first folder of a name in some places; None when there is none.

    Args:
        name: Of the folder.
        places: Folders that hold model folders.
    """
    return next((place / name for place in places if (place / name).is_dir()), None)


def _by_languages(
    encoder: Encoder, values: Sequence[Mapping[str, str]], taps: Collection[Tap]
) -> dict[Tap, NDArray[np.float32]]:
    """The mean over the language fields of each item; a field that repeats another counts once."""
    fields = [
        list(dict.fromkeys(text[:_LONGEST] for _, text in sorted(value.items()))) or [""]
        for value in values
    ]
    texts = list(dict.fromkeys(text for each in fields for text in each))
    places = {text: place for place, text in enumerate(texts)}
    rows = encoder.encode(texts, taps)
    return {
        tap: np.stack([found[[places[text] for text in each]].mean(axis=0) for each in fields])
        for tap, found in rows.items()
    }


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """So many threads of the network library, for as long as the block runs."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
