"""How long answers take: one question at a time, predictors in turns.

A shared machine drifts: what is measured first is fast or slow for reasons of its own. When two
predictors are compared they therefore answer in turns, the same questions in each, and go first
alternately, so that neither always finds the files warm. Scenario "single stream" of MLPerf
inference.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.predictor import Predictor, Query

Clock = Callable[[], float]
"""Gives seconds that only grow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How often to ask.

    Attributes:
        warm_up: Calls of each predictor that are not counted.
        turns: Turns of each predictor.
        calls: Calls in one turn.
        limit_s: Seconds after which no further turn begins.
    """

    warm_up: int
    turns: int
    calls: int
    limit_s: float


class Times(NamedTuple):
    """What one predictor took.

    Attributes:
        seconds: `[N]` wall time of each call.
        turns: `[N]` the turn each call belongs to.
        session: The same for predictors that were timed in turns with each other, else different.
    """

    seconds: NDArray[np.float64]
    turns: NDArray[np.intp]
    session: str

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "seconds": self.seconds.tolist(),
            "turns": self.turns.tolist(),
            "session": self.session,
        }


class Timer:
    """Times predictors in turns, once for each plan.

    Args:
        predictors: One, or those that are to be compared.
        queries: For each predictor the same questions in the same order.
        clock: Gives seconds.
        on_turn: Told turns done and turns in all.
    """

    def __init__(
        self,
        predictors: Sequence[Predictor],
        queries: Sequence[Sequence[Query]],
        *,
        clock: Clock = time.perf_counter,
        on_turn: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._predictors = tuple(predictors)
        self._queries = tuple(queries)
        self._clock = clock
        self._on_turn = on_turn
        self._measured: dict[Plan, list[Times]] = {}

    def times(self, place: int, plan: Plan) -> Times:
        """What one predictor took; the first call measures them all.

        Args:
            place: Which of the predictors.
            plan: How often to ask.
        """
        if plan not in self._measured:
            self._measured[plan] = self._measure(plan)
        return self._measured[plan][place]

    def _measure(self, plan: Plan) -> list[Times]:
        for place in range(len(self._predictors)):
            for call in range(plan.warm_up):
                self._ask(place, call)
        seconds: list[list[float]] = [[] for _ in self._predictors]
        turns: list[list[int]] = [[] for _ in self._predictors]
        start = self._clock()
        for turn in range(plan.turns):
            if turn and self._clock() - start > plan.limit_s:
                break
            places = range(len(self._predictors))
            for place in places if turn % 2 == 0 else reversed(places):
                taken = [self._ask(place, turn * plan.calls + call) for call in range(plan.calls)]
                seconds[place].extend(taken)
                turns[place].extend([turn] * plan.calls)
            self._on_turn(turn + 1, plan.turns)
        session = secrets.token_hex(8)
        return [
            Times(np.array(taken), np.array(numbers, dtype=np.intp), session)
            for taken, numbers in zip(seconds, turns, strict=True)
        ]

    def _ask(self, place: int, call: int) -> float:
        queries = self._queries[place]
        query = queries[call % len(queries)]
        start = self._clock()
        self._predictors[place].predict([query])
        return self._clock() - start
