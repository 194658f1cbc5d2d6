"""Which items a run learns from, and what their labels say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item, Split
from handful.data.library.library import Library
from handful.foundation.errors import InputError, UsageError, did_you_mean

_HELD_BACK = (Split.TEST, Split.HOLDOUT)


class Labelled(NamedTuple):
    """The items a run learns from.

    Attributes:
        items: Every usable item that is not held back for a test, labelled or not.
        rows: Places in `items` of those with a label.
        labels: Class number of each.
        classes: The class names, sorted.
        groups: Group of every item.
    """

    items: list[Item]
    rows: NDArray[np.intp]
    labels: NDArray[np.intp]
    classes: tuple[str, ...]
    groups: NDArray[Any]


def gather(library: Library, task: str, *, per_class: int | None = None, seed: int = 0) -> Labelled:
    """Pick the items to learn from, and say what is wrong with their labels.

    Items in the splits `test` and `holdout` are left out altogether: neither their labels nor
    their files take part.

    Args:
        library: The items.
        task: Whose labels; empty for none.
        per_class: Only so many labels of each class; all when None.
        seed: Decides which.

    Raises:
        InputError: When there are no items, or too few labels.
        UsageError: When no item has an answer to the task.
    """
    items = [item for item in library.items() if item.usable and item.split not in _HELD_BACK]
    if not items:
        raise InputError("The library holds no items to learn from.", "handful add FOLDER")
    groups = np.array([item.group or item.id for item in items])
    if not task:
        nothing = np.zeros(0, dtype=np.intp)
        return Labelled(items, nothing, nothing, (), groups)
    answers = [item.label(task) for item in items]
    rows = np.array([row for row, answer in enumerate(answers) if answer], dtype=np.intp)
    _require_labels(task, items, answers, len(rows))
    classes, labels = np.unique([str(answers[row]) for row in rows], return_inverse=True)
    labels = labels.astype(np.intp)
    if per_class is not None:
        chosen = draw(labels, groups[rows], per_class, seed)
        rows, labels = rows[chosen], labels[chosen]
    return Labelled(items, rows, labels, tuple(map(str, classes)), groups)


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
