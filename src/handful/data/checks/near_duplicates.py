"""Find things that come twice in changed form: mirrored, cropped, re-encoded, reworded, cut.

Use when: always; files of several sources, photo bursts and re-uploads bring them.
Cost: looks at each file once, then remembers; 5,000 photos are compared in a few seconds.
Source: `twins/` of the library, which says how pictures, sounds and texts are compared.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from PIL import Image

from handful.data.checks.base import Check, Finding, Remedy, Severity, View, some
from handful.data.checks.evidence.crude import looked_at
from handful.data.checks.workbench import Workbench
from handful.data.library.copies import Conflict, conflicts
from handful.data.library.ingest import ingest
from handful.data.library.items import Item, Part, Split
from handful.data.library.library import Library
from handful.data.library.splits import HELD_BACK
from handful.data.library.twins import pictures
from handful.data.library.twins.look import Twins, counting_parts, find_twins
from handful.data.library.units import copies_of, members
from handful.foundation.console import plural
from handful.foundation.errors import require
from handful.foundation.wording import listed


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is compared with what."""

    against: str = ""
    """A folder, table or archive that must not be known here, such as a test set of somebody
    else; empty compares the library with itself only."""
    most_shown: int = 200
    """How many sets a finding lists as evidence; all are counted."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.most_shown >= 1, "most_shown", self.most_shown, "1 or more")


class _Pair(NamedTuple):
    """Two contents that are the same thing, and how one came from the other."""

    one: str
    other: str
    relation: str


class _Set(NamedTuple):
    """Items of one thing, the changes between them, and what is said of one and contradicted."""

    items: list[Item]
    relations: tuple[str, ...]
    conflicts: tuple[Conflict, ...]

    def about(self, fact: str) -> Conflict | None:
        """The conflict about one fact."""
        return next((each for each in self.conflicts if each.about == fact), None)


class NearDuplicates(Check):
    """Items that are the same picture, sound or text in changed form."""

    not_covered = (
        "A detail cut out of a picture, another photo of the same thing, a translation, a tune "
        "played again, and texts of a template are not seen as copies."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Join what is the same in changed form, and say what that spoils."""
        items = view.usable
        twins = looked_at(view).twins
        sets = _sets(items, twins, _pairs(view, items, twins))
        findings = [
            self._about_splits(sets),
            self._about_labels(sets),
            self._about_groups(sets),
            self._about_rest(sets),
            self._about_outside(view) if self.config.against else None,
        ]
        return [finding for finding in findings if finding]

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """A mirrored picture in the test, a smaller one with another label, a quieter sound."""
        for place in range(6):
            _item(bench, f"plain-{place}", dice, split="train", batch=f"b{place}")
        _item(bench, "seen", dice, split="train", batch="x")
        _item(bench, "seen-mirrored", dice, split="test", batch="x")
        with Image.open(bench.files / "seen.png") as image:
            image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(bench.files / "seen-mirrored.png")
        _item(bench, "torn", dice, split="train", batch="y")
        _item(bench, "torn-small", dice, split="train", batch="y", kind="bowl")
        with Image.open(bench.files / "torn.png") as image:
            image.resize((64, 48), Image.Resampling.LANCZOS).save(bench.files / "torn-small.png")
        _item(bench, "loud", dice, split="train", batch="z1")
        _item(bench, "quiet", dice, split="train", batch="z2")
        samples, rate = soundfile.read(bench.files / "loud.wav", dtype="float32")
        soundfile.write(bench.files / "quiet.wav", samples * 0.4, rate)
        return ["seen", "seen-mirrored", "torn", "torn-small", "loud", "quiet"]

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Different pictures and sounds under the same words, in training and test."""
        for place in range(8):
            split = "test" if place % 4 == 0 else "train"
            _item(bench, f"plain-{place}", dice, split=split, batch=f"b{place}", note="a blue cup")

    def _about_splits(self, sets: list[_Set]) -> Finding | None:
        bad = [each for each in sets if each.about("split")]
        if not bad:
            return None
        seen = [
            item.id
            for each in bad
            if any(item.split in HELD_BACK for item in each.items)
            for item in each.items
            if item.split == Split.TRAIN
        ]
        return self._finding(
            bad,
            "straddle the splits",
            Severity.SERIOUS,
            "The test contains what was trained on, in changed form, so every number measured on "
            f"it is too high. {_said(bad, 'split')}",
            "Set the copies in training aside, or give copies one group and split anew.",
            Remedy(
                action="quarantine",
                items=tuple(sorted(set(seen))),
                because="a copy of it is held back for a test",
            )
            if seen
            else None,
        )

    def _about_labels(self, sets: list[_Set]) -> Finding | None:
        bad = [each for each in sets if each.about("label")]
        if not bad:
            return None
        tasks = sorted({each.task for one in bad for each in one.conflicts if each.task})
        return self._finding(
            bad,
            f"have different labels ({some(tasks)})",
            Severity.WARNING,
            "Either a label is wrong, or the change is the answer, as in an arrow that was "
            f"mirrored. {_said(bad, 'label')}",
            "Look at each set and correct the wrong label.",
        )

    def _about_groups(self, sets: list[_Set]) -> Finding | None:
        bad = [each for each in sets if each.about("group")]
        if not bad:
            return None
        return self._finding(
            bad,
            "lie in different groups",
            Severity.WARNING,
            "Groups keep together what must not be trained on and tested. These copies may be torn "
            f"apart. {_said(bad, 'group')}",
            "Give all copies the same group.",
        )

    def _about_rest(self, sets: list[_Set]) -> Finding | None:
        rest = [each for each in sets if not each.conflicts]
        if not rest:
            return None
        first = some((item.key for item in rest[0].items), 3)
        return self._finding(
            rest,
            "spoil nothing",
            Severity.NOTE,
            "They count several times in training and in every share, and are kept together when "
            f"the library is split. First: {first}.",
            "Nothing, or leave one of each set.",
        )

    def _finding(
        self,
        sets: list[_Set],
        what: str,
        severity: Severity,
        meaning: str,
        fix: str,
        remedy: Remedy | None = None,
    ) -> Finding:
        items = [item.id for each in sets for item in each.items]
        relations = Counter(name for each in sets for name in each.relations)
        shown = sets[: self.config.most_shown]
        return self.finding(
            f"{plural(len(sets), 'set')} of near-duplicates {what} ({plural(len(items), 'item')}: "
            f"{listed(f'{name} {count}' for name, count in relations.most_common())})",
            severity,
            items,
            evidence={
                "relations": dict(relations.most_common()),
                "sets": [
                    {"items": [item.id for item in each.items], "relations": list(each.relations)}
                    for each in shown
                ],
            },
            meaning=meaning,
            fix=fix,
            remedy=remedy,
        )

    def _about_outside(self, view: View) -> Finding | None:
        """Items of the library that lie in a folder which must not be known here."""
        outside = Path(self.config.against).expanduser()
        with tempfile.TemporaryDirectory(prefix="handful-against-") as folder:
            other = Library.create(Path(folder) / "library")
            ingest(other, outside)
            theirs = other.items()
            cache = view.cache or Path(folder) / "cache"
            find_twins(other.media, theirs, cache)  # which alone can read what an archive holds
            both = [*view.usable, *theirs]
            found = members(copies_of(both, find_twins(view.library.media, both, cache)))
        own = {item.id: item for item in view.usable}
        names = {item.id: item.key for item in theirs}
        met = {
            identity: [names[each] for each in ids if each in names and each not in own]
            for ids in found.values()
            for identity in ids
            if identity in own
        }
        met = {identity: keys for identity, keys in met.items() if keys}
        if not met:
            return None
        first = min(met)
        return self.finding(
            f"{len(met)} items also lie in the set that must not be known here "
            f"({len(theirs)} items compared)",
            Severity.SERIOUS,
            met,
            evidence={"against": outside.name, "items": dict(sorted(met.items()))},
            meaning="What is measured on that set is too high, because a model from this library "
            f'has seen part of it. First: "{own[first].key}" is "{met[first][0]}".',
            fix="Set these items aside before training.",
            remedy=Remedy(
                action="quarantine",
                items=tuple(sorted(met)),
                because=f"also in {outside.name}, which must not be known here",
            ),
        )


def _sets(items: list[Item], twins: Twins, pairs: list[_Pair]) -> list[_Set]:
    """Copies among which at least two contents differ; equal ones are another check's."""
    known = {item.id: item for item in items}
    relations: dict[str, list[str]] = {}
    for pair in pairs:
        relations.setdefault(pair.one, []).append(pair.relation)
        relations.setdefault(pair.other, []).append(pair.relation)
    found = []
    for ids in members(copies_of(items, twins)).values():
        inside = [known[identity] for identity in ids]
        contents = {part.content_sha256 for item in inside for part in counting_parts(item)}
        said = sorted({name for content in contents for name in relations.get(content, ())})
        if len(inside) > 1 and said:
            found.append(_Set(inside, tuple(said), tuple(conflicts(inside))))
    return sorted(found, key=lambda each: each.items[0].id)


def _pairs(view: View, items: Iterable[Item], twins: Twins) -> list[_Pair]:
    if not twins.pairs:
        return []
    items = list(items)
    parts = {part.content_sha256: part for item in items for part in counting_parts(item)}
    prints = looked_at(view).prints
    return [
        _Pair(one, other, relation_of(parts[one], parts[other], prints))
        for one, other in sorted(twins.pairs)
    ]


def relation_of(one: Part, other: Part, prints: Mapping[str, bytes]) -> str:
    """How one of two parts came from the other, in a word or two.

    Args:
        one: Of a pair of twins.
        other: Of the same modality.
        prints: Of both, by the hash of their content.
    """
    if one.modality == "image":
        return _relation_of_pictures(prints[one.content_sha256], prints[other.content_sha256])
    lengths = sorted(map(_length, (one, other)))
    is_part = lengths[0] < 0.97 * lengths[1]
    if one.modality == "audio":
        return "cut" if is_part else "re-encoded"
    return "excerpt" if lengths[0] < 0.8 * lengths[1] else "reworded"


def _length(part: Part) -> float:
    if part.words is not None:
        return float(sum(map(len, part.words.values())))
    return float(part.meta.get("seconds", 0.0))


def _relation_of_pictures(one: bytes, other: bytes) -> str:
    shape = (pictures.SIDE, pictures.SIDE, 3)
    first, second = (np.frombuffer(each, np.uint8).reshape(shape) for each in (one, other))
    away = [
        float(np.square(pictures.oriented(first, turn) - second.astype(np.float32)).mean())
        for turn in range(8)
    ]
    turn = int(np.argmin(away))
    if turn:
        return "mirrored" if turn.bit_count() % 2 else "turned"
    return "cropped" if pictures.likeness_of(first, second).was_fitted else "re-encoded"


def _said(sets: list[_Set], fact: str) -> str:
    conflict = sets[0].about(fact)
    return conflict.sentence.replace("the same content", "the same thing") if conflict else ""


def _item(
    bench: Workbench, key: str, dice: np.random.Generator, kind: str = "cup", **facts: str
) -> None:
    bench.item(key, dice, kind=kind, **facts)
    bench.scene(f"{key}.png", dice)
    bench.tune(f"{key}.wav", dice)
