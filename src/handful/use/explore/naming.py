"""A name for a group of items: the word that its texts and names have and others have not."""
# N items, G groups

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from handful.data.library.items import Item
from handful.use.explore.words import split

_SHARE = 0.25
"""At least this share of a group's items must hold the word."""
_FEWEST = 3
_LIFT = 2.0
"""And it must be so many times as common in the group as outside of it."""
_SHORTEST = 3


def suggest(items: Sequence[Item], members: Sequence[Sequence[int]]) -> list[str]:
    """Name groups by their own words.

    Args:
        items: `N` of them.
        members: Rows of each group.

    Returns:
        One word per group, or two where both belong together; empty where no word tells it apart.
    """
    words = [_words(item) for item in items]
    everywhere = Counter(word for held in words for word in held)
    found: list[str] = []
    for rows in members:
        inside = Counter(word for row in rows for word in words[row])
        telling = _telling(inside, everywhere, len(rows), len(items))
        found.append(", ".join(telling[:2]))
    return found


def _telling(inside: Counter[str], everywhere: Counter[str], size: int, items: int) -> list[str]:
    """Words of a group that others have much less, the most telling first."""
    outside = max(items - size, 1)
    scored = []
    for word, held in inside.items():
        share = held / size
        elsewhere = (everywhere[word] - held) / outside
        if held >= _FEWEST and share >= _SHARE and share >= _LIFT * elsewhere:
            scored.append((share - elsewhere, word))
    scored.sort(key=lambda each: (-each[0], each[1]))
    best = scored[0][0] if scored else 0.0
    return [word for gain, word in scored if gain >= 0.75 * best]


def _words(item: Item) -> set[str]:
    """The different words of an item's text and name; numbers name nothing."""
    text = " ".join([item.key, *item.words.values()])
    found = {word for word in split(text) if not any(sign.isdigit() for sign in word)}
    return {word for word in found if len(word) >= _SHORTEST or not word.isascii()}
