"""A library ready to be asked: what speaks for each item, by words and by likeness.

What depends on the library only is made once: the words that items say, and latents of length
one, so that a likeness costs one product. See `find.py` for how parts of a query are joined.
"""
# N items

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item, truths
from handful.learn.model.wording import Wording
from handful.learn.routes.model import Model
from handful.learn.routes.viewing import encode_values
from handful.numerics.linear.blocks import Block, unit_rows
from handful.numerics.linear.kernels import Blocks
from handful.use.explore.likeness import strength
from handful.use.explore.named import Answers, Named
from handful.use.explore.query import Part
from handful.use.explore.survey import WORDS, Survey
from handful.use.explore.words import Said, WordIndex

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


class Verdict(NamedTuple):
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


class Search:
    """A library ready to be asked.

    Args:
        seen: The items as a run sees them.
        model: Of the run.
        wording: What photos and sounds say in words; None where nothing taught it.
        answers: What runs say of the items.
    """

    def __init__(
        self, seen: Survey, model: Model, wording: Wording | None, answers: list[Answers]
    ) -> None:
        self._seen = seen
        self._model = model
        self._wording = wording
        self._answers = answers
        items = seen.items
        self._fields = {
            "text": WordIndex([" ".join(item.words.values()) for item in items]),
            "name": WordIndex([_names(item) for item in items], weigh_length=False),
            "labels": WordIndex([_labels(item) for item in items], weigh_length=False),
        }
        self._units: dict[tuple[str, str], NDArray[np.float32]] = {}

    def ask(self, part: Part) -> Verdict:
        """What one part of a query says of every item.

        Args:
            part: Words, a picture or a sound.
        """
        evidence = self._likeness(part)
        total = sum(evidence.values(), np.zeros(len(self._seen.items)))
        like = strength(total)
        if not part.words:
            return Verdict(like, like, lambda row: _like_why(part, evidence, like, row), [])
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
        return Verdict(score, support, why, notes)

    def _words(self, part: Part) -> tuple[NDArray[np.float64], list[_Word], list[str]]:
        """`[N]` how far items have the words, what each word found, and words found nowhere."""
        words = [self._word(word) for word in part.words]
        known = [word for word in words if word.strength.any()]
        items = len(self._seen.items)
        holding = np.array([word.strength.sum() for word in known])
        rarity = np.log1p((items - holding + 0.5) / (holding + 0.5))
        score = all_of([word.strength for word in known], rarity, self._seen)
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
        views: Blocks = {
            part.modality: encode_values(self._model.towers[part.modality], [part.value]),
        }
        query = self._latents(part.modality, views)
        found = {}
        for modality, named in self._seen.latents.items():
            if modality == part.modality and part.is_typed:
                continue  # a few words are never like a whole note; words were compared already
            pair = part.modality, modality
            scale, kind = self._seen.scales.get(pair), self._seen.kinds.get(pair, "")
            # In the space of words, either side is placed for the other.
            ours = f"{WORDS}{modality}" if kind.startswith(WORDS) else kind
            if scale is None or not scale.slope or ours not in query or kind not in named:
                continue
            row = query[ours].values[0]
            if not row.any():
                continue
            alike = self._unit(modality, kind) @ (row / np.linalg.norm(row)).astype(np.float32)
            found[modality] = np.where(named[kind].present, scale.evidence(alike), 0.0)
        return found

    def _latents(self, modality: str, views: Blocks) -> dict[str, Block]:
        """What the query says, also in the space of words."""
        quiet = self._model.quiet.of(views)
        query = dict(self._model.latents.of(quiet).get(modality, {}))
        placed = self._wording.of(quiet).get(modality, {}) if self._wording else {}
        return query | {f"{WORDS}{other}": block for other, block in placed.items()}

    def _unit(self, modality: str, kind: str) -> NDArray[np.float32]:
        """Latents of all items, of length one, made when first asked for."""
        if (modality, kind) not in self._units:
            block = self._seen.latents[modality][kind]
            rows = block.values if kind.startswith(WORDS) else unit_rows(block.values)
            self._units[modality, kind] = np.asarray(rows, dtype=np.float32)
        return self._units[modality, kind]

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


def joined(reasons: Iterable[Reason]) -> str:
    """Reasons in words, those of one kind together: `note says blue, vase; looks alike`."""
    told: dict[str, list[str]] = {}
    for verb, what in reasons:
        said = told.setdefault(verb, [])
        if what and what not in said:
            said.append(what)
    return "; ".join(f"{verb} {', '.join(said)}".strip() for verb, said in told.items())


def all_of(
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
