"""What a check is: it looks at a library, and it can prove that it sees what it is for.

A check reads what the library knows, never changes anything, and answers with findings a person can
act on. Beside that it makes its own fault (`plant`) and its own clean example (`control`), so that
`selftest` can tell a check that sees nothing from data that has nothing wrong.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.checks.workbench import Workbench
from handful.data.library.items import Item, Part
from handful.data.library.library import Library
from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import InputError
from handful.numerics.linear.blocks import Block

Fit = Callable[
    [Sequence[Item], NDArray[np.intp], NDArray[Any]],
    NDArray[np.float64],
]
"""A classifier, out of fold: `N` items, `[N]` class numbers and `[N]` groups to `[N, C]`
probabilities, each row said while its whole group was held out."""

Embed = Callable[[Sequence[Item]], Mapping[str, Block]]
"""Vectors: `N` items to modality to `[N, D]` with presence. Each modality is centred and a mean row
of it has length one, so that modalities side by side speak equally loud."""


class Severity(StrEnum):
    """How much a finding matters, in falling order."""

    SERIOUS = "serious"
    """Numbers measured on this data would be wrong, or data is lost."""
    WARNING = "warning"
    """The model will be worse, or somebody's terms may be broken."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remedy:
    """What can be done about a finding by itself, and taken back again.

    Attributes:
        action: `quarantine` sets items aside, `relabel` gives other answers, `redact` masks
            personal data in texts.
        items: Ids of the items it changes, sorted.
        because: Why, kept with the items.
        task: For `relabel`: what is answered.
        answers: For `relabel`: item id to the new answer.
    """

    action: Literal["quarantine", "relabel", "redact"]
    items: tuple[str, ...]
    because: str
    task: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "action": self.action,
            "items": list(self.items),
            "because": self.because,
            "task": self.task,
            "answers": dict(self.answers),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong, for a person to act on.

    Attributes:
        check: The check that found it.
        title: What was found, in one line with its numbers.
        severity: How much it matters.
        items: Ids of the items it is about, sorted; empty when it is about the whole.
        evidence: Plain data that lets somebody see for themselves.
        meaning: What it means for you, in one or two sentences.
        fix: What to do now.
        not_covered: What this check cannot see, so that silence is not taken for proof.
        remedy: What `handful fix` can do about it; None where a person has to think.
    """

    check: str
    title: str
    severity: Severity
    items: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    meaning: str
    fix: str
    not_covered: str
    remedy: Remedy | None = None

    @property
    def id(self) -> str:
        """A short name that stays the same as long as the same is found about the same items."""
        kind = "".join(letter for letter in self.title if not letter.isdigit())
        text = json.dumps([self.check, kind, list(self.items)])
        return f"{self.check}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "id": self.id,
            "check": self.check,
            "title": self.title,
            "severity": str(self.severity),
            "items": list(self.items),
            "evidence": dict(self.evidence),
            "meaning": self.meaning,
            "fix": self.fix,
            "not_covered": self.not_covered,
            "remedy": self.remedy.as_dict() if self.remedy else None,
        }


class Decoded(NamedTuple):
    """One part, as it is seen, heard or read.

    Attributes:
        item: Whose part it is.
        part: What is known of it.
        value: A `Picture`, a `Sound` or `Words`.
    """

    item: Item
    part: Part
    value: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A library as checks see it: read once, shared by all of them.

    Attributes:
        library: The library, for paths and bytes.
        items: Every item, quarantined ones included.
        cache: The project's `cache`, for what takes long to make; None keeps nothing.
        embed: Vectors for checks that want some; None leaves them with crude ones.
        fit: A classifier for checks that want one; None leaves them with a crude one.
        beside: Names of the checks that run together, so that none says what another says.
        shared: What one check measured and another can use, by name.
    """

    library: Library
    items: tuple[Item, ...]
    cache: Path | None = None
    embed: Embed | None = None
    fit: Fit | None = None
    beside: tuple[str, ...] = ()
    shared: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        library: Library,
        cache: Path | None = None,
        *,
        embed: Embed | None = None,
        fit: Fit | None = None,
    ) -> View:
        """Read a library.

        Args:
            library: At any version.
            cache: The project's `cache`.
            embed: Vectors for checks that want some.
            fit: A classifier for checks that want one.
        """
        items = tuple(library.items(with_quarantined=True))
        return cls(library=library, items=items, cache=cache, embed=embed, fit=fit)

    @property
    def usable(self) -> list[Item]:
        """The items of which something can be used."""
        return [item for item in self.items if item.usable]

    def decoded(self, modality: str, items: Iterable[Item] | None = None) -> Iterator[Decoded]:
        """Every part of a modality, decoded one at a time; files that cannot be read are left out.

        `damaged_media` names those.

        Args:
            modality: `text`, `image` or `audio`.
            items: Which; all usable ones when left out.
        """
        for item in self.usable if items is None else items:
            part = item.parts.get(modality)
            if part and part.usable:
                try:
                    yield Decoded(item, part, self.library.media.read(part))
                except (InputError, Unreadable):
                    continue


class Check(ABC):
    """One check; its file's name is its name.

    Args:
        config: The `Config` of its file.
    """

    not_covered: ClassVar[str]
    """What it cannot see, in one sentence."""

    def __init__(self, config: Any) -> None:
        self.config = config

    @property
    def name(self) -> str:
        """Its name in configurations, reports and menus."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def run(self, view: View) -> list[Finding]:
        """Look for what is wrong.

        Args:
            view: The library.

        Returns:
            What was found; empty when nothing was.
        """

    @abstractmethod
    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """Make files with the fault this check is for.

        Args:
            bench: Makes files and takes them into a library.
            dice: What the files look like.

        Returns:
            Keys of the items that the findings must name, all of them.
        """

    @abstractmethod
    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Make files that look alike and have nothing wrong that this check is for.

        Args:
            bench: Makes files and takes them into a library.
            dice: What the files look like.
        """

    def finding(
        self,
        title: str,
        severity: Severity,
        items: Iterable[str],
        *,
        evidence: Mapping[str, Any],
        meaning: str,
        fix: str,
        remedy: Remedy | None = None,
    ) -> Finding:
        """Make a finding of this check; the arguments are those of `Finding`."""
        return Finding(
            check=self.name,
            title=title,
            severity=severity,
            items=tuple(sorted(set(items))),
            evidence=evidence,
            meaning=meaning,
            fix=fix,
            not_covered=self.not_covered,
            remedy=remedy,
        )


def some(names: Iterable[str], most: int = 5) -> str:
    """A few names for a sentence, and how many more there are.

    Args:
        names: Any.
        most: How many are shown.
    """
    every = list(names)
    shown = ", ".join(every[:most])
    return f"{shown} and {len(every) - most} more" if len(every) > most else shown
