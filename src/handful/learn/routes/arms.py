"""Every way to learn, side by side: what each says of items it has not seen, and what it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import HandfulError
from handful.foundation.hardware.rise import rise
from handful.learn.routes.ladder import (
    Choice,
    Groups,
    Settings,
    able,
    choose,
    leaner_modalities,
    rungs,
    title,
)
from handful.learn.rungs.base import Evidence, Head, Lesson, Rung, usable_folds
from handful.numerics.linear.folds import Nested

OURS = "ours"
_TIMED = 12
"""Items that each way is asked about one by one, to see how long it takes."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Arm:
    """One row of the table: a way to learn, and what it said of items it had not seen.

    Attributes:
        name: Such as `ours`, `image alone`, `kernel_sum`, `boosting`.
        held_out: `[N, K]` probabilities from outer folds; `image alone` says the prior of an
            item that has no image.
        cpu_s: Processor seconds of learning and answering, all folds together.
        note: What it chose on the way.
        peak_bytes: How far memory rose above what all ways share while it learned, at most.
        answer_s: Place of an item to the seconds its answer took, once the item was encoded.
        rung: The rung that learned; empty where several did.
        modalities: What it looks at.
    """

    name: str
    held_out: NDArray[np.float64]
    cpu_s: float
    note: str = ""
    peak_bytes: int = 0
    answer_s: dict[int, float] = field(default_factory=dict)
    rung: str = ""
    modalities: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class _Tally:
    """What is gathered about one arm, turn by turn."""

    held_out: NDArray[np.float64]
    cpu_s: float = 0.0
    peak_bytes: int = 0
    notes: list[str] = field(default_factory=list)
    rungs: set[str] = field(default_factory=set)
    answer_s: dict[int, float] = field(default_factory=dict)


class Table:
    """Held-out answers of every way to learn, filled turn by turn.

    Args:
        lesson: All labelled items.
        groups: `[N]` group of each; None when they are unrelated.
        with_baselines: Whether to fill the table with what people would use instead, and with
            what each modality reaches alone.
        settings: Rung to settings that differ from its defaults.
    """

    def __init__(
        self, lesson: Lesson, groups: Groups, with_baselines: bool, settings: Settings | None
    ) -> None:
        self.lesson = lesson
        self.groups = groups
        self.candidates = able(rungs(baselines=False, settings=settings), lesson)
        wanted = rungs(baselines=True, settings=settings) if with_baselines else []
        self.baselines = able(wanted, lesson)
        present = lesson.evidence.modalities
        self.singles = present if with_baselines and len(present) > 1 else ()
        self.subsets: dict[tuple[str, ...], NDArray[np.float64]] = {}
        self.failures: dict[str, str] = {}
        self._is_first = True
        self._tallies: dict[str, _Tally] = {}

    @property
    def ways(self) -> tuple[str, ...]:
        """What is learned one after the other in each turn."""
        names = [rung.name for rung in self.baselines]
        return (OURS, *(f"{name} alone" for name in self.singles), *names)

    def turn(self, turn: Nested) -> Iterator[str]:
        """Learn from one turn's training items in every way, and answer the held-out ones.

        Yields:
            The name of each way before it begins.
        """
        part = Lesson(
            evidence=self.lesson.evidence.take(turn.train, turn.train),
            labels=self.lesson.labels[turn.train],
            classes=self.lesson.classes,
            folds=usable_folds(turn.inner, self.lesson.labels[turn.train]),
            seed=self.lesson.seed,
            names=self.lesson.names,
            lean_names=self.lesson.lean_names,
        )
        unseen = self.lesson.evidence.take(turn.test, turn.train)
        yield OURS
        with self._tallied(OURS):
            lean = leaner_modalities(part)
        part = part.leaner(lean)
        unseen = unseen.leaner(lean)
        self._ours(part, unseen, turn)
        for modality in self.singles:
            yield f"{modality} alone"
            self._single(part, unseen, turn, modality)
        for rung in self.baselines:
            if rung.name not in self.failures:
                yield rung.name
                self._baseline(rung, part, unseen, turn)
        self._is_first = False

    def _ours(self, part: Lesson, unseen: Evidence, turn: Nested) -> None:
        with self._tallied(OURS) as tally:
            chosen = choose(self.candidates, part, self._within(turn.train))
            head = chosen.learned.head
            tally.held_out[turn.test] = head.probabilities(unseen)
        _note(tally, chosen.rung.name, chosen.rung.name)
        self._time(tally, head, unseen, turn.test)
        for subset in _subsets(self.lesson.evidence.modalities):
            restricted = unseen.only(subset)
            said = head.probabilities(restricted)
            said[~restricted.has_any] = np.nan
            self.subsets.setdefault(subset, self._nothing())[turn.test] = said
        self._each_rung(chosen, unseen, turn)

    def _each_rung(self, chosen: Choice, unseen: Evidence, turn: Nested) -> None:
        """Every rung that was tried on the way is a row of its own."""
        for attempt in chosen.attempts:
            with self._tallied(attempt.rung.name) as tally:
                tally.held_out[turn.test] = attempt.learned.head.probabilities(unseen)
            tally.cpu_s += attempt.cpu_s
            tally.peak_bytes = max(tally.peak_bytes, attempt.peak_bytes)
            _note(tally, attempt.rung.name, attempt.learned.note)
            self._time(tally, attempt.learned.head, unseen, turn.test)

    def _single(self, part: Lesson, unseen: Evidence, turn: Nested, modality: str) -> None:
        """What one modality reaches on its own, by the same rungs chosen in the same way."""
        with self._tallied(f"{modality} alone") as tally:
            own, held = part.of(modality)
            tally.held_out[turn.test] = part.prior
            seen = np.flatnonzero(unseen.present(modality))
            if not len(seen) or len(np.unique(own.labels)) < 2:
                return
            wanted = [rung for rung in self.candidates if not rung.needs_several]
            chosen = choose(wanted, own, self._within(turn.train[held]))
            asked = unseen.alone(modality).take(seen, held)
            tally.held_out[turn.test[seen]] = chosen.learned.head.probabilities(asked)
        _note(tally, chosen.rung.name, chosen.rung.name)
        self._time(tally, chosen.learned.head, asked, turn.test[seen])

    def _baseline(self, rung: Rung, part: Lesson, unseen: Evidence, turn: Nested) -> None:
        with self._tallied(rung.name) as tally:
            try:
                learned = rung.learn(part)
            except HandfulError as error:
                self.failures[rung.name] = f"{title(rung)} was left out. {error.what}"
                return
            tally.held_out[turn.test] = learned.head.probabilities(unseen)
        _note(tally, rung.name, learned.note)
        self._time(tally, learned.head, unseen, turn.test)

    def _nothing(self) -> NDArray[np.float64]:
        return np.full((len(self.lesson), len(self.lesson.classes)), np.nan)

    def _within(self, rows: NDArray[np.intp]) -> Groups:
        return None if self.groups is None else np.asarray(self.groups)[rows]

    @contextmanager
    def _tallied(self, name: str) -> Iterator[_Tally]:
        """Count what the work inside takes towards an arm; memory in the first turn only."""
        tally = self._tallies.setdefault(name, _Tally(self._nothing()))
        start = time.process_time()
        if self._is_first:
            with rise() as risen:
                yield tally
            tally.peak_bytes = max(tally.peak_bytes, risen.bytes)
        else:
            yield tally
        tally.cpu_s += time.process_time() - start

    def _time(self, tally: _Tally, head: Head, unseen: Evidence, rows: NDArray[np.intp]) -> None:
        """Ask about a few items one by one, in the first turn."""
        if tally.answer_s:
            return
        everything = np.arange(_columns(unseen), dtype=np.intp)
        for place in range(min(_TIMED, len(rows))):
            one = unseen.take(np.array([place], dtype=np.intp), everything)
            start = time.perf_counter()
            head.probabilities(one)
            tally.answer_s[int(rows[place])] = time.perf_counter() - start

    def arms(self) -> tuple[Arm, ...]:
        """Every way that answered all items: ours, modalities alone, rungs, baselines."""
        first, rest = self.ways[: 1 + len(self.singles)], self.ways[1 + len(self.singles) :]
        order = (*first, *(rung.name for rung in self.candidates), *rest)
        return tuple(
            self._arm(name, tally)
            for name in order
            if (tally := self._tallies.get(name)) and np.isfinite(tally.held_out).all()
        )

    def _arm(self, name: str, tally: _Tally) -> Arm:
        alone = name.removesuffix(" alone")
        return Arm(
            name=name,
            held_out=tally.held_out,
            cpu_s=tally.cpu_s,
            note=" / ".join(tally.notes),
            peak_bytes=tally.peak_bytes,
            answer_s=tally.answer_s,
            rung=tally.rungs.copy().pop() if len(tally.rungs) == 1 else "",
            modalities=(alone,) if alone != name else self.lesson.evidence.modalities,
        )


def _note(tally: _Tally, rung: str, note: str) -> None:
    tally.rungs.add(rung)
    if note and note not in tally.notes:
        tally.notes.append(note)


def _columns(evidence: Evidence) -> int:
    """How many training items the kernels are against."""
    return len(next(iter(evidence.kernels.columns.values()), ()))


def _subsets(modalities: Sequence[str]) -> list[tuple[str, ...]]:
    """Every non-empty choice of modalities."""
    return [
        subset
        for size in range(1, len(modalities) + 1)
        for subset in combinations(modalities, size)
    ]
