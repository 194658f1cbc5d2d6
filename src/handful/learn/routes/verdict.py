"""How sure an answer is, and why, in words: thresholds from held-out answers, never from hope.

Every choice of modalities has its own thresholds: an answer from the photo alone is judged by how
often answers from photos alone were right. So an item that lost its sound can turn from "sure" to
"not sure", and the judge says which missing modality would help.

An answer that is not sure names what it may be. Those sets of candidates are measured on held-out
answers that were not sure either: over all answers the right one would be among them as often as
promised, and less often among the hard ones, which are the only ones where sets are shown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from handful.foundation.goal import Goal
from handful.foundation.predictor import Level
from handful.learn.model.unlike import Look
from handful.learn.routes.adapt import Climb
from handful.numerics.decide import conformal, select
from handful.numerics.decide.calibrate import subset_name
from handful.numerics.decide.conformal import PredictionSets
from handful.numerics.decide.select import Promise, Selection

VERBS = {"text": "read", "image": "see", "audio": "hear"}
PAST = {"text": "read", "image": "saw", "audio": "heard"}
MET = {"text": "read", "image": "seen", "audio": "heard"}
ASKS = {"text": "Describe it", "image": "Show it to me", "audio": "Let me hear it"}
"""What is said when a modality is missing that would help; a project may have its own words."""

_LEVELS = (Level.SURE, Level.FAIRLY_SURE)
_SETS = conformal.Config(error=0.1)
"""Candidates hold the right class in nine of ten answers that are not sure."""
_DECIDED = 0.6
"""A modality with at least this part of the decision decided it."""
_SILENT = 0.15
"""A modality with at most this part of the decision said nothing of it."""
_HELPS = 0.1
"""A missing modality helps when at least this much more of the held-out answers turn sure."""


class Verdict(NamedTuple):
    """How sure one answer is.

    Attributes:
        level: In the words shown to people.
        reason: One or two short sentences.
        error_rate: Bound on the share of wrong answers of this level; None without a promise.
    """

    level: Level
    reason: str
    error_rate: float | None


class Candidates(NamedTuple):
    """What an answer may be.

    Attributes:
        places: Class numbers, most probable first.
        coverage: How often the right one is among them, at least.
    """

    places: tuple[int, ...]
    coverage: float


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Thresholds per choice of modalities, and what helps when one is missing.

    Attributes:
        selections: Name of the choice to its promises.
        helps: Name of the choice to the missing modality that helps most; absent when none does.
        asks: Modality to what to say when it is missing.
        sets: Name of the choice to how candidates are found where an answer is not sure; absent
            where too few such answers were held out to promise anything.
    """

    selections: Mapping[str, Selection]
    helps: Mapping[str, str]
    asks: Mapping[str, str]
    sets: Mapping[str, PredictionSets] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        climbed: Climb,
        labels: NDArray[np.intp],
        groups: NDArray[Any],
        present: Mapping[str, NDArray[np.bool_]],
        goal: Goal,
        asks: Mapping[str, str],
        look: Look | None = None,
        counts: NDArray[np.bool_] | None = None,
    ) -> Self:
        """Choose the thresholds on held-out answers.

        Args:
            climbed: With the held-out answers of every choice of modalities.
            labels: `[N]` the truth.
            groups: `[N]` groups; the promise is about new groups.
            present: Modality to `[N]` true where the item has it.
            goal: Which error rates "sure" and "fairly sure" may have.
            asks: The project's own words for missing modalities.
            look: How unlike the labelled items are to the others; those that are unlike promise
                nothing, as they are never called sure.
            counts: `[N]` which answers show how often the model is right; all when left out.
                Items that were picked because they teach are harder than those to come.
        """
        levels = (
            select.Level(Level.SURE.value, goal.sure_error),
            select.Level(Level.FAIRLY_SURE.value, goal.fairly_sure_error),
        )
        config = select.Config(levels=levels)
        selections, sets = {}, {}
        for subset, said in climbed.subsets.items():
            has_all = np.all([present[name] for name in subset], axis=0)
            counting = has_all & np.isfinite(said[:, 0])
            if counts is not None:
                counting &= counts
            if look:
                counting &= ~look.is_unlike(subset)
            rows = np.flatnonzero(counting)
            if not len(rows):
                continue
            confidence = np.clip(said[rows].max(axis=1), 0.0, 1.0)
            right = said[rows].argmax(axis=1) == labels[rows]
            name = subset_name(subset)
            selections[name] = Selection.fit(confidence, right, groups[rows], config)
            open_ = rows[selections[name].level_of(confidence) == len(levels)]
            if len(open_):
                found = PredictionSets.fit(said[open_], labels[open_], _SETS, 0, groups[open_])
                if np.isfinite(found.threshold):
                    sets[name] = found
        return cls(selections, _helps(selections, list(present)), {**ASKS, **asks}, sets)

    def judge(
        self,
        probabilities: NDArray[np.float64],
        alone: Mapping[str, NDArray[np.float64]],
        parts: Mapping[str, float],
        unlike: Sequence[str] = (),
    ) -> Verdict:
        """Judge one answer.

        Args:
            probabilities: `[K]` from all present modalities.
            alone: Present modality to `[K]` from it alone.
            parts: Present modality to its part in the decision.
            unlike: The modalities that nothing in training was like, the furthest out first.
        """
        if unlike:
            return Verdict(Level.NOT_SURE, f"I have not {MET[unlike[0]]} anything like it.", None)
        name = subset_name(list(alone))
        confidence = np.array([min(1.0, float(probabilities.max()))])
        selection = self.selections.get(name)
        place = len(_LEVELS) if selection is None else int(selection.level_of(confidence)[0])
        if selection is not None and place < len(_LEVELS):
            promise = selection.promises[place]
            return Verdict(_LEVELS[place], _because(parts), promise.bound)
        return Verdict(Level.NOT_SURE, self._doubt(probabilities, alone, name), None)

    def candidates(
        self, probabilities: NDArray[np.float64], present: Collection[str]
    ) -> Candidates | None:
        """What an answer that is not sure may be; None where nothing can be promised or left out.

        Args:
            probabilities: `[K]` from all present modalities.
            present: Which these are.
        """
        sets = self.sets.get(subset_name(present))
        if sets is None:
            return None
        inside = sets.sets(probabilities[None])[0]
        inside[probabilities.argmax()] = True  # the best guess is always one of them
        if inside.all():
            return None
        order = np.argsort(-probabilities, kind="stable")
        return Candidates(tuple(int(at) for at in order if inside[at]), 1 - sets.error)

    def sentences(self) -> list[str]:
        """What was promised for answers from all modalities together."""
        if not self.selections:
            return ["Nothing could be held out, so no answer is called sure yet."]
        fullest = max(self.selections, key=lambda name: name.count("+"))
        return [promise.sentence for promise in self.selections[fullest].promises]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "selections": {
                name: [_promise_to_dict(promise) for promise in selection.promises]
                for name, selection in self.selections.items()
            },
            "helps": dict(self.helps),
            "asks": dict(self.asks),
            "sets": {name: asdict(found) for name, found in self.sets.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The judge that `as_dict` described."""
        return cls(
            {
                name: Selection(tuple(_promise_from_dict(each) for each in promises))
                for name, promises in data["selections"].items()
            },
            data["helps"],
            data["asks"],
            # models that were saved before there were candidates have none
            {name: PredictionSets(**found) for name, found in data.get("sets", {}).items()},
        )

    def _doubt(
        self,
        probabilities: NDArray[np.float64],
        alone: Mapping[str, NDArray[np.float64]],
        name: str,
    ) -> str:
        """Why an answer is not sure, the most helpful reason first."""
        if name in self.helps:
            return f"{self.asks[self.helps[name]]} and I can tell."
        against = _disagreement(alone)
        if against:
            return f"What I {PAST[against[0]]} and what I {PAST[against[1]]} disagree."
        if name not in self.selections:
            return "Too few answers were checked to promise anything."
        first, second = np.sort(probabilities)[::-1][:2]
        if first - second < 0.2:
            return "It could be one or the other."
        return "Answers like this one were wrong too often."


def _because(parts: Mapping[str, float]) -> str:
    """What decided, in words such as `I heard it, I did not see it`."""
    if not parts:
        return ""
    order = sorted(parts, key=lambda name: -parts[name])
    decided = order[0]
    if parts[decided] < _DECIDED:
        told = [PAST[name] for name in order if parts[name] > _SILENT]
        return f"I {' and '.join(told)} it."
    silent = [name for name in order[1:] if parts[name] <= _SILENT]
    if "image" in silent:
        return f"I {PAST[decided]} it, I did not see it."
    if silent:
        return f"I {PAST[decided]} it, I did not {VERBS[silent[0]]} it."
    return f"I {PAST[decided]} it."


def _disagreement(alone: Mapping[str, NDArray[np.float64]]) -> tuple[str, str] | None:
    """Two modalities that each prefer another class with some confidence."""
    firm = [name for name, said in alone.items() if said.max() >= 0.6]
    for place, first in enumerate(firm):
        for second in firm[place + 1 :]:
            if alone[first].argmax() != alone[second].argmax():
                return first, second
    return None


def _helps(selections: Mapping[str, Selection], modalities: Sequence[str]) -> dict[str, str]:
    """For each choice of modalities, the one more that turns most answers sure."""
    found = {}
    for name, selection in selections.items():
        held = name.split("+")
        gains = {}
        for extra in modalities:
            fuller = subset_name([*held, extra])
            if extra not in held and fuller in selections:
                gains[extra] = _sure_share(selections[fuller]) - _sure_share(selection)
        if gains:
            best = max(gains, key=lambda extra: gains[extra])
            if gains[best] >= _HELPS:
                found[name] = best
    return found


def _sure_share(selection: Selection) -> float:
    """Share of held-out answers that were sure, those fairly sure counting half."""
    return selection.promises[0].share + 0.5 * selection.promises[1].share


def _promise_to_dict(promise: Promise) -> dict[str, Any]:
    found: dict[str, Any] = asdict(promise)
    found["threshold"] = promise.threshold if promise.holds else None
    return found


def _promise_from_dict(data: Mapping[str, Any]) -> Promise:
    fields: dict[str, Any] = dict(data)
    if fields["threshold"] is None:
        fields["threshold"] = inf
    return Promise(**fields)
