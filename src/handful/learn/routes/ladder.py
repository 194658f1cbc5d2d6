"""The ladder: which rungs there are, and which of them to take.

Among the rungs, the lowest is taken that is no worse than the best by more than one standard
error over groups. On eight simulated worlds with 2 to 20 labels per class this answered 1.1
points more rightly than the rung that looked best, and 2.5 points at two labels per class: rungs
further up choose more on the held-out answers, which flatters what those say of them.

Better is nearer to the truth in the sense of Brier (Monthly Weather Review 1950), and not more
probable: with 43 classes the log loss preferred latents, .689 right, to kernel ridge, .745, for a
few answers that ridge gave too little to.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.components import find, make
from handful.foundation.errors import HandfulError
from handful.foundation.hardware.rise import rise
from handful.learn.model.kernel_ridge import fit_ridge
from handful.learn.rungs.base import Learned, Lesson, Rung
from handful.numerics.decide.calibrate import log_loss
from handful.numerics.linear.fusion import sum_kernels

ROOM = "handful.learn.rungs"

_FLATTERY = 0.3
"""How much nearer to the truth each choice on N held-out answers makes a rung look, times N. With
15 labels the calibrated product, which makes nine choices, looked best in 8 of 15 draws and was
less often right than the average in 7 of those."""
_FEW = 4
"""Labels per class below which rungs are not compared where pairs have taught something: twelve
answers on kinds of pots preferred plain kernels, .358 right, in 7 of 9 draws to those that pairs
help, .444."""
_TOO_FEW = "The labels are too few to compare rungs on; this one does best with few."

Settings = Mapping[str, Mapping[str, Any]]
"""Rung to settings that differ from its defaults."""

Groups = NDArray[Any] | None


def rungs(*, baselines: bool, settings: Settings | None = None) -> list[Rung]:
    """Make the rungs, lowest first.

    Args:
        baselines: True for those that stand in the table only to be beaten, False for the rest.
        settings: Rung to settings that differ from its defaults.
    """
    known = settings or {}
    made: list[Rung] = [make(ROOM, name, Rung, known.get(name)) for name in find(ROOM)]
    wanted = [rung for rung in made if rung.is_baseline == baselines]
    return sorted(wanted, key=lambda rung: (rung.height, rung.name))


def able(wanted: Sequence[Rung], lesson: Lesson) -> list[Rung]:
    """Those that have what they learn from.

    Args:
        wanted: To choose from.
        lesson: What there is.
    """
    has_inputs = lesson.evidence.inputs is not None
    return [
        rung
        for rung in wanted
        if (has_inputs or not rung.needs_inputs)
        and (lesson.shares_something or not rung.needs_pairs)
        and (lesson.has_names or not rung.needs_names)
    ]


def leaner_modalities(lesson: Lesson) -> tuple[str, ...]:
    """The modalities whose lean kernels say more about held-out items than the full ones.

    Each is asked alone, by ridge. Measured on photos of pots before a different wall each week:
    without colours and outlines a regression had a log loss of .564, with all views .598.

    Args:
        lesson: With the folds to choose on; nothing goes lean without them.
    """
    found = []
    for modality in lesson.evidence.lean.kernels:
        part, _ = lesson.of(modality)
        if part.folds is None or len(np.unique(part.labels)) < 2:
            continue
        full, lean = (
            fit_ridge(sum_kernels(parts), part.labels, part.folds, part.prior).held_out
            for parts in (part.evidence.kernels, part.evidence.lean)
        )
        assert full is not None
        assert lean is not None
        if log_loss(lean, part.labels) < log_loss(full, part.labels):
            found.append(modality)
    return tuple(found)


class Attempt(NamedTuple):
    """What one rung made of a lesson, and what that took."""

    rung: Rung
    learned: Learned
    cpu_s: float
    peak_bytes: int


class Choice(NamedTuple):
    """The chosen rung among all that could learn, and why."""

    rung: Rung
    learned: Learned
    reason: str
    attempts: tuple[Attempt, ...]


def choose(candidates: Sequence[Rung], lesson: Lesson, groups: Groups) -> Choice:
    """The lowest rung that is no worse than the best by more than one standard error.

    Args:
        candidates: Lowest first.
        lesson: With the folds that their held-out answers come from.
        groups: `[N]` groups, over which the standard error is taken.

    Raises:
        InputError: When no rung could learn.
    """
    made: dict[str, Attempt] = {}
    refusals: list[HandfulError] = []
    for rung in sorted(able(candidates, lesson), key=lambda rung: len(rung.made_of)):
        start = time.process_time()
        with rise(only_inside=True) as risen:
            try:
                learned = _learned(rung, lesson, made)
            except HandfulError as error:
                refusals.append(error)
                continue
        parts_s = sum(made[name].cpu_s for name in rung.made_of if name in made)
        cpu_s = time.process_time() - start + parts_s
        made[rung.name] = Attempt(rung, learned, cpu_s, risen.bytes)
    if not made:
        raise refusals[0]
    attempts = [made[rung.name] for rung in candidates if rung.name in made]
    scores = {
        place: _closeness(attempt.learned.held_out, lesson.labels)
        for place, attempt in enumerate(attempts)
        if attempt.learned.held_out is not None
    }
    few = lesson.shares_something and len(lesson) < _FEW * len(np.unique(lesson.labels))
    if scores and not few:
        flattered = [_FLATTERY * each.rung.choices(lesson) / len(lesson) for each in attempts]
        honest = {place: score - flattered[place] for place, score in scores.items()}
        place, reason = _lowest(honest, attempts, groups)
    else:
        place, reason = _first_guess(attempts, lesson), _TOO_FEW
    rung, learned = attempts[place].rung, attempts[place].learned
    return Choice(rung, learned, reason, tuple(attempts))


def _learned(rung: Rung, lesson: Lesson, made: Mapping[str, Attempt]) -> Learned:
    parts = {name: made[name].learned for name in rung.made_of if name in made}
    return rung.join(parts) if parts else rung.learn(lesson)


def _first_guess(attempts: Sequence[Attempt], lesson: Lesson) -> int:
    """The highest that says so of itself: names, where they tell, above what pairs teach."""
    guesses = [place for place, each in enumerate(attempts) if each.rung.is_first_guess(lesson)]
    return (guesses or [0])[-1]


def _lowest(
    scores: Mapping[int, NDArray[np.float64]], attempts: Sequence[Attempt], groups: Groups
) -> tuple[int, str]:
    """Place of the chosen attempt, and why."""
    best = max(scores, key=lambda place: scores[place].mean())
    if len(scores) == 1:
        return best, "No other rung could be compared."
    for place, score in scores.items():
        behind = scores[best] - score
        if place != best and behind.mean() <= _standard_error(behind, groups):
            reason = f"{title(attempts[best].rung)} is ahead by no more than chance explains."
            return place, reason
        if place == best:
            break
    others = [score for place, score in scores.items() if place != best]
    runner_up = max(others, key=lambda score: score.mean())
    gain = (scores[best] - runner_up).mean()
    return best, f"Its answers were nearer to the truth than the next best's by {gain:.3f}."


def _standard_error(differences: NDArray[np.float64], groups: Groups) -> float:
    """Standard error of a mean over items that come in groups; infinite for a single group."""
    count = len(differences)
    group_of = np.arange(count)
    if groups is not None:
        group_of = np.unique(np.asarray(groups), return_inverse=True)[1]
    sums = np.bincount(group_of, weights=differences - differences.mean())
    if len(sums) < 2:
        return float("inf")
    return float(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / count)


def _closeness(held_out: NDArray[np.float64], labels: NDArray[np.intp]) -> NDArray[np.float64]:
    """`[N]` how near each answer is to the truth: the Brier score turned round, 1 at best."""
    own = held_out[np.arange(len(labels)), labels]
    closeness: NDArray[np.float64] = 2 * own - (held_out**2).sum(axis=1)
    return closeness


def title(rung: Rung) -> str:
    """Its name at the start of a sentence."""
    return rung.name.replace("_", " ").capitalize()
