"""What the text blocks share: TF-IDF over the most common n-grams of the library.

All language fields and tags of an item are one text in one space, so an item known in eight
languages meets a question in any of them, and names, loan words and tags meet across languages.
Measured on 909 stamps in 24 languages, fitted on all of them: one space of 4,096 columns .810 on
unseen families, a space per language with 16,384 columns .817, with 4,096 columns .779; on the
official test .904 / .870 / .852. Keeping the 4,096 most common n-grams loses nothing against all
of them (emoji names .721 and .725, names and keywords .872 and .872, 5 folds), where 4,096 hashed
columns lose 1.4 points and a projection to 1,024 principal directions up to 4.
"""
# N texts, V n-grams kept

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.modalities.base import Words
from handful.foundation.errors import InputError
from handful.learn.towers.classical.base import Block, State, take
from handful.learn.towers.classical.text.ngrams import Grams

_SAMPLE = 20_000
"""Texts that a fit reads at most."""
_LONGEST = 20_000
"""Characters read of one language field; the rest of a book says little more."""
_CHARACTERS_AT_ONCE = 200_000
_MERGE = 2_000_000
"""N-grams that wait at least before they are merged: merging sorts all known ones again."""


class _Counts(NamedTuple):
    """How often which text holds which n-gram.

    Attributes:
        owner: `[P]` int64, the text of each pair.
        code: `[P]` uint64, its n-gram; pairs are unique and sorted by text, then n-gram.
        count: `[P]` int64, 1 or more.
    """

    owner: NDArray[np.int64]
    code: NDArray[np.uint64]
    count: NDArray[np.int64]


class TextBlock(Block[Words]):
    """TF-IDF vectors; subclasses say by `grams` which n-grams are counted.

    The `Config` of a subclass has a field `width`.
    """

    modality = "text"
    prefers = "linear"
    preparation = "NFKC of the case folding, all language fields together"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._codes: NDArray[np.uint64] | None = None
        self._weights: NDArray[np.float32] | None = None

    @abstractmethod
    def grams(self, texts: Sequence[str]) -> Grams:
        """All n-grams of some texts, repeats included."""

    def fit(self, values: Sequence[Words], *, seed: int) -> None:
        """Learn which n-grams are common, and how telling each one is.

        Args:
            values: The library's texts, at least one; 20,000 of them are read.
            seed: Decides which ones.

        Raises:
            InputError: When there is no text, or no text holds a single n-gram.
        """
        chosen = np.arange(len(values))
        if len(values) > _SAMPLE:
            draw = np.random.default_rng(seed).choice(len(values), _SAMPLE, replace=False)
            chosen = np.sort(draw)
        codes, texts_with = self._census([values[int(place)] for place in chosen])
        if len(codes) == 0:
            raise InputError(
                f"The text block `{self.name}` found no letters in {len(values)} texts.",
                "add texts to the library, or leave text out",
            )
        common = np.argsort(-texts_with, kind="stable")[: self.config.width]
        kept = np.sort(common)
        self._codes = codes[kept]
        telling = np.log((1 + len(chosen)) / (1 + texts_with[kept])) + 1
        self._weights = telling.astype(np.float32)

    def encode(self, values: Sequence[Words]) -> NDArray[np.float32]:
        """Turn every text into one vector of length one.

        Args:
            values: `N` texts, each in any number of languages.

        Returns:
            `[N, V]` float32, V at most `width`; rows of length one, or of zeros where nothing
            of the text occurs in the library. Row `i` depends on text `i` only.

        Raises:
            UsageError: When the block has not been fitted or loaded.
        """
        if self._codes is None or self._weights is None:
            raise self.unfitted()
        rows = np.zeros((len(values), len(self._codes)), dtype=np.float32)
        for start, part in _parts(values):
            counts = self._count(part)
            column = np.searchsorted(self._codes, counts.code)
            column[column == len(self._codes)] = 0
            known = self._codes[column] == counts.code
            column = column[known]
            heights = (1 + np.log(counts.count[known])).astype(np.float32)
            rows[start + counts.owner[known], column] = heights * self._weights[column]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.where(lengths > 0, lengths, 1)
        return rows

    def state(self) -> dict[str, NDArray[Any]]:
        """The n-grams kept, in ascending order, and their weights; empty before `fit`."""
        if self._codes is None or self._weights is None:
            return {}
        return {"codes": self._codes, "weights": self._weights}

    def load(self, state: State) -> None:
        """Take over what another block of the same configuration learned.

        Args:
            state: What `state` returned there.

        Raises:
            InputError: When an array is missing, unknown, or of the wrong shape or order.
        """
        arrays = take(state, {"codes": (None,), "weights": (None,)}, self.name)
        codes, weights = arrays["codes"], arrays["weights"]
        ascending = codes.dtype == np.uint64 and bool((codes[1:] > codes[:-1]).all())
        if not ascending or not 0 < len(codes) == len(weights) <= self.config.width:
            raise InputError(
                f"The state for block `{self.name}` has {len(codes)} n-grams of type "
                f"{codes.dtype} and {len(weights)} weights; 1 to {self.config.width} ascending "
                "uint64 and as many weights are needed.",
                "load the state of a block with the same configuration, or fit it again",
            )
        self._codes = codes
        self._weights = np.asarray(weights, dtype=np.float32)

    def _census(self, values: Sequence[Words]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """All different n-grams, ascending, and how many texts hold each."""
        codes, texts_with = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        waiting: list[NDArray[np.uint64]] = []
        for start, part in _parts(values):
            waiting.append(self._count(part).code)
            is_last = start + len(part) == len(values)
            if is_last or sum(map(len, waiting)) > max(_MERGE, len(codes)):
                both = np.concatenate([codes, *waiting])
                known = np.concatenate([texts_with, np.ones(len(both) - len(codes), np.int64)])
                codes, which = np.unique(both, return_inverse=True)
                texts_with = np.zeros(len(codes), np.int64)
                np.add.at(texts_with, which, known)
                waiting = []
        return codes, texts_with

    def _count(self, values: Sequence[Words]) -> _Counts:
        """Count the n-grams of each text over all its language fields."""
        texts = [(place, text) for place, words in enumerate(values) for text in words.values()]
        grams = self.grams([text[:_LONGEST] for _, text in texts])
        owner = np.array([place for place, _ in texts], dtype=np.int64)[grams.owner]
        order = np.lexsort((grams.codes, owner))
        owner, code = owner[order], grams.codes[order]
        new = np.ones(len(code), dtype=bool)
        new[1:] = (owner[1:] != owner[:-1]) | (code[1:] != code[:-1])
        first = np.flatnonzero(new)
        return _Counts(owner[first], code[first], np.diff(first, append=len(code)))


def _parts(values: Sequence[Words]) -> Iterator[tuple[int, list[Words]]]:
    """Neighbouring texts of a bounded number of characters together, with their first place."""
    part: list[Words] = []
    size = 0
    for place, words in enumerate(values):
        part.append(words)
        size += sum(min(len(text), _LONGEST) for text in words.values())
        if size >= _CHARACTERS_AT_ONCE or place == len(values) - 1:
            yield place + 1 - len(part), part
            part, size = [], 0
