"""Rules in sentences: when a new file appears and it is surely this, do that; else leave it.

They stand in `autopilot/rules.json` of the project, readable and in the order they are tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from handful.data.library.sources.base import absolute
from handful.foundation.errors import ProjectError, UsageError, collect_mistakes, require, storage
from handful.foundation.project.atomic import write_json
from handful.use.explore.sort import own_places

FOLDER = "autopilot"
RULES = "rules.json"
DOES = ("copy", "move", "rename", "row")
"""What a rule may do: copy or move to a folder, rename in place, or add a row to a CSV table."""

_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|]')
_NUMBER = re.compile(r"^(.*?)(\d+)$")


class Numbered(NamedTuple):
    """A name that counts on.

    Attributes:
        stem: Before the number.
        first: The first number; 0 for a name without one.
        digits: How many are written; 0 for a name without a number.
    """

    stem: str
    first: int
    digits: int

    def at(self, number: int) -> str:
        """The name with a number.

        Args:
            number: Which one; 0 leaves a name without a number as it is.
        """
        if self.digits:
            return f"{self.stem}{number:0{self.digits}}"
        return f"{self.stem}-{number}" if number else self.stem


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: What it is called; given by `with_names` when empty.
        folder: Where new files appear; absolute once it is kept.
        topic: The task whose answers count.
        answer: What the file must surely be.
        do: One of `DOES`.
        to: The folder for `copy` and `move`, the table for `row`.
        named: What it is called then, such as `mugs-001`; its own name when empty.
        is_on: Whether it acts while the folder is watched.
    """

    folder: str
    topic: str
    answer: str
    do: str = "copy"
    to: str = ""
    named: str = ""
    name: str = ""
    is_on: bool = False

    def __post_init__(self) -> None:
        require(bool(self.folder), "folder", self.folder, "the folder where new files appear")
        require(bool(self.topic), "topic", self.topic, "the name of what was taught")
        require(bool(self.answer), "answer", self.answer, "one of the answers that were taught")
        require(self.do in DOES, "do", self.do, "`copy`, `move`, `rename` or `row`")
        require(self.do == "rename" or bool(self.to), "to", self.to, "where it should go")
        require(self.do != "rename" or bool(self.named), "named", self.named, "such as `mugs-001`")
        is_safe = not _UNSAFE.search(self.named) and not self.named.startswith(".")
        require(is_safe, "named", self.named, "a name that every disk takes, without a dot first")

    @property
    def numbered(self) -> Numbered:
        """`named`, taken apart."""
        found = _NUMBER.match(self.named)
        if found is None:
            return Numbered(self.named, 0, 0)
        return Numbered(found[1], int(found[2]), len(found[2]))

    @property
    def sentence(self) -> str:
        """The rule as a person would say it."""
        to, name = shown(self.to), f" and name it {self.named}" if self.named else ""
        doing = {
            "copy": f"copy it to {to}{name}",
            "move": f"move it to {to}{name}",
            "rename": f"name it {self.named}",
            "row": f"write a row into {to}",
        }[self.do]
        return (
            f"When a new file appears in {shown(self.folder)} and I am sure it is {self.answer}, "
            f"{doing}; else leave it and show me."
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def shown(path: str) -> str:
    """A path as the end that people know it by.

    Args:
        path: Absolute or not.
    """
    return "/".join(Path(path).parts[-2:]).lstrip("/")


def settled(rule: Rule, project: Path) -> Rule:
    """A rule with whole paths, once it can do no harm.

    Args:
        rule: As somebody wrote it; a relative `to` lies beside the folder.
        project: Its folder.

    Raises:
        UsageError: When it would act on the project, or on what it made itself.
    """
    folder = Path(absolute(Path(rule.folder).expanduser()))
    if not folder.is_dir():
        raise UsageError(f'There is no folder "{rule.folder}".', "check the path")
    to = Path(absolute(folder.parent / Path(rule.to).expanduser())) if rule.to else None
    for place in [folder, *([to] if to else [])]:
        if any(place.is_relative_to(own) for own in own_places(project)):
            raise UsageError(f'"{place}" belongs to the project itself.', "choose another folder")
    if to and to.is_relative_to(folder):
        raise UsageError(
            f'"{to}" lies inside "{folder}", so what comes there would be new again.',
            "choose a place outside of it",
        )
    if to and rule.do == "row" and to.suffix.lower() != ".csv":
        raise UsageError(f'"{to.name}" is no CSV table.', "choose a name that ends in .csv")
    if to and rule.do in ("copy", "move") and to.exists() and not to.is_dir():
        raise UsageError(f'"{to}" is a file, and a folder is needed.', "choose another name")
    return replace(rule, folder=str(folder), to=str(to) if to else "")


def read_rules(project: Path) -> list[Rule]:
    """The rules of a project, in the order they are tried.

    Args:
        project: Its folder.

    Raises:
        ProjectError: When the record is damaged.
    """
    path = project / FOLDER / RULES
    if not path.is_file():
        return []
    known = {each.name for each in fields(Rule)}
    with storage("read", path):
        text = path.read_bytes()
    try:
        lines = json.loads(text)["rules"]
        with collect_mistakes() as mistakes:
            found = [Rule(**{k: v for k, v in line.items() if k in known}) for line in lines]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProjectError(f'"{path}" cannot be read as rules: {error}.', "mend it") from None
    if mistakes:
        raise ProjectError(f'"{path}" cannot be used: {" ".join(mistakes)}', "mend it")
    return found


def write_rules(project: Path, rules: Sequence[Rule]) -> None:
    """Keep the rules of a project.

    Args:
        project: Its folder.
        rules: All of them; those without a name get one.

    Raises:
        StorageError: When the disk refuses; the old ones are then still there.
    """
    path = project / FOLDER / RULES
    with storage("make", path.parent):
        path.parent.mkdir(exist_ok=True)
    named: list[Rule] = []
    for rule in rules:
        taken = {each.name for each in [*rules, *named]}
        name = rule.name or next(f"rule-{n}" for n in range(1, 9999) if f"rule-{n}" not in taken)
        named.append(replace(rule, name=name))
    sentences = [{"sentence": rule.sentence, **rule.as_dict()} for rule in named]
    write_json(path, {"format": 1, "rules": sentences})
