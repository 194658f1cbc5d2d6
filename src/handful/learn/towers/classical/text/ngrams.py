"""N-grams of Unicode text as 64-bit numbers, for any script, many texts at once.

Texts are folded first (NFKC and case folding), so that full-width letters, ligatures and capitals
do not matter. All texts of a batch are one long array of code points; no Python loop runs over
characters. Collisions of 64-bit numbers are ignored: among a million different n-grams the chance
of one is below one in ten million.
"""
# C code points, G n-grams

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_PLACE = np.uint64(0xD6E8FEB86659FD93)
_SPACE, _BREAK, _LETTER, _MARK, _ALONE, _UNSEEN = range(6)

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
"""Scripts written without spaces between words: each letter stands for itself."""


class Grams(NamedTuple):
    """N-grams of some texts, repeats included.

    Attributes:
        codes: `[G]` uint64, equal for equal n-grams in all batches and on all machines.
        owner: `[G]` int64, which text each stands in.
    """

    codes: NDArray[np.uint64]
    owner: NDArray[np.int64]


class _Letters(NamedTuple):
    """All texts, one after another.

    Attributes:
        codes: `[C]` uint64 code points.
        owner: `[C]` int64, which text each stands in.
        kind: `[C]` int8, one of the kinds above.
    """

    codes: NDArray[np.uint64]
    owner: NDArray[np.int64]
    kind: NDArray[np.int8]


def fold(text: str) -> str:
    """The text with compatibility forms and case folded away (Unicode NFKC of its case folding)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def character_grams(texts: Sequence[str], shortest: int, longest: int) -> Grams:
    """Runs of characters inside words, where a word is what stands between spaces.

    A word counts with one space before and after it, so that beginnings and ends are seen.

    Args:
        texts: Any Unicode text.
        shortest: Characters in the shortest n-gram, 1 or more; 2 is usual.
        longest: Characters in the longest one; 5 is usual.

    Returns:
        The n-grams of all texts.
    """
    letters = _letters(texts)
    inside = letters.kind != _SPACE
    starts = inside & ~_follows(inside, letters.owner)
    ends = inside & ~_leads(inside, letters.owner)
    room = inside + starts.astype(np.int64) + ends  # each letter, and a space at both ends
    place = np.cumsum(room) - room
    padded = np.full(int(room.sum()), ord(" "), dtype=np.uint64)
    padded[place[inside] + starts[inside]] = letters.codes[inside]
    owner = np.repeat(letters.owner, room)
    word = np.repeat(np.cumsum(starts), room)
    codes, owners = [], []
    letter_codes = _mix((padded + np.uint64(1)) * _GOLDEN)
    run = letter_codes
    for length in range(1, longest + 1):
        if length > 1:
            run = _mix(run[:-1] * _GOLDEN + letter_codes[length - 1 :])
        if length >= shortest:
            whole = word[: len(run)] == word[len(word) - len(run) :]
            codes.append(run[whole])
            owners.append(owner[: len(run)][whole])
    return Grams(np.concatenate(codes), np.concatenate(owners))


def word_grams(texts: Sequence[str], longest: int) -> Grams:
    """Words and runs of neighbouring words.

    A word is a run of letters, digits and the marks on them; a letter of a script written
    without spaces, and a symbol such as an emoji, is a word of its own.

    Args:
        texts: Any Unicode text.
        longest: Words in the longest run; 2 is usual.

    Returns:
        The n-grams of all texts.
    """
    letters = _letters(texts)
    inside = letters.kind >= _LETTER
    after = _follows(inside, letters.owner)
    alone = letters.kind == _ALONE
    marks = (letters.kind == _MARK) & after  # one that stands on nothing is a letter
    was_alone = _shifted(_carried(alone, marks))
    starts = inside & (~after | (~marks & (alone | was_alone)))
    first = np.flatnonzero(starts)
    if len(first) == 0:
        return Grams(np.zeros(0, np.uint64), np.zeros(0, np.int64))
    word = (np.cumsum(starts) - 1)[inside]
    within = (np.flatnonzero(inside) - first[word]).astype(np.uint64)
    parts = _mix(letters.codes[inside] * _GOLDEN + within * _PLACE)
    # Letters of one word stand together, and their sum wraps round, so it is exact.
    words = _mix(np.add.reduceat(parts, np.flatnonzero(np.diff(word, prepend=-1))))
    owner = letters.owner[first]
    codes, owners, run = [words], [owner], words
    for length in range(2, longest + 1):
        run = _mix(run[:-1] * _GOLDEN + words[length - 1 :])
        same = owner[: len(run)] == owner[len(owner) - len(run) :]
        codes.append(run[same])
        owners.append(owner[: len(run)][same])
    return Grams(np.concatenate(codes), np.concatenate(owners))


def _letters(texts: Sequence[str]) -> _Letters:
    folded = [fold(text) for text in texts]
    raw = "".join(folded).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(raw, dtype="<u4")
    lengths = np.array([len(text) for text in folded], dtype=np.int64)
    owner = np.repeat(np.arange(len(folded)), lengths)
    different, which = np.unique(codes, return_inverse=True)
    kinds = np.array([_kind(int(code)) for code in different], dtype=np.int8)
    kind = kinds[which]
    seen = kind != _UNSEEN
    return _Letters(codes[seen].astype(np.uint64), owner[seen].astype(np.int64), kind[seen])


@functools.cache
def _kind(code: int) -> int:
    letter = chr(code)
    category = unicodedata.category(letter)
    if category[0] in "LN" or letter == "_":
        unspaced = any(low <= code <= high for low, high in _UNSPACED)
        return _ALONE if unspaced else _LETTER
    if category in ("So", "Co", "Cn"):  # symbols, and emoji that this Python does not know yet
        return _ALONE
    if category[0] == "M":
        return _MARK
    if category == "Cf":
        return _UNSEEN
    return _SPACE if category[0] in "ZC" else _BREAK


def _follows(inside: NDArray[np.bool_], owner: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the code point before is inside a word of the same text."""
    before = _shifted(inside)
    before[1:] &= owner[1:] == owner[:-1]
    return before


def _leads(inside: NDArray[np.bool_], owner: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the code point after is inside a word of the same text."""
    return _follows(inside[::-1], owner[::-1])[::-1]


def _shifted(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    moved = np.zeros_like(flags)
    moved[1:] = flags[:-1]
    return moved


def _carried(alone: NDArray[np.bool_], marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`alone`, where a mark takes over from the letter it stands on."""
    letters = np.where(marks, 0, np.arange(len(marks)))
    return alone[np.maximum.accumulate(letters)]


def _mix(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64 bits one-to-one (splitmix64, Steele, Lea and Flood 2014)."""
    codes = (codes ^ (codes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    codes = (codes ^ (codes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return codes ^ (codes >> np.uint64(31))
