"""Where photos and sounds stand among the library's words, so that words find what nobody wrote.

The texts of a library, in all their languages, span a space of their own: the leading directions
of their letters and words, half whitened so that the rare ones count. Pairs teach by kernel ridge
what a photo or a sound would say there. One that nobody described then lies beside the words that
fit it, and a photo beside sounds that would be described alike. A link is believed only where it
holds in groups it was not learned from; what it says of these is kept to tell how telling it is.
"""
# N items, C numbers of the space of words

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from handful.foundation.errors import ProjectError, require
from handful.foundation.project.atomic import replacing
from handful.numerics.linear import kernel_map, pca
from handful.numerics.linear.blocks import Block, unit_rows
from handful.numerics.linear.kernel_map import KernelMap
from handful.numerics.linear.kernels import Blocks
from handful.numerics.linear.pca import Projection
from handful.numerics.linear.stack import Stack
from handful.numerics.stats.means import is_above_zero

FILE = "wording.safetensors"
_TEXT = "text"
_FORMS = (0.0, 0.5)
"""How far the directions of the words are whitened; held-out pairs choose."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How words and the rest are joined."""

    width: int = 600
    """Numbers kept of a text; 300 to 900 is usual."""
    most: int = 4000
    """Pairs that are learned from at most, drawn by the seed: the cost grows with the cube."""
    fewest: int = 20
    """Groups of pairs, with as many different texts, that are needed."""
    chance: float = 0.01
    """Chance with which a link that tells nothing is believed."""
    map: kernel_map.Config = field(default_factory=kernel_map.Config)
    """How the rest is mapped to words."""

    def __post_init__(self) -> None:
        require(self.width >= 2, "width", self.width, "2 or more")
        require(self.most >= 40, "most", self.most, "40 or more")
        require(self.fewest >= 4, "fewest", self.fewest, "4 or more")
        require(0 < self.chance < 0.5, "chance", self.chance, "between 0 and 0.5")


class Crowds(NamedTuple):
    """Cosines of left-out pairs: of one item's two sides, and of strangers'."""

    together: NDArray[np.float32]
    apart: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """The space of words, and what the other modalities say there.

    Attributes:
        stack: Scales of the views of texts.
        spaces: Modality to the directions that its pairs chose.
        maps: Modality to what it says there; never empty.
        crowds: Pair of modalities to cosines of left-out pairs.
        pairs: Modality to the pairs learned from.
    """

    stack: Stack
    spaces: dict[str, Projection]
    maps: dict[str, KernelMap]
    crowds: dict[tuple[str, str], Crowds]
    pairs: dict[str, int]

    @classmethod
    def fit(
        cls, views: Blocks, config: Config, *, groups: NDArray[Any], seed: int = 0
    ) -> Self | None:
        """Learn from items that have words and something else.

        Args:
            views: Modality to view to `[N, D]` with presence, as the towers gave them.
            config: Widths.
            groups: `[N]` group of each item.
            seed: Draws pairs and deals groups.

        Returns:
            None when there are too few pairs, or none tells anything.
        """
        texts = {name: views[_TEXT][name] for name in sorted(views.get(_TEXT, {}))}
        texts = {name: block for name, block in texts.items() if block.present.any()}
        if not texts:
            return None
        stack = Stack.fit(texts)
        codes = np.unique(groups, return_inverse=True)[1]
        words = _Words.of(stack, texts, config, seed)
        if len(words.first) < config.fewest:
            return None
        spaces, maps, pairs, said = {}, {}, {}, {}
        for modality, named in views.items():
            if modality == _TEXT or not named:
                continue
            seen = {name: block for name, block in named.items() if block.present.sum() >= 2}
            if not seen:
                continue
            has = np.any([block.present for block in seen.values()], axis=0)
            both = _drawn(np.flatnonzero(has & (words.codes >= 0)), config.most, seed)
            if min(map(len, map(np.unique, (codes[both], words.codes[both])))) < config.fewest:
                continue
            taken = {name: block.take(both) for name, block in seen.items()}
            taken = {name: block for name, block in taken.items() if block.present.sum() >= 2}
            wanted = words.placed[words.codes[both]]
            found = KernelMap.fit(taken, wanted, words.weights, codes[both], config.map, seed)
            own = _Left(both, found.held_out, wanted * words.weights[found.form])
            if _tells(own, codes, words.codes, config.chance, seed):
                said[modality] = own
                maps[modality], pairs[modality] = found.map, len(both)
                spaces[modality] = words.spaces[found.form]
        if not maps:
            return None
        return cls(stack, spaces, maps, _crowds(said, codes, words.codes, seed), pairs)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Those that can be compared: the words and what has a map to them."""
        return (_TEXT, *self.maps)

    def of(self, views: Blocks) -> dict[str, dict[str, Block]]:
        """Where items stand among the words.

        Args:
            views: As in `fit`; modalities and views that no item has may be left out.

        Returns:
            Modality to the modality it is compared with to `[M, C]` rows of length one. Words have
            a place for each other modality; the rest are compared with words by `text`.
        """
        found: dict[str, dict[str, Block]] = {}
        texts = {name: b for name, b in views.get(_TEXT, {}).items() if name in self.stack.origins}
        if texts:
            present = np.any([block.present for block in texts.values()], axis=0)
            says = np.any([(b.values != 0).any(axis=1) & b.present for b in texts.values()], axis=0)
            rows = self.stack.features({name: texts[name] for name in sorted(texts)})
            found[_TEXT] = {}
            for modality, space in self.spaces.items():
                placed = unit_rows(space.project(rows))
                placed[~says] = 0  # not one letter or word that the library knows
                found[_TEXT][modality] = Block(values=placed, present=present)
        for modality, each in self.maps.items():
            named = {n: b for n, b in views.get(modality, {}).items() if n in each.views}
            if named:
                block = each.of(named)
                found[modality] = {_TEXT: block.scatter(unit_rows(block.rows))}
        return found

    def sentences(self) -> list[str]:
        """What was learned, in words."""
        return [
            f"{modality}: {count} pairs with words teach what it would say, so words find "
            f"{modality}s that nobody described."
            for modality, count in self.pairs.items()
        ]

    def save(self, folder: Path) -> None:
        """Write it into the folder of a run.

        Args:
            folder: Of the run.

        Raises:
            StorageError: When the disk refuses.
        """
        arrays: dict[str, NDArray[Any]] = {
            f"stack/{name}": array for name, array in self.stack.arrays().items()
        }
        for modality, each in self.maps.items():
            arrays |= {f"map/{modality}/{name}": array for name, array in each.arrays().items()}
            space = self.spaces[modality].arrays()
            arrays |= {f"space/{modality}/{name}": array for name, array in space.items()}
            arrays[f"pairs/{modality}/count"] = np.asarray(self.pairs[modality])
        for (first, second), crowds in self.crowds.items():
            arrays[f"crowds/{first}/{second}/together"] = crowds.together
            arrays[f"crowds/{first}/{second}/apart"] = crowds.apart
        plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
        with replacing(folder / FILE) as temporary:
            save_file(plain, temporary)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what `save` wrote.

        Args:
            folder: Of the run.

        Returns:
            None when the run has none.

        Raises:
            ProjectError: When it is damaged.
        """
        path = folder / FILE
        if not path.exists():
            return None
        try:
            arrays = load_file(path)
            return cls._from(arrays)
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise ProjectError(
                f'Cannot read what words were learned in "{path}": {error}.',
                "delete this file to search without it, or train again",
            ) from None

    @classmethod
    def _from(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        parts: dict[str, dict[str, dict[str, NDArray[Any]]]] = {}
        stack: dict[str, NDArray[Any]] = {}
        for path in sorted(arrays):
            part, rest = path.split("/", 1)
            if part == "stack":
                stack[rest] = arrays[path]
            else:
                modality, name = rest.split("/", 1)
                parts.setdefault(part, {}).setdefault(modality, {})[name] = arrays[path]
        crowds = {
            (first, name.partition("/")[0]): Crowds(
                named[name], named[f"{name.partition('/')[0]}/apart"]
            )
            for first, named in parts.get("crowds", {}).items()
            for name in named
            if name.endswith("/together")
        }
        return cls(
            Stack.from_arrays(stack),
            {name: Projection.from_arrays(found) for name, found in parts["space"].items()},
            {name: KernelMap.from_arrays(found) for name, found in parts["map"].items()},
            crowds,
            {name: int(found["count"]) for name, found in parts["pairs"].items()},
        )


class _Words(NamedTuple):
    """The different texts of a library.

    Attributes:
        codes: `[N]` which of them an item says; -1 for none.
        first: `[T]` the first item that says each.
        placed: `[T, C]` along their leading directions.
        spaces: One per form.
        weights: Per form `[C]` what it makes of the plain directions.
    """

    codes: NDArray[np.intp]
    first: NDArray[np.intp]
    placed: NDArray[np.float32]
    spaces: list[Projection]
    weights: list[NDArray[np.float32]]

    @classmethod
    def of(cls, stack: Stack, texts: Mapping[str, Block], config: Config, seed: int) -> _Words:
        present = np.any([block.present for block in texts.values()], axis=0)
        rows = stack.features(texts)
        says = present & np.any(
            [(block.values != 0).any(axis=1) & block.present for block in texts.values()], axis=0
        )
        codes = np.full(len(rows), -1, dtype=np.intp)
        known: dict[bytes, int] = {}
        first = []
        for row in np.flatnonzero(says):
            mark = rows[row].tobytes()
            if mark not in known:
                known[mark] = len(known)
                first.append(row)
            codes[row] = known[mark]
        places = np.array(first, dtype=np.intp)
        if len(places) < 2:
            return cls(codes, places, np.zeros((0, 0), np.float32), [], [])
        learned = rows[_drawn(places, config.most, seed)]
        plain = Projection.fit(learned, pca.Config(width=config.width), seed)
        spaces = [replace(plain, whiten=whiten) for whiten in _FORMS]
        weights = [(plain.deviations**-whiten).astype(np.float32) for whiten in _FORMS]
        return cls(codes, places, plain.project(rows[places]), spaces, weights)


class _Left(NamedTuple):
    """What is said of left-out pairs of one modality, and what their words say."""

    rows: NDArray[np.intp]
    said: NDArray[np.float32]
    words: NDArray[np.float32]


def _drawn(rows: NDArray[np.intp], most: int, seed: int) -> NDArray[np.intp]:
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _strangers(
    left: NDArray[np.floating],
    right: NDArray[np.floating],
    groups: NDArray[np.intp],
    texts: NDArray[np.intp],
    seed: int,
) -> Crowds:
    """Cosines of the two sides of an item, and of four strangers to each: other group and words."""
    ours, theirs = unit_rows(left), unit_rows(right)
    dice = np.random.default_rng(seed)
    apart = []
    for _ in range(4):
        turn = dice.permutation(len(ours))
        other = (groups != groups[turn]) & (texts != texts[turn])
        apart.append((ours * theirs[turn]).sum(axis=1)[other])
    together = (ours * theirs).sum(axis=1)
    return Crowds(together.astype(np.float32), np.concatenate(apart).astype(np.float32))


def _tells(
    found: _Left, groups: NDArray[np.intp], texts: NDArray[np.intp], chance: float, seed: int
) -> bool:
    """Whether left-out pairs fit better than strangers, judged by the spread between groups."""
    own, said = groups[found.rows], texts[found.rows]
    crowds = _strangers(found.said, found.words, own, said, seed)
    if not len(crowds.apart):
        return False
    return is_above_zero(crowds.together - crowds.apart.mean(), own, chance)


def _crowds(
    said: Mapping[str, _Left], groups: NDArray[np.intp], texts: NDArray[np.intp], seed: int
) -> dict[tuple[str, str], Crowds]:
    return {
        (modality, _TEXT): _strangers(
            found.said, found.words, groups[found.rows], texts[found.rows], seed
        )
        for modality, found in said.items()
    }
