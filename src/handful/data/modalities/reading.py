"""What reading one file gives: a decoded value with what is known about it, or a named reason.

Every reader here takes the bytes of a whole file and either returns a `Reading` or raises
`Unreadable`. The reasons live in one catalogue, `reasons.toml`, so that a code such as
`image/truncated` means the same in a report, in a check and in a year.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from typing import Any, Generic, Literal, TypeVar

from handful.foundation.errors import InputError

T = TypeVar("T")

Verdict = Literal["quarantine", "repaired", "skipped", "note"]


class Status(StrEnum):
    """What the reader said about one file."""

    OK = "ok"
    REPAIRED = "repaired"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One entry of the catalogue.

    Attributes:
        code: Stable name, such as `image/truncated`.
        verdict: What follows from it for the file.
        what: What was found, to complete the sentence "NAME: ...".
        hint: What to do now; may be empty.
        again: Whether it is about this machine as much as about the file, so that the same file is
            read anew the next time it is added.
    """

    code: str
    verdict: Verdict
    what: str
    hint: str
    again: bool = False


class Unreadable(InputError):
    """A file that cannot be used, with the stable code of the reason.

    Args:
        reason: A code of the catalogue with the verdict `quarantine` or `skipped`.
        **facts: What fills the braces of the reason's sentence.
    """

    def __init__(self, reason: str, **facts: object) -> None:
        entry = reason_of(reason)
        self.reason = reason
        self.facts = facts
        super().__init__(entry.what.format_map(_Unknown(facts)), entry.hint)

    def about(self, name: str) -> InputError:
        """The same finding as an error that names the file, for someone who asked for that one.

        Args:
            name: The file, as the user knows it.
        """
        return InputError(f'Cannot use "{name}": {self.what}. [{self.reason}]', self.hint)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading(Generic[T]):
    """One file, decoded.

    Attributes:
        value: The `Picture`, `Sound` or `Words`.
        mime: Its type by content, such as `image/png`.
        hasher: Names the value by what it is; asked only when somebody wants the name.
        notes: Codes of everything worth knowing, sorted.
        meta: Plain facts by name, such as `width` and `height`.
    """

    value: T
    mime: str
    hasher: Callable[[T], str]
    notes: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content_sha256(self) -> str:
        """Hexadecimal hash of the decoded value.

        Equal for files that differ only in their packing or in what is written beside the content.
        Made at each call, since most who read a file never ask.
        """
        return self.hasher(self.value)

    @property
    def repair(self) -> str:
        """The code of what was put right on the way; empty when nothing was."""
        codes = [code for code in self.notes if reason_of(code).verdict == "repaired"]
        return codes[0] if codes else ""


@functools.cache
def reasons() -> Mapping[str, Reason]:
    """The whole catalogue, by code."""
    text = (
        resources.files("handful.data.modalities")
        .joinpath("reasons.toml")
        .read_text(encoding="utf-8")
    )
    return {code: Reason(code=code, **entry) for code, entry in tomllib.loads(text).items()}


def reason_of(code: str) -> Reason:
    """Look a code up.

    Args:
        code: Such as `image/truncated`.

    Returns:
        Its entry; a plain stand-in for a code from a newer version, so that old programs can show
        new libraries.
    """
    known = reasons().get(code)
    return known or Reason(code=code, verdict="quarantine", what=code, hint="", again=True)


class _Unknown(dict[str, object]):
    """Leaves a brace that nobody filled as a question mark instead of failing while reporting."""

    def __missing__(self, key: str) -> str:
        return "?"
