"""What the rules would do with the files that lie there now; nothing is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from handful.data.library.sources.base import Candidate
from handful.data.library.sources.folder import list_folder
from handful.data.library.sources.pairing import pair
from handful.foundation.predictor import Level
from handful.use.explore.autopilot.journal import Move
from handful.use.explore.autopilot.rules import Rule
from handful.use.explore.sort import Left, Row, own_places

Answer = Callable[[str, Sequence[Candidate], list[Left]], Iterable[Row]]
"""Topic and items to their answers; files that cannot be read are added to the list."""

Done = Collection[tuple[str, str, str]]
"""What was acted on before: rule, path and content of a file."""


class Step(NamedTuple):
    """What a rule would do to an item.

    Attributes:
        rule: Which.
        row: The item and what was said of it.
        moves: Each of its files from here to there.
    """

    rule: Rule
    row: Row
    moves: tuple[Move, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rule": self.rule.name,
            "do": self.rule.do,
            "item": self.row.key,
            "answer": self.row.label,
            "files": [move._asdict() for move in self.moves],
        }


@dataclass(slots=True)
class Plan:
    """What would be done.

    Attributes:
        steps: In order.
        shown: Items that no rule surely fits: they stay where they are, for a person.
        left: Files that could not be read.
    """

    steps: list[Step] = field(default_factory=list)
    shown: list[Row] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "steps": [step.as_dict() for step in self.steps],
            "shown": [row.as_dict() for row in self.shown],
            "left": [each._asdict() for each in self.left],
        }


def plan(rules: Sequence[Rule], project: Path, answer: Answer, done: Done) -> Plan:
    """Say what the rules would do now.

    The first rules that fit an item act on it, up to and with one that takes it away.

    Args:
        rules: In the order they are tried.
        project: Its folder.
        answer: Says what items are.
        done: What was acted on before, and stays as it is.

    Raises:
        InputError: When a folder cannot be read.
    """
    found, names = Plan(), Names()
    for folder, topic in dict.fromkeys((rule.folder, rule.topic) for rule in rules):
        ours = [rule for rule in rules if (rule.folder, rule.topic) == (folder, topic)]
        candidates = pair(list_folder(Path(folder), own_places(project)).leaves).candidates
        for row in answer(topic, candidates, found.left):
            steps = list(_steps(ours, row, done, names))
            found.steps += steps
            if row.level != Level.SURE or row.label not in {rule.answer for rule in ours}:
                found.shown.append(row)
    return found


def _steps(rules: Sequence[Rule], row: Row, done: Done, names: Names) -> Iterable[Step]:
    for rule in rules:
        if row.level != Level.SURE or row.label != rule.answer:
            continue
        if any((rule.name, file.path, file.sha256) in done for file in row.files):
            continue
        targets = names.of(rule, row)
        pairs = zip(row.files, targets, strict=True)
        yield Step(rule, row, tuple(Move(file.path, to, file.sha256) for file, to in pairs))
        if rule.do in ("move", "rename"):
            return


class Names:
    """Free names: neither on the disk nor given to an item before."""

    def __init__(self) -> None:
        self._taken: dict[str, set[str]] = {}
        self._next: dict[tuple[str, str], int] = {}

    def of(self, rule: Rule, row: Row) -> list[str]:
        """Where the files of an item go; all of them get one name.

        Args:
            rule: Which.
            row: The item.
        """
        paths = [Path(file.path) for file in row.files]
        if rule.do == "row":
            return [rule.to] * len(paths)
        folder = paths[0].parent if rule.do == "rename" else Path(rule.to)
        taken = self._in(folder)
        if not rule.named:
            return [str(folder / name) for name in self._own(paths, taken)]
        stem = self._counted(rule, str(folder), taken)
        return [str(folder / f"{stem}{path.suffix}") for path in paths]

    def _in(self, folder: Path) -> set[str]:
        key = str(folder)
        if key not in self._taken:
            there = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208 - names alone
            self._taken[key] = {Path(name).stem.casefold() for name in there}
        return self._taken[key]

    def _counted(self, rule: Rule, folder: str, taken: set[str]) -> str:
        numbered = rule.numbered
        number = self._next.get((folder, rule.named), numbered.first)
        while (stem := numbered.at(number)).casefold() in taken:
            number = max(2, number + 1) if not numbered.digits else number + 1
        self._next[folder, rule.named] = number
        taken.add(stem.casefold())
        return stem

    @staticmethod
    def _own(paths: Sequence[Path], taken: set[str]) -> list[str]:
        number = 1
        while True:
            end = f"-{number}" if number > 1 else ""
            stems = [f"{path.stem}{end}" for path in paths]
            if not {stem.casefold() for stem in stems} & taken:
                taken.update(stem.casefold() for stem in stems)
                return [f"{s}{path.suffix}" for s, path in zip(stems, paths, strict=True)]
            number += 1
