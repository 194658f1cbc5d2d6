"""Words against words: in what items say, in their names, and in what people answered.

A word of the query is compared with every different word of the library: `bowl` meets `Bowl`,
`bowls` and `teabowl`, and where enough runs of letters are shared also `boul`, in any language.
What an item gets for a word is the best of its matches, weighed as BM25 does: saying a word twice
helps a little, saying it in a long text counts a little less.
Source: BM25, Robertson & Zaragoza, 2009; edits with swaps, Damerau, 1964.
"""
# N items, V different words, P pairs of an item and a word it holds

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.learn.towers.classical.text.ngrams import character_grams, fold

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts written without spaces between words: each letter stands for itself."""

_LITERAL = 4
"""Words shorter than this are taken literally: one letter makes another word of them."""
_LONG = 8
"""Words from this length on may hold two mistakes; shorter ones hold one."""
_RELATED = 0.8
"""How alike a word is to one that it is a part of or a longer form of, such as `bowl`, `bowls`."""
_RUNS = 0.25
"""Words that share fewer runs of two letters than this are not looked at more closely."""
_SATURATION = 0.2
_LENGTH = 0.4


def split(text: str) -> list[str]:
    """The words of a text, folded so that capitals and forms do not matter.

    Args:
        text: Any Unicode text.
    """
    words, run = [], ""
    for letter in fold(text):
        kind = _kind(letter)
        if kind == "letter":
            run += letter
            continue
        words += [run] if run else []
        run = ""
        if kind == "alone":
            words.append(letter)
    return [*words, run] if run else words


@cache
def _kind(letter: str) -> str:
    """`letter` for what words are made of, `alone` for a word of one sign, or `break`."""
    category = unicodedata.category(letter)
    if _UNSPACED.match(letter) or category == "So":
        return "alone"
    return "letter" if category[0] in "LMN" else "break"


def alikeness(word: str, known: Sequence[str], runs: Runs | None = None) -> NDArray[np.float64]:
    """How far other words may be the same word, misspelt, inflected or compounded.

    Args:
        word: Folded.
        known: `V` folded words.
        runs: Of these words, where they are asked about often.

    Returns:
        `[V]`: 1 for the same word, 0.8 for a related one, less for a misspelt one, 0 for others.
    """
    found = np.zeros(len(known))
    if not len(known):
        return found
    runs = runs or Runs.of(known)
    found[runs.places_of.get(word, [])] = 1.0
    if len(word) < _LITERAL:
        return found
    for place in np.flatnonzero(runs.shared(word) >= _RUNS).tolist():
        other = known[place]
        if len(other) >= _LITERAL and other != word:
            related = word in other or (word.startswith(other) and 3 * len(other) >= 2 * len(word))
            found[place] = _RELATED if related else _misspelt(word, other)
    return found


class Runs(NamedTuple):
    """The runs of two letters of many words, ready to be looked up.

    Attributes:
        codes: `[R]` runs, rising.
        owner: `[R]` the word that each is in.
        sizes: `[V]` how many different runs a word has.
        places_of: Word to its places.
    """

    codes: NDArray[np.uint64]
    owner: NDArray[np.intp]
    sizes: NDArray[np.intp]
    places_of: dict[str, list[int]]

    @classmethod
    def of(cls, known: Sequence[str], looked_at: NDArray[np.bool_] | None = None) -> Runs:
        """Collect them.

        Args:
            known: `V` folded words.
            looked_at: `[V]` false for words that are only ever taken literally.
        """
        places: dict[str, list[int]] = {}
        for place, word in enumerate(known):
            places.setdefault(word, []).append(place)
        rows = np.arange(len(known)) if looked_at is None else np.flatnonzero(looked_at)
        grams = character_grams([known[row] for row in rows.tolist()], 2, 2)
        pairs = np.unique(np.stack([grams.codes, grams.owner.astype(np.uint64)]), axis=1)
        owner = rows[pairs[1].astype(np.intp)] if len(rows) else np.zeros(0, np.intp)
        return cls(pairs[0], owner, np.bincount(owner, minlength=len(known)), places)

    def shared(self, word: str) -> NDArray[np.float64]:
        """`[V]` share of the runs of the shorter word that the other has too."""
        own = np.unique(character_grams([word], 2, 2).codes)
        starts = np.searchsorted(self.codes, own)
        stops = np.searchsorted(self.codes, own, side="right")
        held = [self.owner[start:stop] for start, stop in zip(starts, stops, strict=True)]
        hits = np.concatenate(held) if held else np.zeros(0, np.intp)
        common = np.bincount(hits, minlength=len(self.sizes))
        return common / np.maximum(np.minimum(self.sizes, len(own)), 1)


def _misspelt(word: str, other: str) -> float:
    """Less the more of the word is wrong; 0 when that is more than a slip."""
    length = min(len(word), len(other))
    allowed = 2 if length >= _LONG else 1
    if abs(len(word) - len(other)) > allowed:
        return 0.0
    wrong = _edits(word, other)
    return (1 - wrong / length) ** 3 if wrong <= allowed else 0.0


def _edits(first: str, second: str) -> int:
    """Letters to insert, drop, replace, or swap with a neighbour."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(second, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


class Said(NamedTuple):
    """How one word of a query fares with every item.

    Attributes:
        strength: `[N]` from 0 to 1.
        words: `[N]` place in the vocabulary of the word that matched best; -1 for none.
    """

    strength: NDArray[np.float64]
    words: NDArray[np.intp]


class WordIndex:
    """One text per item, ready to be asked for words.

    Args:
        texts: `N` texts, empty where an item has none.
        weigh_length: Whether a word in a long text counts less; names and answers are too short.
    """

    def __init__(self, texts: Sequence[str], *, weigh_length: bool = True) -> None:
        self._items = len(texts)
        self._shown: dict[str, str] = {}
        places: dict[str, int] = {}
        pairs: list[tuple[int, int, int]] = []
        lengths = np.zeros(len(texts))
        for row, text in enumerate(texts):
            words = split(text)
            lengths[row] = len(words)
            # Neighbours joined, so that `tea pot` is found as `teapot`.
            joined = {a + b: f"{a} {b}" for a, b in pairwise(words)}
            self._shown |= joined
            counts = Counter([*words, *joined])
            pairs += [(row, places.setdefault(word, len(places)), n) for word, n in counts.items()]
            self._shown |= {word: word for word in words}
        self.vocabulary = list(places)
        table = np.array(pairs, dtype=np.intp).reshape(-1, 3)
        self._row, self._word = table[:, 0], table[:, 1]
        mean = lengths[lengths > 0].mean() if (lengths > 0).any() else 1.0
        relative = (lengths / mean)[self._row]
        damp = _SATURATION * (1 - _LENGTH + _LENGTH * relative) if weigh_length else 0.0
        self._weight = table[:, 2] / (table[:, 2] + damp) if len(table) else np.zeros(0)
        self._is_joined = np.array([" " in self.shown(n) for n in range(len(places))], dtype=bool)
        self._runs = Runs.of(self.vocabulary, ~self._is_joined)
        order = np.argsort(self._word, kind="stable")
        self._row, self._word, self._weight = (
            each[order] for each in (self._row, self._word, self._weight)
        )
        self._starts = np.searchsorted(self._word, np.arange(len(places) + 1))

    def shown(self, place: int) -> str:
        """A word of the vocabulary as items write it.

        Args:
            place: In the vocabulary.
        """
        return self._shown[self.vocabulary[place]]

    def ask(self, word: str) -> Said:
        """How far each item says a word.

        Args:
            word: Folded, as `split` gives it.
        """
        alike = alikeness(word, self.vocabulary, self._runs)
        strength = np.zeros(self._items)
        best = np.full(self._items, -1, dtype=np.intp)
        alike[self._is_joined & (alike < 1)] = 0  # neighbours say a word, or they do not
        meant = np.flatnonzero(alike).tolist()
        if not meant:
            return Said(strength, best)
        held = [np.arange(self._starts[place], self._starts[place + 1]) for place in meant]
        pairs = np.concatenate(held)
        value = alike[self._word[pairs]] * self._weight[pairs]
        # The strongest comes last, and the last one written stays.
        order = np.argsort(value, kind="stable")
        pairs = pairs[order]
        strength[self._row[pairs]] = value[order]
        best[self._row[pairs]] = self._word[pairs]
        return Said(strength, best)
