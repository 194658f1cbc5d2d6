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

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item, truths
from handful.data.library.library import Library
from handful.foundation.errors import InputError, UsageError, require
from handful.learn.routes.model import Model
from handful.learn.routes.run import Run, pick, runs_in
from handful.learn.routes.viewing import encode_values
from handful.use.explore.likeness import cosines, strength
from handful.use.explore.named import Answers, Named
from handful.use.explore.query import Part, read_query
from handful.use.explore.survey import OnItems, Survey, survey
from handful.use.explore.words import Said, WordIndex

GOOD = 0.5
"""Above this, more speaks for an item than against it."""
_KEPT = 0.05
"""What an item keeps of a word that it misses, so that the rest still orders it."""
_WORTH_SAYING = 0.3
"""Reasons weaker than this are not told."""
_FIELDS = {"text": "note says", "name": "name says", "labels": "labelled"}
Reason = tuple[str, str]
"""What speaks for an item and what of it, such as `note says` and `bowl`; or all in the first."""
_LIKE = {"text": "reads alike", "image": "looks alike", "audio": "sounds alike"}
_ACROSS = {"text": "its words fit", "image": "its photo fits", "audio": "its sound fits"}
_NOUNS = {"text": "the words", "image": "the photo", "audio": "the sound"}


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
    """Search the whole library.

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
    chosen = pick_run(runs, run)
    model = chosen.model
    for part in parts:
        if part.modality != "text" and part.modality not in model.modalities:
            raise InputError(
                f'The run "{chosen.id}" learned from {" and ".join(model.modalities)} only, so it '
                f'cannot compare "{part.name}".',
                "add items that have one, then handful train",
            )
    seen = survey(library, chosen, cache, on_items=on_items)
    search = _Search(seen, model, _answers(library, runs, cache, chosen, seen, on_items))
    verdicts = [search.ask(part) for part in parts]
    speaking = [verdict for verdict in verdicts if verdict.score.any()]
    score = _all_of([verdict.score for verdict in speaking], np.ones(len(speaking)), seen)
    support = np.sum([verdict.support for verdict in speaking], axis=0) if speaking else score
    order = np.lexsort((np.arange(len(score)), -support, -score))
    shown = [int(row) for row in order[:top] if score[row] > 0]
    hits = tuple(
        Hit(
            rank=place + 1,
            item=seen.items[row],
            score=float(score[row]),
            why=_joined(reason for verdict in speaking for reason in verdict.why(row)),
            labels=truths(seen.items[row].labels),
        )
        for place, row in enumerate(shown)
    )
    notes = [note for verdict in verdicts for note in verdict.notes]
    return Found(
        query=tuple(parts),
        run=chosen.id,
        searched=len(seen.items),
        good=int((score >= GOOD).sum()),
        hits=hits,
        notes=(*notes, *seen.lost),
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


class _Verdict(NamedTuple):
    """What one part of the query says of every item, with the reasons of one on demand.

    `support` sums up everything that speaks for it: it parts items of the same score.
    """

    score: NDArray[np.float64]
    support: NDArray[np.float64]
    why: Callable[[int], list[Reason]]
    notes: list[str]


class _Word(NamedTuple):
    """One word of the query against every item."""

    word: str
    fields: dict[str, Said]
    named: list[Named]
    strength: NDArray[np.float64]
    support: NDArray[np.float64]


class _Search:
    """A library ready to be asked."""

    def __init__(self, seen: Survey, model: Model, answers: list[Answers]) -> None:
        self._seen = seen
        self._model = model
        self._answers = answers
        items = seen.items
        self._fields = {
            "text": WordIndex([" ".join(item.words.values()) for item in items]),
            "name": WordIndex([_names(item) for item in items], weigh_length=False),
            "labels": WordIndex([_labels(item) for item in items], weigh_length=False),
        }

    def ask(self, part: Part) -> _Verdict:
        evidence = self._likeness(part)
        total = sum(evidence.values(), np.zeros(len(self._seen.items)))
        like = strength(total)
        if not part.words:
            return _Verdict(like, like, lambda row: _like_why(part, evidence, like, row), [])
        said, words, unknown = self._words(part)
        score = 1 - (1 - said) * (1 - like)

        def why(row: int) -> list[Reason]:
            reasons = [self._word_why(word, row) for word in words]
            told = [reason for found in reasons for reason in found]
            return [*told, *_like_why(part, evidence, like, row)]

        notes = []
        if unknown:
            names = ", ".join(f'"{word}"' for word in unknown[:5])
            notes = [f"Nothing in the library says {names}, and no run answers it."]
        support = like + sum((word.support for word in words), np.zeros(len(like)))
        return _Verdict(score, support, why, notes)

    def _words(self, part: Part) -> tuple[NDArray[np.float64], list[_Word], list[str]]:
        """`[N]` how far items have the words, what each word found, and words found nowhere."""
        words = [self._word(word) for word in part.words]
        known = [word for word in words if word.strength.any()]
        items = len(self._seen.items)
        holding = np.array([word.strength.sum() for word in known])
        rarity = np.log1p((items - holding + 0.5) / (holding + 0.5))
        score = _all_of([word.strength for word in known], rarity, self._seen)
        return score, known, [word.word for word in words if not word.strength.any()]

    def _word(self, word: str) -> _Word:
        fields = {name: index.ask(word) for name, index in self._fields.items()}
        named = [found for answers in self._answers if (found := answers.ask(word))]
        strengths = [said.strength for said in (*fields.values(), *named)]
        strongest, all_told = np.max(strengths, axis=0), np.sum(strengths, axis=0)
        return _Word(word, fields, named, strongest, all_told)

    def _likeness(self, part: Part) -> dict[str, NDArray[np.float64]]:
        """Modality to `[N]` evidence that items are like the query, 0 where they lack it."""
        if part.modality not in self._model.towers:
            return {}
        views = {
            part.modality: encode_values(self._model.towers[part.modality], [part.value]),
        }
        query = self._model.latents_of(views).get(part.modality, {})
        found = {}
        for modality, named in self._seen.latents.items():
            if modality == part.modality and part.is_typed:
                continue  # a few words are never like a whole note; words were compared already
            scale = self._seen.scales.get((part.modality, modality))
            kind = "plain" if modality == part.modality else "shared"
            if scale is None or not scale.slope or kind not in query or kind not in named:
                continue
            row = query[kind].values[0]
            if not row.any():
                continue
            evidence = scale.evidence(cosines(row, named[kind]))
            found[modality] = np.where(named[kind].present, evidence, 0.0)
        return found

    def _word_why(self, word: _Word, row: int) -> list[Reason]:
        """The strongest reason of either kind, unless it is weak."""
        told = [
            (found.strength[row], found.why(row))
            for found in word.named
            if found.strength[row] >= _WORTH_SAYING
        ]
        is_labelled = any(found.is_known[row] for found in word.named)
        for name, said in word.fields.items():
            if said.strength[row] >= _WORTH_SAYING and not (name == "labels" and is_labelled):
                what = self._fields[name].shown(int(said.words[row]))
                told.append((said.strength[row], (_FIELDS[name], what)))
        return [reason for _, reason in sorted(told, key=lambda each: -each[0])[:2]]


def _like_why(
    part: Part, evidence: dict[str, NDArray[np.float64]], like: NDArray[np.float64], row: int
) -> list[Reason]:
    if like[row] < _WORTH_SAYING:
        return []
    told = []
    for modality in sorted(evidence, key=lambda name: -evidence[name][row]):
        if evidence[modality][row] > 0:
            same = modality == part.modality
            said = _LIKE[modality] if same else f"{_ACROSS[modality]} {_NOUNS[part.modality]}"
            told.append((said, ""))
    return told[:2]


def _joined(reasons: Iterable[Reason]) -> str:
    """Reasons in words, those of one kind together: `note says blue, vase; looks alike`."""
    told: dict[str, list[str]] = {}
    for verb, what in reasons:
        said = told.setdefault(verb, [])
        if what and what not in said:
            said.append(what)
    return "; ".join(f"{verb} {', '.join(said)}".strip() for verb, said in told.items())


def _all_of(
    strengths: Sequence[NDArray[np.float64]], weights: NDArray[np.float64], seen: Survey
) -> NDArray[np.float64]:
    """The weighted geometric mean, in which one that is missing keeps a little of the rest."""
    if not len(strengths):
        return np.zeros(len(seen.items))
    table = np.stack(strengths)
    joined = np.exp(weights @ np.log(np.maximum(table, _KEPT)) / weights.sum())
    return np.where(table.any(axis=0), joined, 0.0)


def _names(item: Item) -> str:
    """The key, and the names of its files where they say more."""
    names = {Path(part.origin).stem for part in item.parts.values() if part.path}
    return " ".join([item.key, *sorted(names - {item.key})])


def _labels(item: Item) -> str:
    return " ".join(truths(item.labels).values())
