"""A sitting: one predictor is asked all the cases, and each question only once.

Measures read what they need from here; what nobody reads is never asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import HandfulError, InputError, UsageError
from handful.foundation.goal import Goal
from handful.foundation.hardware.meter import Cost, Meter, tree_resident_bytes
from handful.foundation.hardware.power import Tariff
from handful.foundation.predictor import Answer, Predictor, Query
from handful.trust.evaluate.cases import Case, check_cases, group_labels, listed
from handful.trust.evaluate.marks import Marks, check_answer, mark
from handful.trust.evaluate.timing import Clock, Plan, Timer, Times

OnProgress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


def quiet(doing: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """How cases are asked.

    Attributes:
        seed: Seed of everything that is drawn.
        batch: Cases in one call, where answers rather than times are wanted; 16 to 256 is usual.
        tariff: What energy and machine time cost.
        on_progress: Told about progress.
        clock: Gives seconds.
    """

    seed: int = 0
    batch: int = 64
    tariff: Tariff = field(default_factory=Tariff)
    on_progress: OnProgress = quiet
    clock: Clock = time.perf_counter


class Asked(NamedTuple):
    """The answers to all cases, and what giving them cost.

    Attributes:
        answers: N answers.
        first_s: Seconds the very first call took, one case, before anything was warm.
        resident_before: Bytes held before the first call; None where unknown.
        cost: Time, memory and energy of all calls that followed.
    """

    answers: tuple[Answer, ...]
    first_s: float
    resident_before: int | None
    cost: Cost


class Sitting:
    """One predictor before one list of cases.

    Args:
        predictor: Who answers.
        cases: What is asked.
        goal: What answers are worth.
        conditions: How they are asked.

    Raises:
        UsageError: When the cases cannot be used.
        InputError: When the predictor reads none of what a case holds.
    """

    def __init__(
        self,
        predictor: Predictor,
        cases: Sequence[Case],
        *,
        goal: Goal,
        conditions: Conditions | None = None,
    ) -> None:
        check_cases(cases)
        self.predictor = predictor
        self.cases = tuple(cases)
        self.goal = goal
        self.conditions = conditions or Conditions()
        self.groups = group_labels([case.id for case in cases], [case.group for case in cases])
        self.queries = self._readable()
        self._answers: dict[tuple[int, tuple[str, ...]], Answer] = {}
        self.join(_timer([self]), 0)

    @property
    def seed(self) -> int:
        """Seed of everything that is drawn."""
        return self.conditions.seed

    @property
    def shuffled(self) -> list[Query]:
        """All queries in an order drawn from the seed, for calls one by one."""
        order = np.random.default_rng(self.seed).permutation(len(self.queries))
        return [self.queries[row] for row in order]

    @cached_property
    def asked(self) -> Asked:
        """The answers to all cases as they are."""
        before = tree_resident_bytes()
        start = self.conditions.clock()
        self._ask([0], [self.queries[0]])
        first_s = self.conditions.clock() - start
        rows = np.arange(len(self.cases))
        with Meter(self.conditions.tariff) as meter:
            answers = self._in_batches(rows, self.queries, "answering")
        for row, answer in enumerate(answers):
            self._answers[row, self.present[row]] = answer
        return Asked(tuple(answers), first_s, before, meter.cost)

    @cached_property
    def marks(self) -> Marks:
        """The answers to all cases beside their truth."""
        return self._marked(range(len(self.cases)), self.asked.answers)

    @cached_property
    def present(self) -> list[tuple[str, ...]]:
        """For each case the modalities it holds, of those the predictor reads."""
        return [tuple(query) for query in self.queries]

    def only(self, rows: NDArray[np.intp], modalities: tuple[str, ...]) -> Marks:
        """Ask some cases again with some of their modalities taken away.

        Args:
            rows: Which cases, `[M]`; each must hold all of `modalities`.
            modalities: What is left, in the predictor's order.

        Returns:
            M marks, in the order of `rows`.
        """
        assert self.asked.answers, "what was answered already is not asked again"
        missing = [row for row in rows if (row, modalities) not in self._answers]
        queries = [{name: self.queries[row][name] for name in modalities} for row in missing]
        doing = f"answering from {' and '.join(modalities)} alone"
        for row, answer in zip(missing, self._in_batches(missing, queries, doing), strict=True):
            self._answers[row, modalities] = answer
        return self._marked(rows, [self._answers[row, modalities] for row in rows])

    def times(self, plan: Plan) -> Times:
        """What single calls took.

        Args:
            plan: How often to ask.
        """
        assert self.asked.answers, "the first call of all is not timed among the others"
        return self._timer.times(self._place, plan)

    def join(self, timer: Timer, place: int) -> None:
        """Be timed by this timer from now on.

        Args:
            timer: Times this predictor, alone or in turns with others.
            place: Which of its predictors this is.
        """
        self._timer, self._place = timer, place

    def _marked(self, rows: Sequence[int] | NDArray[np.intp], answers: Sequence[Answer]) -> Marks:
        truths = [self.cases[row].truth for row in rows]
        return mark(answers, truths, self.predictor.classes)

    def _readable(self) -> list[dict[str, Any]]:
        """Each query with only what the predictor reads, in its order."""
        names = self.predictor.modalities
        queries = [{name: case.query[name] for name in names if name in case.query}
                   for case in self.cases]  # fmt: skip
        blind = [case.id for case, query in zip(self.cases, queries, strict=True) if not query]
        if blind:
            raise InputError(
                f'"{self.predictor.name}" reads {" and ".join(names)}, and {len(blind)} cases hold '
                f"none of it: {listed(blind)}.",
                "leave these cases out",
            )
        return queries

    def _in_batches(
        self, rows: Sequence[int] | NDArray[np.intp], queries: Sequence[Query], doing: str
    ) -> list[Answer]:
        answers: list[Answer] = []
        for start in range(0, len(rows), self.conditions.batch):
            stop = start + self.conditions.batch
            answers += self._ask(rows[start:stop], queries[start:stop])
            self.conditions.on_progress(doing, len(answers), len(rows))
        return answers

    def _ask(
        self, rows: Sequence[int] | NDArray[np.intp], queries: Sequence[Query]
    ) -> list[Answer]:
        name, classes = self.predictor.name, self.predictor.classes
        try:
            answers = self.predictor.predict(queries)
        except HandfulError as error:
            raise self._blamed(rows, queries, error) from error
        if len(answers) != len(queries):
            raise UsageError(
                f'"{name}" was asked {len(queries)} questions and gave {len(answers)} answers.',
                "this is a fault of the predictor",
            )
        for row, answer in zip(rows, answers, strict=True):
            check_answer(answer, self.cases[row].id, name, classes)
        return answers

    def _blamed(
        self,
        rows: Sequence[int] | NDArray[np.intp],
        queries: Sequence[Query],
        error: HandfulError,
    ) -> HandfulError:
        """The same error with the case that caused it, found by asking one by one."""
        for row, query in zip(rows, queries, strict=True):
            try:
                self.predictor.predict([query])
            except HandfulError as one:
                what = f'Case "{self.cases[row].id}" cannot be answered: {one.what}'
                return InputError(what, one.hint or "mend the file, or leave the case out")
        return error


def side_by_side(sittings: Sequence[Sitting]) -> None:
    """Time the predictors of several sittings in turns with each other.

    Args:
        sittings: Sittings over the same cases, before any of them was timed.
    """
    timer = _timer(sittings)
    for place, sitting in enumerate(sittings):
        sitting.join(timer, place)


def _timer(sittings: Sequence[Sitting]) -> Timer:
    conditions = sittings[0].conditions
    return Timer(
        [sitting.predictor for sitting in sittings],
        [sitting.shuffled for sitting in sittings],
        clock=conditions.clock,
        on_turn=lambda done, total: conditions.on_progress("timing single answers", done, total),
    )
