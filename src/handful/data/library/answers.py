"""The answer that counts for each item when several people were asked and do not agree.

Of what was said of an item, only the most trusted kind counts, as everywhere; what one person says
later takes the place of what they said before. Where several people's answers stand, each is
believed as far as they agree with others elsewhere. Where that leaves it open, the item counts as
unanswered and is named, so that somebody looks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handful.data.library.items import Item, Label, most_trusted
from handful.foundation.wording import listed
from handful.numerics.stats.annotators import believe

_OPEN = 0.6
"""An answer less probable than this settles nothing."""
_COMPARED = 5
"""Answers that somebody else gave as well, below which nothing is said of an annotator."""
_POOR = 0.7
"""Who is right less often than this is named."""


class Annotator(NamedTuple):
    """One person, or one source of answers.

    Attributes:
        name: Who.
        answers: How many of their answers stand.
        compared: How many of those somebody else answered as well.
        trust: How often they are right, as far as others can tell.
    """

    name: str
    answers: int
    compared: int
    trust: float


class Dispute(NamedTuple):
    """One item about which people do not agree.

    Attributes:
        item: Its id.
        key: What it is called where it came from.
        said: Who says what, in the order in which they said it.
        answer: What is most probable.
        share: How probable that is.
    """

    item: str
    key: str
    said: tuple[tuple[str, str], ...]
    answer: str
    share: float

    @property
    def is_open(self) -> bool:
        """Whether nothing is probable enough to count."""
        return self.share < _OPEN

    @property
    def text(self) -> str:
        """It in plain words."""
        said = listed(f"{who} says {what}" for who, what in self.said)
        counts = "so it waits" if self.is_open else f"so {self.answer} counts"
        return f'"{self.key}": {said}; {counts}.'


@dataclass(frozen=True, slots=True)
class Answers:
    """What counts, for one task.

    Attributes:
        counting: Item id to the answer that counts.
        disputes: Items about which people do not agree, the most open first.
        annotators: Everybody who said something, by name.
    """

    counting: dict[str, str]
    disputes: tuple[Dispute, ...] = ()
    annotators: tuple[Annotator, ...] = ()

    def sentences(self) -> list[str]:
        """What a person should know of it; nothing where all agree."""
        if not self.disputes:
            return []
        waiting = sum(each.is_open for each in self.disputes)
        said = [
            f"People do not agree about {len(self.disputes)} items; {waiting} of them wait for "
            "another look, the others follow whom others bear out."
        ]
        poor = [
            f"{each.name} ({each.trust:.0%} of {each.compared} compared)"
            for each in self.annotators
            if each.compared >= _COMPARED and each.trust < _POOR
        ]
        if poor:
            said.append(f"Often against the others: {listed(poor)}.")
        return said


def answers_of(items: Iterable[Item], task: str) -> Answers:
    """Settle what counts for every item.

    Args:
        items: Of a library.
        task: What was answered, such as `grade`.
    """
    said = [(item, most_trusted(item.labels, task)) for item in items]
    told = [_Told(item, standing) for item, standing in said if standing]
    if not any(each.is_disputed for each in told):
        return Answers({each.item.id: each.latest for each in told}, annotators=_alike(told))
    return _settled(told)


class _Told(NamedTuple):
    """What stands of one item: one statement by each who said something, oldest first."""

    item: Item
    standing: list[Label]

    @property
    def latest(self) -> str:
        return _value(self.standing[-1])

    @property
    def is_disputed(self) -> bool:
        return len(set(map(_value, self.standing))) > 1


def _settled(told: Sequence[_Told]) -> Answers:
    rows = [(place, label) for place, each in enumerate(told) for label in each.standing]
    people, who = np.unique([label.annotator for _, label in rows], return_inverse=True)
    classes, what = np.unique([_value(label) for _, label in rows], return_inverse=True)
    belief = believe([place for place, _ in rows], who, what, len(classes))
    counting, disputes = {}, []
    for each, likely in zip(told, belief.likely, strict=True):
        if not each.is_disputed:
            counting[each.item.id] = each.latest
            continue
        said = tuple((label.annotator, _value(label)) for label in each.standing)
        answer, share = str(classes[likely.argmax()]), round(float(likely.max()), 4)
        disputes.append(Dispute(each.item.id, each.item.key, said, answer, share))
        if not disputes[-1].is_open:
            counting[each.item.id] = answer
    given = np.bincount(who, minlength=len(people)).tolist()
    trust = np.round(belief.trust, 4).tolist()
    found = zip(map(str, people), given, belief.compared.tolist(), trust, strict=True)
    return Answers(
        counting,
        tuple(sorted(disputes, key=lambda each: (each.share, each.key))),
        tuple(Annotator(*each) for each in found),
    )


def _alike(told: Iterable[_Told]) -> tuple[Annotator, ...]:
    """Everybody, where nobody contradicts anybody."""
    given: dict[str, list[bool]] = {}
    for each in told:
        for label in each.standing:
            given.setdefault(label.annotator, []).append(len(each.standing) > 1)
    return tuple(
        Annotator(name, len(shared), sum(shared), 1.0) for name, shared in sorted(given.items())
    )


def _value(label: Label) -> str:
    assert label.value is not None
    return label.value
