"""Find what gives the answer away without looking: size, compression, silence, border, file name.

Use when: items have labels; files of several cameras, sources or days are the usual reason.
Cost: decodes every file once, as `quality` does; then a second per task.
Source: Geirhos et al., Shortcut learning in deep neural networks (2020).
"""
# N items, C classes, D numbers

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handful.data.checks.base import Check, Finding, Severity, View
from handful.data.checks.evidence.crude import looked_at
from handful.data.checks.evidence.measuring import PictureFacts, SoundFacts, pictures_of, sounds_of
from handful.data.checks.workbench import Workbench
from handful.data.library.items import Item, truths
from handful.data.library.units import copies_of, units_of
from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import UsageError, require
from handful.numerics.linear import folds as fold_room
from handful.numerics.linear.ridge import Spectrum, choose, indicator
from handful.numerics.stats.base import Interval
from handful.numerics.stats.paired import compare

_BINS = 8
_LETTERS = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is measured, and from where on it is told."""

    fewest_items: int = 40
    """Tasks with fewer labelled items are not measured: chance would decide."""
    most_items: int = 3000
    """Of more labelled items than this, some are drawn."""
    most_tasks: int = 3
    """The tasks with the most labels are measured."""
    least_points: float = 5.0
    """How many points above always saying the most frequent answer are worth telling."""
    error_rate: float = 0.02
    """How often a task without any shortcut may be told to have one, in (0, 0.5)."""

    def __post_init__(self) -> None:
        """Check the rules."""
        for name in ("fewest_items", "most_items", "most_tasks"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        require(self.least_points >= 0, "least_points", self.least_points, "0 or more")
        require(0 < self.error_rate < 0.5, "error_rate", self.error_rate, "in (0, 0.5)")


class _Known(NamedTuple):
    """What is known of an item without looking at what it shows."""

    item: Item
    picture: PictureFacts | None
    sound: SoundFacts | None


_Read = Callable[[_Known], Sequence[float] | None]


def _of_picture(read: Callable[[PictureFacts], Sequence[float]]) -> _Read:
    return lambda known: read(known.picture) if known.picture else None


def _of_sound(read: Callable[[SoundFacts], Sequence[float]]) -> _Read:
    return lambda known: read(known.sound) if known.sound else None


CLUES: dict[str, _Read] = {
    "size of the picture": _of_picture(lambda each: [each.width, each.height]),
    "shape of the picture": _of_picture(lambda each: [each.width / each.height]),
    "compression of the picture": _of_picture(lambda each: [each.bytes_per_pixel]),
    "border of the picture": _of_picture(lambda each: [*each.border, each.border_spread]),
    "sample rate of the sound": _of_sound(lambda each: [each.rate]),
    "silence in the sound": _of_sound(lambda each: [each.silent, each.silent_start]),
    "compression of the sound": _of_sound(lambda each: [each.bytes_per_second]),
    "offset of the sound": _of_sound(lambda each: [1e3 * each.offset]),
    "type of the files": lambda known: [
        float(sum(known.item.parts[name].mime.encode())) for name in known.item.modalities
    ][:1],
    "which modalities there are": lambda known: [
        float(name in known.item.modalities) for name in MODALITIES
    ],
}
"""What a lazy model may look at instead of what matters; each alone must say nothing."""


class _Found(NamedTuple):
    """How well one clue tells the answer.

    Attributes:
        accuracy: With whole groups held out.
        majority: Of always saying the most frequent answer of the other groups.
        gain: The difference, with its interval.
    """

    accuracy: float
    majority: float
    gain: Interval


class Shortcuts(Check):
    """Each clue alone, asked for the answer with whole groups held out."""

    not_covered = (
        "Only the clues that are listed are tried, each alone. Watermarks, backdrops, hands in the "
        "picture and words such as a photographer's name are not. A clue may also be honest, as "
        "length is for words."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Measure every clue for every task with enough labels."""
        tasks = self._tasks(view)
        if not tasks:
            return []
        pictures, sounds = pictures_of(view), sounds_of(view)
        units = _units(view)
        findings = []
        for task, items in tasks:
            known = [_Known(each, pictures.get(each.id), sounds.get(each.id)) for each in items]
            labels = np.unique([str(each.label(task)) for each in items], return_inverse=True)[1]
            groups = np.array([units[each.id] for each in items])
            findings += self._measure(task, known, labels, groups)
        return findings

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """Cups in one size with a white border, bowls in another with a grey one."""
        keys = []
        for place in range(60):
            kind = "cup" if place % 2 else "bowl"
            bench.item(f"p{place}", dice, kind=kind)
            bench.scene(f"p{place}.png", dice)
            path = bench.files / f"p{place}.png"
            with Image.open(path) as image:
                framed = Image.new(
                    "RGB",
                    (100, 76) if place % 2 else (104, 80),
                    "white" if place % 2 else (120, 120, 120),
                )
                framed.paste(image, (2, 2))
                framed.save(path)
            keys.append(f"p{place}")
        return keys

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Pictures of several sizes, of which none says what they are."""
        for place in range(60):
            bench.item(f"p{place}", dice, kind="cup" if dice.integers(2) else "bowl")
            bench.scene(f"p{place}.png", dice)
            path = bench.files / f"p{place}.png"
            with Image.open(path) as image:
                side = int(dice.integers(60, 90))
                image.crop((0, 0, side, 60)).save(path)

    def _tasks(self, view: View) -> list[tuple[str, list[Item]]]:
        by_task: dict[str, list[Item]] = {}
        for item in view.usable:
            for task in truths(item.labels):
                by_task.setdefault(task, []).append(item)
        dice = np.random.default_rng(0)
        tasks = []
        for task, items in by_task.items():
            if len(items) >= self.config.fewest_items:
                if len(items) > self.config.most_items:
                    drawn = dice.choice(len(items), self.config.most_items, replace=False)
                    items = [items[place] for place in sorted(drawn)]
                tasks.append((task, items))
        return sorted(tasks, key=lambda each: (-len(each[1]), each[0]))[: self.config.most_tasks]

    def _measure(
        self, task: str, known: list[_Known], labels: NDArray[np.intp], groups: NDArray[Any]
    ) -> list[Finding]:
        measured: dict[str, _Found] = {}
        rows_of: dict[str, NDArray[np.intp]] = {}
        alpha = self.config.error_rate / (len(CLUES) + 1)
        for name, read in {**CLUES, "name of the file": None}.items():
            rows, features = _names(known) if read is None else _clue(known, read)
            found = _tell(features, labels[rows], groups[rows], alpha) if len(rows) else None
            if found is not None:
                measured[name], rows_of[name] = found, rows
        bad = {
            name: found
            for name, found in measured.items()
            if found.gain.low > 0 and 100 * found.gain.estimate >= self.config.least_points
        }
        return [
            self._about(task, name, found, [known[row].item for row in rows_of[name]], measured)
            for name, found in bad.items()
        ]

    def _about(
        self,
        task: str,
        name: str,
        found: _Found,
        items: list[Item],
        measured: Mapping[str, _Found],
    ) -> Finding:
        is_name = name == "name of the file"
        low, high = 100 * found.gain.low, 100 * found.gain.high
        return self.finding(
            f"The {name} alone tells `{task}` in {100 * found.accuracy:.0f} of 100 cases",
            Severity.NOTE if is_name else Severity.WARNING,
            (item.id for item in items),
            evidence={
                "accuracy": round(found.accuracy, 4),
                "majority": round(found.majority, 4),
                "gain": [round(found.gain.low, 4), round(found.gain.high, 4)],
                "items": len(items),
                "tried": {each: round(one.accuracy, 4) for each, one in measured.items()},
            },
            meaning=f"Always saying the most frequent answer is right in "
            f"{100 * found.majority:.0f}; this is {low:.0f} to {high:.0f} points more, on groups "
            "that were held out. "
            + (
                "Models here never see names; whoever labels by hand does."
                if is_name
                else "A model may learn it instead of what matters, and fail on other files."
            ),
            fix="Nothing, if names were given by the answer."
            if is_name
            else "Make all files alike in this, or add items of every answer from every source; "
            "then measure again.",
        )


def _units(view: View) -> dict[str, str]:
    return units_of(view.usable, copies_of(view.usable, looked_at(view).twins))


def _clue(known: list[_Known], read: _Read) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Rows of the items that have a clue, and each of its numbers as one of a few bins."""
    said = [read(each) for each in known]
    rows = np.array([row for row, each in enumerate(said) if each], dtype=np.intp)
    if not len(rows):
        return rows, np.zeros((0, 0))
    numbers = np.array([said[row] for row in rows], dtype=np.float64)
    return rows, np.concatenate([_binned(column) for column in numbers.T], axis=1)


def _binned(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[N, B]`: a one in the bin of each number; few different numbers have a bin each."""
    values = np.unique(column)
    if len(values) > _BINS:
        values = np.unique(np.quantile(column, np.linspace(0, 1, _BINS + 1)[1:-1]))
        places = np.searchsorted(values, column, side="right")
    else:
        places = np.searchsorted(values, column)
    return np.eye(int(places.max()) + 1)[places]


def _names(known: list[_Known]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Runs of three letters of each file's name, without its folder, hashed; digits are alike."""
    stems = []
    for each in known:
        parts = [each.item.parts[name] for name in ("image", "audio") if name in each.item.parts]
        stems.append(Path(parts[0].origin.rpartition("!")[2]).stem.lower() if parts else "")
    rows = np.array([row for row, stem in enumerate(stems) if stem], dtype=np.intp)
    found = np.zeros((len(rows), _LETTERS))
    for place, row in enumerate(rows):
        stem = f"^{re.sub(r'[0-9]', '0', stems[row])}$"
        for start in range(max(1, len(stem) - 2)):
            run = stem[start : start + 3].encode()
            found[place, int.from_bytes(run, "big") * 2_654_435_761 % 4_294_967_296 >> 26] = 1
    return rows, found


def _tell(
    features: NDArray[np.float64], labels: NDArray[np.intp], groups: NDArray[Any], alpha: float
) -> _Found | None:
    """How well features tell labels with whole groups held out; None where it cannot be told."""
    classes, labels = np.unique(labels, return_inverse=True)
    if len(classes) < 2 or len(np.unique(groups)) < 10 or not np.ptp(features, axis=0).any():
        return None
    try:
        folds = fold_room.split(labels, groups, items=len(labels), count=5)
    except UsageError:
        return None
    targets = indicator(labels, len(classes))
    path = Spectrum.of_features(features).out_of_fold(targets, folds.assignment)
    said = choose(path, targets).scores.argmax(axis=1)
    usual = np.zeros(len(labels), dtype=np.intp)
    for train, test in folds:
        usual[test] = np.bincount(labels[train]).argmax()
    right, majority = said == labels, usual == labels
    gain = compare(majority, right, groups, alpha=alpha, draws=400).difference
    return _Found(float(right.mean()), float(majority.mean()), gain)
