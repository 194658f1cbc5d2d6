"""Which items a run learns from, and what their labels say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.library.answers import Answers, answers_of
from handful.data.library.holding import as_used
from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.data.library.splits import HELD_BACK, torn
from handful.data.library.twins.look import Twins
from handful.data.library.units import copies_of, units_of
from handful.foundation.errors import InputError, UsageError, did_you_mean


class LeftOut(NamedTuple):
    """Items that take no part: copies that would stand on both sides of a measure, and more.

    Attributes:
        held_back: How many are copies of items that are held back for a test.
        in_groups: How many are copies of items in another group, which are kept instead.
        expired: How many show people whose consent no longer holds.
    """

    held_back: int = 0
    in_groups: int = 0
    expired: int = 0

    def sentences(self) -> list[str]:
        """What a person should know of it."""
        said = []
        if self.held_back:
            said.append(
                f"{self.held_back} items were not trained on, because copies of them are held back "
                "for a test."
            )
        if self.in_groups:
            said.append(
                f"{self.in_groups} items were not trained on, because copies of them lie in other "
                "groups, and the same thing must not be learned from and measured on."
            )
        if self.expired:
            said.append(
                f"{self.expired} items were not trained on, because the consent of the people in "
                "them has expired."
            )
        return said


class Labelled(NamedTuple):
    """The items a run learns from.

    Attributes:
        items: Every usable item that is not held back for a test, labelled or not.
        rows: Places in `items` of those with a label.
        labels: Class number of each.
        classes: The class names, sorted.
        groups: What each item must stay together with: its group, and copies of it.
        left_out: Copies that take no part.
        answers: What counts of what people said, and about what they do not agree.
    """

    items: list[Item]
    rows: NDArray[np.intp]
    labels: NDArray[np.intp]
    classes: tuple[str, ...]
    groups: NDArray[Any]
    left_out: LeftOut
    answers: Answers = Answers({})

    def sentences(self) -> list[str]:
        """What a person should know of the choice."""
        return [*self.left_out.sentences(), *self.answers.sentences()]


def gather(
    library: Library,
    task: str,
    *,
    twins: Twins | None = None,
    per_class: int | None = None,
    seed: int = 0,
    day: date | None = None,
    names: Sequence[str] = (),
) -> Labelled:
    """Pick the items to learn from, and say what is wrong with their labels.

    Items in the splits `test`, `holdout` and `out` are left out altogether: neither their labels
    nor their files take part. So are items of which a copy is held back, and of copies that lie in
    several groups, all but those of one group.

    Args:
        library: The items.
        task: Whose labels; empty for none.
        twins: Contents that are the same thing; only groups and equal items count when left out.
        per_class: Only so many labels of each class; all when None.
        seed: Decides which.
        day: On which consents must hold; today when left out.
        names: Answers that are possible, whether or not an item has them. With two or more, labels
            may be missing altogether; where they show fewer than two answers they are not used.

    Raises:
        InputError: When there are no items, or too few labels.
        UsageError: When no item has an answer to the task and no names were given, or a name is
            empty or there is one only.
    """
    known = library.items(with_quarantined=True)
    every = [item for item in known if item.usable]
    copies = copies_of(map(as_used, known), twins)  # what is set aside may be measured on again
    held = set(chain(*torn(copies, {item.id: item.split for item in known}).values()))
    held &= {item.id for item in every}
    items = [item for item in every if item.split not in HELD_BACK and item.id not in held]
    able = len(items)
    items = [item for item in items if not item.consent.has_expired(day or date.today())]
    expired = able - len(items)
    spare = _spare(items, copies, task)
    items = [item for item in items if item.id not in spare]
    left_out = LeftOut(len(held), len(spare), expired)
    if not items:
        raise InputError("The library holds no items to learn from.", "handful add FOLDER")
    units = units_of(items, copies)
    groups = np.array([units[item.id] for item in items])
    if not task:
        nothing = np.zeros(0, dtype=np.intp)
        return Labelled(items, nothing, nothing, (), groups, left_out)
    settled = answers_of(items, task)
    answers = [settled.counting.get(item.id) for item in items]
    rows = np.array([row for row, answer in enumerate(answers) if answer], dtype=np.intp)
    if names:
        _require_names(task, names)
        if len({answer for answer in answers if answer}) < 2:
            rows = rows[:0]
    else:
        _require_labels(task, items, answers, len(rows))
    said = [str(answers[row]) for row in rows]
    classes = np.array(sorted({*said, *names}))
    labels = np.searchsorted(classes, said).astype(np.intp)
    if per_class is not None:
        chosen = draw(labels, groups[rows], per_class, seed)
        rows, labels = rows[chosen], labels[chosen]
    return Labelled(items, rows, labels, tuple(map(str, classes)), groups, left_out, settled)


def _spare(items: Sequence[Item], copies: Mapping[str, str], task: str) -> set[str]:
    """Of copies in several groups, those outside the group that has most labels of them."""
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(copies[item.id], []).append(item)
    spare = set()
    for same in found.values():
        groups = {item.group for item in same if item.group}
        if len(groups) > 1:
            labels = Counter(item.group for item in same if item.label(task) is not None)
            best = min(groups, key=lambda group: (-labels[group], group))
            spare |= {item.id for item in same if item.group and item.group != best}
    return spare


def draw(
    labels: NDArray[np.intp], groups: NDArray[Any], per_class: int, seed: int
) -> NDArray[np.intp]:
    """Pick so many labelled rows per class, from as many different groups as there are.

    Args:
        labels: `[N]` class numbers.
        groups: `[N]` group of each.
        per_class: How many of each class, at most.
        seed: Decides which.

    Returns:
        The rows, ascending.
    """
    dice = np.random.default_rng(seed)
    chosen: list[int] = []
    for number in np.unique(labels):
        rows = dice.permutation(np.flatnonzero(labels == number))
        taken: dict[Any, int] = {}
        turn = []
        for row in rows:
            taken[groups[row]] = taken.get(groups[row], 0) + 1
            turn.append(taken[groups[row]])
        order = np.argsort(turn, kind="stable")
        chosen += rows[order][:per_class].tolist()
    return np.array(sorted(chosen), dtype=np.intp)


def _require_names(task: str, names: Sequence[str]) -> None:
    if len(set(names)) < 2 or not all(name.strip() for name in names):
        raise UsageError(
            f'For "{task}" {len(set(names))} possible answer was named ({", ".join(names)}), and '
            "two or more are needed, none of them empty.",
            "name every answer that is possible",
        )


def _require_labels(
    task: str, items: Sequence[Item], answers: Sequence[str | None], count: int
) -> None:
    if not count:
        known = {label.task for item in items for label in item.labels}
        hint = did_you_mean(task, known) if known else "no item has a label yet; add some first"
        raise UsageError(f'No item has an answer to "{task}".', hint)
    classes = {answer for answer in answers if answer}
    if len(classes) < 2:
        raise InputError(
            f'All {count} labels of "{task}" say "{next(iter(classes))}", and two different '
            "answers are needed.",
            "label some items that are something else",
        )
