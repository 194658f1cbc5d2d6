"""Tell what the columns of a table are for: by what is in them first, by their names second.

A column of paths is known by its values: they end like image files, or like sound files, and the
files are there. Text is what has words in it and differs from row to row. What repeats is a label.
Whatever is decided is said in the report, and any of it can be decided by the caller instead.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from handful.data.library.items import Split
from handful.data.modalities.sniff import kind_by_name
from handful.data.modalities.text.read import UNKNOWN_LANGUAGE
from handful.foundation.config import build
from handful.foundation.errors import UsageError, did_you_mean

Row = Mapping[str, Any]
"""One row, nested values flattened to dotted names: `text.en`, `sound.file`, `images.0`."""

SAMPLE = 2_000
"""How many rows are looked at."""

MOST_CLASSES = 200
"""A column with more different values than this is no label."""

SPLITS = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "val": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "validation": Split.VALIDATION,
    "dev": Split.VALIDATION,
    "test": Split.TEST,
    "testing": Split.TEST,
    "holdout": Split.HOLDOUT,
}
"""What tables call the splits."""

_NAMES = {
    "text": "text note notes caption description sentence words comment body transcript title",
    "id": "id key uid uuid identifier item item_id",
    "group": "group_id batch firing speaker author session recording person patient subject",
    "loose group": "group product source family user",
    "licence": "licence license licences licenses spdx rights",
    "split": "split subset partition set",
    "attribution": "attribution credit credits author",
    "holder": "rights_holder holder copyright",
    "evidence": "licence_url license_url url",
    "person": "consent_subject consent_subjects data_subject",
    "consent_basis": "consent_basis legal_basis",
    "consent_scope": "consent_scope",
    "consent_expires": "consent_expires consent_until",
    "parents": "derived_from parents parent_ids",
    "operation": "operation derived_by",
}
_NAMED = {role: words.split() for role, words in _NAMES.items()}
_WORDS = (
    *("attribution", "holder", "evidence", "person", "consent_basis", "consent_scope"),
    "operation",
)
_SEVERAL = ("image", "audio", "text", "labels")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?\b|\d\d?[./]\d\d?[./]\d{2,4}\b")
_LANGUAGE = re.compile(r"[a-z]{2,3}([_-][A-Za-z0-9]{2,8})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """What a table's columns are for. What is None is found out; what is empty is not used."""

    image: tuple[str, ...] | None = None
    """Paths of images; the first one that is filled in a row counts."""
    audio: tuple[str, ...] | None = None
    """Paths of sounds; the first one that is filled in a row counts."""
    text: tuple[str, ...] | None = None
    """Texts, or paths of text files; `text.en` and `text.fr` are the same text in two languages."""
    labels: tuple[str, ...] | None = None
    """Answers; each column is a task of its own."""
    group: str | None = None
    """What an item must stay together with when data is split."""
    licence: str | None = None
    """SPDX expressions."""
    id: str | None = None
    """Names that people know the items by."""
    split: str | None = None
    """`train`, `validation` or `test`, as somebody decided before."""
    attribution: str | None = None
    """What to print when an item is shown."""
    holder: str | None = None
    """Who holds the rights."""
    evidence: str | None = None
    """Where the licence is written."""
    person: str | None = None
    """Who can be seen, heard or read of, as pseudonyms; several are parted by `;`."""
    consent_basis: str | None = None
    """On what ground the item is kept, such as `consent`."""
    consent_scope: str | None = None
    """What these people agreed to, in words."""
    consent_expires: str | None = None
    """The last day on which that holds, as `2027-01-31`."""
    parents: str | None = None
    """What the item was made from: ids or names of other items, parted by `;`."""
    operation: str | None = None
    """How it was made from them."""

    def used(self) -> set[str]:
        """Every column that has a role."""
        names: set[str] = set()
        for field in fields(self):
            value = getattr(self, field.name)
            names.update([value] if isinstance(value, str) else value or ())
        return names - {""}

    def sentences(self, names: Sequence[str]) -> list[str]:
        """What was decided, one sentence per role.

        Args:
            names: All columns of the table.
        """
        said = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value:
                shown = ", ".join(
                    f"`{name}`" for name in ([value] if isinstance(value, str) else value)
                )
                said.append(f"{field.name} from {shown}")
        unused = [f"`{name}`" for name in names if name not in self.used()]
        if unused:
            more = f" and {len(unused) - 12} more" if len(unused) > 12 else ""
            said.append("not used: " + ", ".join(unused[:12]) + more)
        return said


def given(columns: Columns | Mapping[str, Any] | None) -> Columns:
    """Bring what the caller said about columns into one form.

    Args:
        columns: Role to a name, a list of names, or nothing.

    Raises:
        ConfigError: For a role that does not exist or a value of the wrong kind; all are named.
    """
    if isinstance(columns, Columns):
        return columns
    plain = {
        role: [value] if role in _SEVERAL and isinstance(value, str) else value
        for role, value in (columns or {}).items()
    }
    return build(Columns, plain, "the columns")


def find_roles(
    rows: Sequence[Row], columns: Columns, is_there: Callable[[str], bool], where: str
) -> Columns:
    """Find out what the columns are for that the caller said nothing about.

    Args:
        rows: The first rows of the table.
        columns: What the caller decided.
        is_there: Whether a path names a file.
        where: The table, for messages.

    Returns:
        The same with every role decided.

    Raises:
        UsageError: When the caller names a column that is not there.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in columns.used():
        if name not in names:
            raise UsageError(
                f'There is no column "{name}" in "{where}".', did_you_mean(name, names)
            )
    facts = {name: _Facts(name, rows, is_there) for name in names}
    return _Finder(facts, columns).find()


class _Facts:
    """What one column looks like."""

    def __init__(self, name: str, rows: Sequence[Row], is_there: Callable[[str], bool]) -> None:
        values = [value for row in rows if not is_blank(value := row.get(name))]
        texts = [value for value in values if isinstance(value, str)]
        self.name = name
        self.leaf = name.rpartition(".")[2].lower()
        self.is_top = "." not in name
        self.rows = len(rows)
        self.filled = len(values)
        self.distinct = len({str(value) for value in values})
        self.kinds = Counter(map(_kind_of_path, texts))
        self.all_text = len(texts) == len(values)
        self.countable = all(isinstance(value, str | bool | int) for value in values)
        self.words = sum(len(text.split()) for text in texts) / max(len(texts), 1)
        self.values = {str(value).lower() for value in values}
        self.are_dates = all(_DATE.match(value) for value in self.values)
        self.there = 0
        if self.kind in ("image", "audio", "text"):
            self.there = sum(map(is_there, texts[:50]))

    @property
    def kind(self) -> str:
        """What the values are the paths of; empty when they are no paths."""
        if not self.filled or not self.kinds:
            return ""
        kind, count = self.kinds.most_common(1)[0]
        return kind if kind and count >= 0.8 * self.filled else ""

    @property
    def looks_like_text(self) -> bool:
        """Whether the values are words that differ from row to row."""
        varied = self.distinct > 0.5 * self.filled and self.words >= 2
        return self.all_text and self.filled > 0 and not self.names_files and varied

    @property
    def names_files(self) -> bool:
        """Whether many values are names of files, even of files that are not here."""
        return self.filled > 0 and self.kinds[""] < 0.7 * self.kinds.total()


class _Finder:
    """Decides role by role; a column that has a role is not looked at again."""

    def __init__(self, facts: Mapping[str, _Facts], columns: Columns) -> None:
        self._facts = facts
        self._columns = columns

    def find(self) -> Columns:
        self._decide("image", self._paths("image"))
        self._decide("audio", self._paths("audio"))
        self._decide("id", self._named("id", lambda f: f.distinct == f.filled == f.rows))
        self._decide("split", self._named("split", lambda f: f.values <= set(SPLITS)))
        self._decide("licence", self._named("licence", lambda f: f.all_text))
        self._decide("text", self._text())
        is_group = self._named("group", lambda f: 2 <= f.distinct < f.rows)
        self._decide("group", is_group or self._named("loose group", _could_be_group))
        self._decide("parents", self._named("parents", lambda _: True))
        self._decide("consent_expires", self._named("consent_expires", lambda _: True))
        for role in _WORDS:
            self._decide(role, self._named(role, lambda f: f.all_text and not f.kind))
        self._decide("labels", self._labels())
        return self._columns

    def _decide(self, role: str, value: object) -> None:
        if getattr(self._columns, role) is None:
            # Arguments whose names are only known here cannot be checked before.
            self._columns = replace(self._columns, **{role: value})  # pyrefly: ignore

    def _free(self) -> list[_Facts]:
        used = self._columns.used()
        return [f for f in self._facts.values() if f.name not in used and f.filled]

    def _paths(self, kind: str) -> tuple[str, ...]:
        """The fullest column whose files are there; the fullest one when none are."""
        found = [f for f in self._free() if f.kind == kind]
        best = max(found, key=lambda f: (f.there > 0, f.filled, f.there), default=None)
        return (best.name,) if best else ()

    def _named(self, role: str, fits: Callable[[_Facts], bool]) -> str:
        free = [f for f in self._free() if f.is_top and fits(f)]
        for name in _NAMED[role]:
            for found in free:
                if found.leaf == name:
                    return found.name
        return ""

    def _text(self) -> tuple[str, ...]:
        """Languages of one text first, then a column named like text, then one that reads so."""
        families: dict[str, list[_Facts]] = {}
        for f in self._free():
            parent, _, leaf = f.name.rpartition(".")
            if parent and f.all_text and not f.kind and _LANGUAGE.fullmatch(leaf):
                families.setdefault(parent, []).append(f)
        large = {parent: group for parent, group in families.items() if len(group) >= 2}
        if large:
            best = max(large, key=lambda parent: (parent in _NAMED["text"], len(large[parent])))
            return tuple(f.name for f in large[best])
        paths = [f for f in self._free() if f.kind == "text" and f.there]
        named = [f for f in self._free() if f.leaf in _NAMED["text"] and f.all_text and f.is_top]
        named = [f for f in named if not f.names_files]
        reads = [f for f in self._free() if f.looks_like_text and f.is_top]
        if paths:
            return (paths[0].name,)
        if named:
            return (min(named, key=lambda f: _NAMED["text"].index(f.leaf)).name,)
        best_read = max(reads, key=lambda f: (f.words, f.filled), default=None)
        return (best_read.name,) if best_read else ()

    def _labels(self) -> tuple[str, ...]:
        return tuple(
            f.name
            for f in self._free()
            if f.is_top and f.countable and not f.kind and not f.are_dates and _could_be_label(f)
        )


def language_of(name: str, siblings: Sequence[str]) -> str:
    """The language a text column is in, by the last step of its name.

    Args:
        name: Such as `text.fr`.
        siblings: All text columns.

    Returns:
        A BCP 47 tag, or `und` where the name does not say.
    """
    parent, _, leaf = name.rpartition(".")
    has_family = any(other != name and other.startswith(parent + ".") for other in siblings)
    if parent and has_family and _LANGUAGE.fullmatch(leaf):
        return leaf.replace("_", "-")
    return UNKNOWN_LANGUAGE


def is_blank(value: object) -> bool:
    """Whether a cell says nothing: null, not-a-number, or only white space.

    Args:
        value: Any cell.
    """
    if isinstance(value, str):
        return not value.strip()
    return value is None or value != value or isinstance(value, list | dict)


def as_text(value: object) -> str:
    """A cell as a label: `3.0` is the class `3`, `True` is `true`.

    Args:
        value: Any cell that is not blank.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _kind_of_path(text: str) -> str:
    """What a value would be the path of; an address on the web is no path."""
    return "" if "://" in text or len(text) > 1024 else kind_by_name(text)


def _could_be_group(facts: _Facts) -> bool:
    """Few large groups are rather a class; a group for each row says nothing."""
    return min(12, facts.rows / 10) <= facts.distinct < facts.rows


def _could_be_label(facts: _Facts) -> bool:
    return 2 <= facts.distinct <= min(MOST_CLASSES, max(facts.filled / 2, 2))
