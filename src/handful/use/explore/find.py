"""Find items of the library by words, pictures, sounds, or several of them.

Three things speak for an item, each from 0 (nothing) to 1 (certain):

words     its text, its name or somebody's answer says a word of the query (`words.py`)
answers   a word names what a run can answer: how probable that is for the item (`named.py`)
likeness  it is like the query, within a modality or across what modalities share (`likeness.py`)

For each word the stronger of the first two counts. An item should have all words, so they are
joined by a geometric mean, rare words weighing more; one that misses a word keeps a little. What
speaks independently, words and likeness, is joined as `1 - (1 - a)(1 - b)`; several things that are
looked for must again all be there. Since every part is a probability of its own kind, one half is
the cut: above it more speaks for an item than against it, and it is called a good find.
"""
# N items

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item, truths
from handful.data.library.library import Library
from handful.foundation.errors import InputError, UsageError, require
from handful.learn.routes.run import Run, pick, runs_in
from handful.use.explore.named import Answers
from handful.use.explore.query import Part, read_query
from handful.use.explore.search import Search, all_of, joined
from handful.use.explore.survey import OnItems, Survey, survey

GOOD = 0.5
"""Above this, more speaks for an item than against it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One item that was found.

    Attributes:
        rank: 1 for the best.
        item: The item.
        score: From 0 to 1, how much speaks for it.
        why: In words, the strongest reason first.
        labels: Task to what people answered.
    """

    rank: int
    item: Item
    score: float
    why: str
    labels: dict[str, str]

    @property
    def level(self) -> str:
        """`good` where more speaks for it than against it, else `weaker`."""
        return "good" if self.score >= GOOD else "weaker"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rank": self.rank,
            "item": self.item.id,
            "key": self.item.key,
            "score": self.score,
            "level": self.level,
            "why": self.why,
            "labels": self.labels,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What came of a search.

    Attributes:
        query: What was looked for.
        run: The id of the run that compared.
        searched: How many items were searched.
        good: How many of them are good finds, shown or not.
        hits: The best ones, best first; items that nothing speaks for are left out.
        notes: What is worth knowing, such as words that no item says.
    """

    query: tuple[Part, ...]
    run: str
    searched: int
    good: int
    hits: tuple[Hit, ...]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """The query in one line."""
        return " + ".join(part.name for part in self.query)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "query": [{"name": part.name, "modality": part.modality} for part in self.query],
            "run": self.run,
            "searched": self.searched,
            "good": self.good,
            "hits": [hit.as_dict() for hit in self.hits],
            "notes": list(self.notes),
        }


class Finder:
    """A library that is ready to be searched, again and again.

    Args:
        run: Whose eyes it is seen with.
        seen: What it sees.
        answers: What runs say of the items.
    """

    def __init__(self, run: Run, seen: Survey, answers: list[Answers]) -> None:
        self.run = run
        self._seen = seen
        self._search = Search(seen, run.model, run.wording, answers)

    @classmethod
    def open(
        cls,
        library: Library,
        runs: Path,
        cache: Path,
        *,
        run: str = "",
        on_items: OnItems = lambda modality, done, total: None,
    ) -> Finder:
        """Look at every item once.

        Args:
            library: The items.
            runs: The project's `runs`.
            cache: The project's `cache`.
            run: Which run compares; the newest when empty.
            on_items: Told about progress where something has to be encoded.

        Raises:
            UsageError: When there is no finished run.
            InputError: When the library is empty.
        """
        chosen = pick_run(runs, run)
        seen = survey(library, chosen, cache, on_items=on_items)
        return cls(chosen, seen, _answers(library, runs, cache, chosen, seen, on_items))

    def find(self, query: Sequence[str | Path], top: int = 12) -> Found:
        """Search the whole library.

        Args:
            query: Words and paths of files; each counts.
            top: How many items are wanted.

        Returns:
            The best items, with reasons.

        Raises:
            UsageError: When the query is empty.
            InputError: When a file cannot be read, or the run does not know a modality that is
                looked for.
        """
        require(top >= 1, "top", top, "1 or more")
        parts = read_query(query)
        require_known(parts, self.run)
        return self.find_parts(parts, top)

    def find_parts(self, parts: Sequence[Part], top: int) -> Found:
        """The same for what was read already.

        Args:
            parts: What is looked for.
            top: How many items are wanted.
        """
        seen = self._seen
        verdicts = [self._search.ask(part) for part in parts]
        speaking = [verdict for verdict in verdicts if verdict.score.any()]
        score = all_of([verdict.score for verdict in speaking], np.ones(len(speaking)), seen)
        support = np.sum([verdict.support for verdict in speaking], axis=0) if speaking else score
        shown = _best(score, support, top)
        hits = tuple(
            Hit(
                rank=place + 1,
                item=seen.items[row],
                score=float(score[row]),
                why=joined(reason for verdict in speaking for reason in verdict.why(row)),
                labels=truths(seen.items[row].labels),
            )
            for place, row in enumerate(shown)
        )
        notes = [note for verdict in verdicts for note in verdict.notes]
        return Found(
            query=tuple(parts),
            run=self.run.id,
            searched=len(seen.items),
            good=int((score >= GOOD).sum()),
            hits=hits,
            notes=(*notes, *seen.lost),
        )


def _best(score: NDArray[np.float64], support: NDArray[np.float64], top: int) -> list[int]:
    """Rows of the best items that anything speaks for; only these are sorted."""
    rows = np.flatnonzero(score > 0)
    if len(rows) > top:
        least = np.partition(score[rows], len(rows) - top)[len(rows) - top]
        rows = rows[score[rows] >= least]
    order = np.lexsort((rows, -support[rows], -score[rows]))
    return [int(row) for row in rows[order[:top]]]


def find(
    library: Library,
    runs: Path,
    cache: Path,
    query: Sequence[str | Path],
    *,
    top: int = 12,
    run: str = "",
    on_items: OnItems = lambda modality, done, total: None,
) -> Found:
    """Search the whole library once; see `Finder` for many searches.

    Args:
        library: The items.
        runs: The project's `runs`.
        cache: The project's `cache`.
        query: Words and paths of files; each counts.
        top: How many items are wanted.
        run: Which run compares; the newest when empty.
        on_items: Told about progress where something has to be encoded.

    Returns:
        The best items, with reasons.

    Raises:
        UsageError: When the query is empty or there is no finished run.
        InputError: When a file cannot be read, the library is empty, or the run does not know a
            modality that is looked for.
    """
    require(top >= 1, "top", top, "1 or more")
    parts = read_query(query)
    require_known(parts, pick_run(runs, run))
    finder = Finder.open(library, runs, cache, run=run, on_items=on_items)
    return finder.find_parts(parts, top)


def require_known(parts: Sequence[Part], run: Run) -> None:
    """Refuse what a run cannot compare.

    Args:
        parts: What is looked for.
        run: Which compares.

    Raises:
        InputError: When the run did not learn from a modality.
    """
    known = run.model.modalities
    for part in parts:
        if part.modality != "text" and part.modality not in known:
            raise InputError(
                f'The run "{run.id}" learned from {" and ".join(known)} only, so it '
                f'cannot compare "{part.name}".',
                "add items that have one, then handful train",
            )


def pick_run(runs: Path, name: str = "") -> Run:
    """The run to look through.

    Args:
        runs: The project's `runs`.
        name: Its id or the start of it; the newest finished one when empty.

    Raises:
        UsageError: When there is none.
    """
    if not name and not any(run.is_done for run in runs_in(runs)):
        raise UsageError(
            "There is no finished run yet, and finding needs one; it may learn without labels.",
            "handful train",
        )
    return pick(runs, name)


def _answers(
    library: Library, runs: Path, cache: Path, chosen: Run, seen: Survey, on_items: OnItems
) -> list[Answers]:
    """What the newest run of each task says; the chosen one's for its own task."""
    newest = {run.task: run for run in runs_in(runs) if run.is_done and run.task}
    if chosen.task:
        newest[chosen.task] = chosen
    found = []
    for task, run in newest.items():
        own = seen if run.id == chosen.id else survey(library, run, cache, on_items=on_items)
        if own.said:
            found.append(Answers.of(task, run.manifest["classes"], own.said, seen.items))
    return found
