"""Which answers may be called sure, with an error rate that is promised rather than hoped for.

Use when: there are answers checked by a person (or made out of fold) with their confidences. The
lowest confidence threshold is chosen whose error among accepted answers has an upper bound at or
below the target, at the stated assurance, although the threshold was chosen on the same answers.
45 right answers in a row promise 95 % at 90 % assurance; 15 promise nothing.

How. Candidate thresholds are tested one after the other, strictest first; one is proven when so
few errors would be unlikely at the target error. Most of the allowance for false proofs starts at
the threshold that looks safest from the confidences alone (no verdict is used for that), some at
stricter ones in case the confidences flatter. Every proof hands its allowance on to the next
looser threshold, every failure ends the chain. Whatever is proven is proven together.

Groups. Answers about one group err together. Accepted answers count as n / (1 + (m - 1) c), where m
is the size of a typical answer's group and c how alike errors within groups are, beyond what
confidence explains: estimated from the accepted answers and as many again, plus one standard
error, and 1 when there is nothing to judge it by. Simulated with unseen groups (20 to 600 groups
of 1 to 30, group effects from none to overwhelming): the promise broke in at most 4 % of runs
where 10 % are allowed, against up to 28 % when groups are ignored.

Source: Learn then test, Angelopoulos et al., 2021; fallback procedure, Wiens & Dmitrienko, J.
Biopharm. Stat. 2005; design effect, Kish 1965; interval, Clopper & Pearson 1934.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf, log
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

from handful.foundation.errors import InputError, require

_STEP = 1.1
"""Accepted counts grow by this factor from one candidate to the next."""
_MAIN = 0.75
"""Share of the allowance that starts at the safest-looking threshold."""
_FEW_ERRORS = 5
"""With fewer errors than this, likeness within groups is judged by all answers."""


class Level(NamedTuple):
    """One thing an answer can be called.

    Attributes:
        name: Shown to people.
        error: Largest share of wrong answers among those called so.
    """

    name: str
    error: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What may be promised, and how firmly."""

    levels: tuple[Level, ...] = (Level("sure", 0.05), Level("fairly sure", 0.2))
    """Strictest first; answers that reach none are "not sure"."""
    assurance: float = 0.9
    """How often a promise must hold, over repetitions of the checking; 0.8 to 0.99."""

    def __post_init__(self) -> None:
        require(len(self.levels) > 0, "levels", self.levels, "one level or more")
        errors = [level.error for level in self.levels]
        rising = all(strict < loose for strict, loose in pairwise(errors))
        require(
            rising and all(0 < error < 1 for error in errors),
            "levels",
            errors,
            "errors between 0 and 1, strictest first",
        )
        require(0.5 <= self.assurance < 1, "assurance", self.assurance, "from 0.5 to below 1")


@dataclass(frozen=True, slots=True)
class Promise:
    """What was found out about one level.

    Attributes:
        name: Of the level.
        target: Largest share of wrong answers allowed.
        assurance: How often such a promise holds.
        threshold: Confidence from which answers reach the level; infinite when nothing can be
            promised.
        answers: Checked answers in the level.
        groups: Groups they come from.
        errors: How many of them were wrong.
        bound: Upper bound on the error rate at the level's assurance; 1 without a promise.
        share: Share of all checked answers that reach the level.
        more_answers: About how many more randomly drawn answers to check before the promise can
            be made, if errors stay as they are; 0 with a promise, None when no number will do
            because even the most confident answers are wrong too often.
        attainable: Without a promise, the smallest share of wrong answers that some threshold
            could have been said to keep on these answers; 1 when not even that is known.
    """

    name: str
    target: float
    assurance: float
    threshold: float
    answers: int
    groups: int
    errors: int
    bound: float
    share: float
    more_answers: int | None
    attainable: float = 1.0

    @property
    def holds(self) -> bool:
        """Whether the level may be used at all."""
        return self.threshold < inf

    @property
    def sentence(self) -> str:
        """The finding in words."""
        if self.holds:
            return (
                f"{self.name}: {self.errors} of {self.answers} checked answers were wrong; "
                f"at most {self.bound:.1%} are, at {self.assurance:.0%} assurance."
            )
        if self.more_answers is None:
            away = ""
            if self.attainable < 1:
                short = self.attainable - self.target
                away = (
                    f" The best promise to be had is at most {self.attainable:.0%} wrong, "
                    f"{100 * short:.0f} points too many."
                )
            return (
                f"{self.name}: cannot promise at most {self.target:.0%} wrong; even the most "
                f"confident answers are wrong too often, or errors run in too few groups.{away}"
            )
        return (
            f"{self.name}: cannot promise at most {self.target:.0%} wrong yet; about "
            f"{self.more_answers} more checked answers are needed."
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """One promise per level, strictest first; below all of them is "not sure".

    Attributes:
        promises: In the order of the config.
    """

    promises: tuple[Promise, ...]

    @classmethod
    def fit(
        cls,
        confidence: NDArray[np.floating],
        right: NDArray[np.bool_],
        groups: NDArray | None = None,
        config: Config | None = None,
    ) -> Self:
        """Choose the thresholds.

        Each looser level is promised for the answers *between* its threshold and the stricter
        one, so "fairly sure" does not borrow from the record of "sure".

        Args:
            confidence: `[N]` calibrated probability of the given answer, from 0 to 1.
            right: `[N]` whether it was right. Out of fold, or checked by a person on items drawn
                at random; answers picked because they looked doubtful must not be in here.
            groups: `[N]` group of each answer (any type); None when all are unrelated.
            config: Levels and assurance.

        Raises:
            InputError: When sizes disagree or a confidence is outside 0 to 1.
        """
        config = config or Config()
        confidence = np.asarray(confidence, dtype=np.float64)
        right = np.asarray(right)
        if confidence.ndim != 1 or right.shape != confidence.shape or right.dtype != np.bool_:
            raise InputError(
                f"Confidences have shape {confidence.shape}, verdicts {right.shape} of type "
                f"{right.dtype}; [N] numbers and [N] true/false are needed.",
                "give one verdict per answer",
            )
        if not ((confidence >= 0) & (confidence <= 1)).all():
            raise InputError(
                "A confidence lies outside 0 to 1 or is not a number.",
                "turn scores into probabilities first, with `calibrate.Temperature`",
            )
        if groups is not None and len(groups) != len(confidence):
            raise InputError(
                f"There are {len(groups)} groups for {len(confidence)} answers.",
                "give one group per answer",
            )
        answers = _Answers.sort(confidence, right, groups)
        promises, taken = [], 0
        for level in config.levels:
            promise, used = _promise(answers.after(taken), level, config.assurance, len(confidence))
            promises.append(promise)
            taken += used
        return cls(tuple(promises))

    def level_of(self, confidence: NDArray[np.floating]) -> NDArray[np.intp]:
        """Which level each new answer reaches.

        Args:
            confidence: `[M]` calibrated probabilities of the answers.

        Returns:
            `[M]` place of the level in `promises`; `len(promises)` means not sure.
        """
        reached = np.full(np.shape(confidence), len(self.promises), dtype=np.intp)
        for place in range(len(self.promises) - 1, -1, -1):
            reached[np.asarray(confidence) >= self.promises[place].threshold] = place
        return reached


class _Answers(NamedTuple):
    """Checked answers, most confident first."""

    confidence: NDArray[np.float64]
    wrong: NDArray[np.float64]
    groups: NDArray[np.intp]

    @classmethod
    def sort(
        cls, confidence: NDArray[np.float64], right: NDArray[np.bool_], groups: NDArray | None
    ) -> _Answers:
        order = np.argsort(-confidence, kind="stable")
        group_of = np.arange(len(order))
        if groups is not None:
            group_of = np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.intp)
        return cls(confidence[order], (~right[order]).astype(np.float64), group_of[order])

    def after(self, taken: int) -> _Answers:
        return _Answers(self.confidence[taken:], self.wrong[taken:], self.groups[taken:])


class _Candidates(NamedTuple):
    """Thresholds to test, strictest first, and what was seen above each."""

    counts: NDArray[np.intp]
    worth: NDArray[np.float64]
    rates: NDArray[np.float64]
    expected: NDArray[np.float64]


def _promise(answers: _Answers, level: Level, assurance: float, total: int) -> tuple[Promise, int]:
    """The promise for one level, and how many answers reach it."""
    found = _candidates(answers)
    allowance = 1 - assurance
    place, spent = _loosest_proven(found, level.error, allowance)
    if place is None:
        more = _more_answers(found, level.error, allowance, len(answers.wrong))
        nearest = _attainable(found, allowance)
        empty = Promise(level.name, level.error, assurance, inf, 0, 0, 0, 1.0, 0.0, more, nearest)
        return empty, 0
    count, worth, rate = int(found.counts[place]), found.worth[place], found.rates[place]
    promise = Promise(
        level.name,
        level.error,
        assurance,
        threshold=float(answers.confidence[count - 1]),
        answers=count,
        groups=len(np.unique(answers.groups[:count])),
        errors=int(answers.wrong[:count].sum()),
        bound=upper_bound(rate * worth, worth, 1 - spent),
        share=count / total,
        more_answers=0,
    )
    return promise, count


def upper_bound(errors: float, answers: float, assurance: float) -> float:
    """The largest error rate that still agrees with the record, by Clopper and Pearson.

    Args:
        errors: Wrong answers; need not be whole when answers are discounted for groups.
        answers: All answers.
        assurance: How often the bound holds, such as 0.9.

    Returns:
        A share; 1 when everything was wrong or nothing was seen.
    """
    if errors >= answers:
        return 1.0
    return float(betaincinv(errors + 1, answers - errors, assurance))


def _attainable(found: _Candidates, allowance: float) -> float:
    """The smallest bound that any candidate would have had, were it the only one."""
    bounds = [
        upper_bound(rate * worth, worth, 1 - allowance)
        for rate, worth in zip(found.rates, found.worth, strict=True)
    ]
    return min(bounds, default=1.0)


def answers_needed(error: float, assurance: float) -> int:
    """How many right answers in a row promise at most `error` wrong; 45 for 0.05 at 0.9."""
    return ceil(log(1 - assurance) / log(1 - error) - 1e-9)


def _candidates(answers: _Answers) -> _Candidates:
    counts = _counts(answers.confidence)
    wrong = np.cumsum(answers.wrong)
    doubt = np.cumsum(1 - answers.confidence)
    worth = np.array([_worth(answers, int(count)) for count in counts])
    return _Candidates(counts, worth, wrong[counts - 1] / counts, doubt[counts - 1] / counts)


def _counts(confidence: NDArray[np.float64]) -> NDArray[np.intp]:
    """Accepted counts to consider: growing geometrically, never between equal confidences."""
    total, counts, size = len(confidence), [], 1.0
    while size < total:
        counts.append(int(size))
        size = max(size * _STEP, size + 1)
    if total:
        counts.append(total)
    ends = np.searchsorted(-confidence, -confidence[np.array(counts, dtype=int) - 1], side="right")
    return np.unique(ends)


def _worth(answers: _Answers, count: int) -> float:
    """How many unrelated answers the first `count` are worth."""
    sizes = np.bincount(answers.groups[:count]).astype(np.float64)
    typical = float((sizes**2).sum() / count)
    if typical == 1:
        return float(count)
    nearby = min(2 * count, len(answers.wrong))
    if answers.wrong[:nearby].sum() < _FEW_ERRORS:
        nearby = len(answers.wrong)
    return count / (1 + (typical - 1) * _likeness(answers, nearby))


def _likeness(answers: _Answers, count: int) -> float:
    """Correlation of surprise within groups, plus one jackknife standard error; 0 to 1."""
    wrong, groups = answers.wrong[:count], answers.groups[:count]
    if not wrong.any() or wrong.all():
        return 1.0
    surprise = wrong - (1 - answers.confidence[:count])
    present, group_of = np.unique(groups, return_inverse=True)
    if len(present) < 2:
        return 1.0
    sizes = np.bincount(group_of).astype(np.float64)
    squares = np.bincount(group_of, surprise**2)
    products = np.bincount(group_of, surprise) ** 2 - squares
    pairs = sizes * (sizes - 1)

    def correlation(
        products: NDArray, pairs: NDArray, squares: NDArray, sizes: NDArray
    ) -> NDArray[np.float64]:
        spread = np.maximum(squares / np.maximum(sizes, 1), 1e-12)
        return np.where(pairs > 0, products / np.maximum(pairs, 1) / spread, 1.0)

    sums = [part.sum() for part in (products, pairs, squares, sizes)]
    without = correlation(sums[0] - products, sums[1] - pairs, sums[2] - squares, sums[3] - sizes)
    count_groups = len(present)
    error = np.sqrt((count_groups - 1) / count_groups * ((without - without.mean()) ** 2).sum())
    whole = correlation(*(np.asarray(part) for part in sums))
    return float(np.clip(whole + error, 0, 1))


def _unlikely(rates: NDArray[np.float64], worth: NDArray[np.float64], error: float) -> NDArray:
    """Probability of so few errors if the true rate were `error`."""
    few = betainc(np.maximum(worth * (1 - rates), 1e-12), rates * worth + 1, 1 - error)
    return np.where(rates >= 1, 1.0, few)


def _loosest_proven(found: _Candidates, error: float, allowance: float) -> tuple[int | None, float]:
    """Place of the loosest proven candidate, and the allowance its proof had."""
    possible = found.worth >= answers_needed(error, 1 - allowance) - 1e-9
    if not possible.any():
        return None, 0.0
    predicted = np.where(possible, _unlikely(found.expected, found.worth, error), inf)
    safest = int(np.argmin(predicted))
    starts = _allowances(found, error, allowance, safest)
    evidence = _unlikely(found.rates, found.worth, error)
    place, spent, carried = None, 0.0, 0.0
    for candidate in range(len(starts)):
        carried += float(starts[candidate])
        if carried > 0 and evidence[candidate] <= carried * (1 + 1e-9):
            place, spent = candidate, carried
        else:
            carried = 0.0
    return place, spent


def _allowances(
    found: _Candidates, error: float, allowance: float, safest: int
) -> NDArray[np.float64]:
    """Where the error allowance starts: mostly at the safest, the rest at stricter candidates."""
    rest = (1 - _MAIN) * allowance
    stricter, size = [], answers_needed(error, 1 - rest)
    for place in range(safest):
        if found.worth[place] >= size:
            stricter.append(place)
            size *= 4
    starts = np.zeros(len(found.counts))
    starts[safest] = allowance * (_MAIN if stricter else 1)
    for place in stricter:
        starts[place] += rest / len(stricter)
    return starts


def _more_answers(found: _Candidates, error: float, allowance: float, total: int) -> int | None:
    """The smallest number of further answers under which some candidate would be proven."""
    if total == 0:
        return answers_needed(error, 1 - allowance)
    hopeful = found.rates < error
    if not hopeful.any():
        return None
    worth, rates = found.worth[hopeful], found.rates[hopeful]
    low, high = np.ones(len(worth)), np.full(len(worth), 2.0**20)
    for _ in range(60):  # halving the logarithm of the growth that is needed
        middle = np.sqrt(low * high)
        short = _unlikely(rates, worth * middle, error) > allowance
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return max(1, ceil((float(high.min()) - 1) * total - 1e-6))
