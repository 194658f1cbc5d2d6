"""The next items worth an answer: most because they teach, every third one drawn by chance.

What teaches is in doubt, typical of many others, and not like what was answered already. What is
drawn by chance teaches less and shows more: only such answers say how often the model is right, so
only they count for what is promised. Without a run that answers the task, what is typical comes
first; without any run, all are drawn by chance.
"""
# N items, K answers

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item
from handful.data.library.splits import HELD_BACK
from handful.numerics.decide.worth import choose, doubt, typical
from handful.numerics.linear.blocks import unit_rows
from handful.numerics.linear.kernels import Blocks
from handful.use.explore.asked import CHANCE, TEACHES
from handful.use.explore.survey import Survey

EVERY = 3
"""Every so manieth question is drawn by chance."""


class Question(NamedTuple):
    """One item to ask about.

    Attributes:
        item: The item.
        why: `chance` or `teaches`.
        guess: What the run would say; empty where no run answers the task.
        share: How probable that is.
    """

    item: Item
    why: str
    guess: str = ""
    share: float = 0.0

    @property
    def reason(self) -> str:
        """Why it is asked, in words."""
        if self.why == CHANCE:
            return "drawn by chance, to see how often I am right"
        if self.guess:
            return f"I would say {self.guess} ({self.share:.0%}), and like it there are others"
        return "typical of many others"


def questions(
    items: Sequence[Item],
    answered: Collection[str],
    copies: Mapping[str, str],
    count: int,
    *,
    seen: Survey | None = None,
    classes: Sequence[str] = (),
    start: int = 0,
    seed: int = 0,
) -> list[Question]:
    """Choose what to ask next.

    Items that are held back for a test are not asked about, of copies only one is, and none of
    which a copy is answered.

    Args:
        items: All usable items of the library.
        answered: Ids of those with an answer that counts.
        copies: Item id to a name that it shares with its copies.
        count: How many questions.
        seen: All items as a run sees them; None where there is none.
        classes: What the run answers; empty where it learned without labels or another task.
        start: How many were asked before, so that every third stays every third.
        seed: Draws those by chance.

    Returns:
        At most `count`, the one to ask first first.
    """
    known = {copies[item.id] for item in items if item.id in answered}
    waiting: dict[str, Item] = {}
    dice = np.random.default_rng([seed, start, len(answered)])
    for place in dice.permutation(len(items)):
        item = items[place]
        is_free = item.split not in HELD_BACK and item.id not in answered
        if is_free and copies[item.id] not in known:
            waiting.setdefault(copies[item.id], item)
    drawn = list(waiting.values())
    turns = [CHANCE if (start + at) % EVERY == EVERY - 1 else TEACHES for at in range(count)]
    if seen is None:
        return [Question(item, CHANCE) for item in drawn[:count]]
    said = seen.said.get("") if classes else None
    teaching = _teaching(drawn, answered, seen, said, turns.count(TEACHES))
    at = {item.id: place for place, item in enumerate(seen.items)}
    taken = {item.id for item in teaching}
    chance = (item for item in drawn if item.id not in taken)
    found: list[Question] = []
    for turn in turns:
        is_chance = turn == CHANCE or not teaching
        item = next(chance, None) if is_chance else teaching.pop(0)
        if item is not None:
            why = CHANCE if is_chance else TEACHES
            found.append(_asked(item, why, said, at.get(item.id), classes))
    return found


def _teaching(
    drawn: Sequence[Item],
    answered: Collection[str],
    seen: Survey,
    said: NDArray[np.float32] | None,
    count: int,
) -> list[Item]:
    rows = rows_of(seen.latents)
    worth = typical(rows)
    if said is not None:
        worth = worth * doubt(said)
    free = {item.id for item in drawn}
    is_open = np.array([item.id in free for item in seen.items])
    known = np.flatnonzero([item.id in answered for item in seen.items])
    places = choose(worth, rows, count, answered=known, open_=is_open)
    return [seen.items[place] for place in places]


def rows_of(latents: Blocks) -> NDArray[np.float32]:
    """What is known of each item, modalities side by side.

    Args:
        latents: Modality to `plain`, `[N, D]` with presence.

    Returns:
        `[N, sum of D]`, of length one where an item has all modalities and shorter where it lacks
        some: who knows less of an item learns less from it.
    """
    blocks = [named["plain"] for named in latents.values()]
    shown = [np.where(block.present[:, None], block.values, 0) for block in blocks]
    joined = np.concatenate([unit_rows(rows) for rows in shown], axis=1)
    return (joined / len(blocks) ** 0.5).astype(np.float32)


def _asked(
    item: Item,
    why: str,
    said: NDArray[np.float32] | None,
    place: int | None,
    classes: Sequence[str],
) -> Question:
    if said is None or place is None:
        return Question(item, why)
    best = int(said[place].argmax())
    return Question(item, why, classes[best], round(float(said[place, best]), 4))
