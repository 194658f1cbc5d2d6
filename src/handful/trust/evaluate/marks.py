"""Answers beside the truth, as arrays that measures can count.

Two things are kept apart: the `guess`, which is the most probable class and always there, and
what was `spoken`, which is nothing where the answer was "not sure".
"""
# N answers, K classes

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import UsageError
from handful.foundation.goal import NOT_SURE
from handful.foundation.predictor import Answer, Level

_SLACK = 1e-3


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Marks:
    """N answers beside their truth.

    Attributes:
        classes: K class names: the predictor's own, then those that only the truth knows.
        known: How many of them are the predictor's own.
        truth: `[N]` class index.
        guess: `[N]` class index of the best guess.
        spoken: `[N]` class index, or `NOT_SURE`.
        probabilities: `[N, K]`; 0 for classes the predictor does not know.
        levels: `[N]` how sure, as words.
        stated: `[N]` stated error rate; not a number where none was stated.
    """

    classes: tuple[str, ...]
    known: int
    truth: NDArray[np.intp]
    guess: NDArray[np.intp]
    spoken: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    levels: NDArray[np.str_]
    stated: NDArray[np.float64]

    @property
    def right(self) -> NDArray[np.bool_]:
        """`[N]` whether the best guess is the truth."""
        return self.guess == self.truth

    @property
    def answered(self) -> NDArray[np.bool_]:
        """`[N]` whether something else than "not sure" was said."""
        return self.spoken != NOT_SURE

    @property
    def confidence(self) -> NDArray[np.float64]:
        """`[N]` probability of the best guess."""
        return self.probabilities[np.arange(len(self.guess)), self.guess]


def mark(answers: Sequence[Answer], truths: Sequence[str], classes: Sequence[str]) -> Marks:
    """Lay answers beside the truth.

    Args:
        answers: N answers.
        truths: N class names.
        classes: The classes that the predictor knows.

    Returns:
        The marks.
    """
    known = (*classes, *sorted(set(truths) - set(classes)))
    place = {name: index for index, name in enumerate(known)}
    probabilities = np.zeros((len(answers), len(known)))
    for row, answer in enumerate(answers):
        for name, value in answer.probabilities.items():
            probabilities[row, place[name]] = value
    guess = np.array([place[answer.label] for answer in answers], dtype=np.intp)
    silent = np.array([answer.level == Level.NOT_SURE for answer in answers], dtype=bool)
    stated = [math.nan if one.error_rate is None else one.error_rate for one in answers]
    return Marks(
        classes=known,
        known=len(classes),
        truth=np.array([place[truth] for truth in truths], dtype=np.intp),
        guess=guess,
        spoken=np.where(silent, NOT_SURE, guess),
        probabilities=probabilities,
        levels=np.array([str(answer.level) for answer in answers]),
        stated=np.array(stated, dtype=np.float64),
    )


def check_answer(answer: Answer, case: str, name: str, classes: Sequence[str]) -> None:
    """Refuse an answer that breaks the promise every predictor makes.

    Args:
        answer: What was answered.
        case: The id of the case.
        name: The predictor's name.
        classes: The classes that the predictor knows.

    Raises:
        UsageError: When a label is unknown, or probabilities are not finite or do not sum to 1.
    """
    values = list(answer.probabilities.values())
    unknown = sorted({answer.label, *answer.probabilities} - set(classes))
    if unknown:
        why = f"it speaks of {unknown}, and its classes are {sorted(classes)[:8]}"
    elif answer.label not in answer.probabilities:
        why = f'it says "{answer.label}" and gives that no probability'
    elif not all(math.isfinite(value) and -_SLACK <= value <= 1 + _SLACK for value in values):
        why = f"its probabilities must lie between 0 and 1, and they are {values[:8]}"
    elif abs(sum(values) - 1) > _SLACK * max(1, len(values)):
        why = f"its probabilities must sum to 1, and they sum to {sum(values):.4f}"
    else:
        return
    raise UsageError(
        f'"{name}" gave an answer to case "{case}" that cannot be used: {why}.',
        "this is a fault of the predictor, not of the case",
    )
