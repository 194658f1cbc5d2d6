"""Every error Handful raises on purpose, as one tree.

HandfulError                     something a person can act on; has `what`, `hint`, `exit_code`
├── UsageError                   wrong option, value, name or order of calls             exit 2
│   └── ConfigError              one or more mistakes in a configuration, all reported   exit 2
├── ProjectError                 the project folder cannot be used as it is              exit 2
│   ├── NewerFormatError         written by a newer Handful                              exit 2
│   └── BusyError                another process is changing the same record             exit 2
├── InputError                   a file or an item from outside cannot be used           exit 2
├── MissingExtraError            an optional dependency is not installed                 exit 2
├── StorageError                 disk full, read-only, no permission                     exit 2
└── FindingError                 a gate failed or a check found something                exit 1

A message says what happened with the value, what is allowed, and what to do:

    Cannot read "cats/07.wav": it has 6 channels, and 1 or 2 are understood.
    hint: convert it with `ffmpeg -i cats/07.wav -ac 2 fixed.wav`, or pass `--on-bad skip`

A new class is added only when a caller catches it.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path


class HandfulError(Exception):
    """Something went wrong that the person at the keyboard can act on.

    Args:
        what: One or two sentences: what happened, with the value, and what is allowed.
        hint: What to do now, as a command where possible. Empty when there is nothing to add.
    """

    exit_code = 2

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}\nhint: {self.hint}" if self.hint else self.what


class UsageError(HandfulError):
    """A wrong option, value, name or order of calls."""


class ConfigError(UsageError):
    """One or more mistakes in a configuration; all are reported together.

    Args:
        mistakes: One sentence per mistake, each naming the field.
        source: Where the configuration came from, such as a path.
        hint: What to do now.
    """

    def __init__(self, mistakes: Sequence[str], source: str = "", hint: str = "") -> None:
        where = f" in {source}" if source else ""
        if len(mistakes) == 1:
            what = f"One setting is wrong{where}: {mistakes[0]}"
        else:
            lines = "".join(f"\n  - {mistake}" for mistake in mistakes)
            what = f"{len(mistakes)} settings are wrong{where}:{lines}"
        super().__init__(what, hint)
        self.mistakes = tuple(mistakes)
        self.source = source


class ProjectError(HandfulError):
    """The project folder cannot be used as it is."""


class NewerFormatError(ProjectError):
    """A record was written by a newer Handful than this one."""


class BusyError(ProjectError):
    """Another process is changing the same record right now."""


class InputError(HandfulError):
    """A file or an item from outside cannot be used."""


class MissingExtraError(HandfulError):
    """An optional dependency is not installed.

    Args:
        purpose: What was asked for, as the start of a sentence ("Training adapters").
        package: The import that failed.
        extra: The extra of Handful that brings it.
    """

    def __init__(self, purpose: str, package: str, extra: str) -> None:
        super().__init__(
            f'{purpose} needs "{package}", which is not installed.',
            f'pip install "handful[{extra}]"',
        )
        self.package = package
        self.extra = extra


class StorageError(HandfulError):
    """The disk refused: full, read-only, or no permission."""


class FindingError(HandfulError):
    """A gate failed or a check found something; the work itself was done."""

    exit_code = 1


_collected: ContextVar[list[str] | None] = ContextVar("collected mistakes", default=None)


@contextmanager
def collect_mistakes() -> Iterator[list[str]]:
    """Let every failed `require` inside the block add to a list instead of raising at once.

    Yields:
        The list that fills; the caller reports it whole.
    """
    mistakes: list[str] = []
    token = _collected.set(mistakes)
    try:
        yield mistakes
    finally:
        _collected.reset(token)


def require(claim: bool, name: str, value: object, allowed: str) -> None:
    """Raise unless a setting holds to its rule.

    Inside `collect_mistakes` the mistake is noted and the next rule is looked at as well.

    Args:
        claim: What must be true.
        name: The setting, as the user wrote it.
        value: What it was.
        allowed: What would be right, to follow "must be", such as "in (0, 1]".

    Raises:
        ConfigError: When `claim` is false.
    """
    if claim:
        return
    mistake = wrong_value(name, value, allowed)
    collected = _collected.get()
    if collected is None:
        raise ConfigError([mistake])
    collected.append(mistake)


def wrong_value(name: str, value: object, allowed: str) -> str:
    """The one sentence for a setting with a wrong value."""
    return f"`{name}` must be {allowed}, and it is {value!r}."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A half sentence that names the nearest known words, or all of them when none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(
        word.lower(), [name.lower() for name in names], n=2, cutoff=0.62
    )
    close = sorted(
        (name for name in names if name.lower() in near), key=lambda name: near.index(name.lower())
    )
    if close:
        return "did you mean " + " or ".join(f"`{name}`" for name in close) + "?"
    if not names:
        return "none are known here."
    shown = ", ".join(f"`{name}`" for name in names[:12])
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"known: {shown}{more}."


_DISK = {
    errno.ENOSPC: ("the disk is full", "free some space, then run the same command again"),
    errno.EFBIG: ("the file grew past the size allowed here", "raise the limit (`ulimit -f`)"),
    errno.ENOTDIR: ("a part of that path is a file, not a folder", "check the path"),
    errno.ENAMETOOLONG: ("that name is too long for this disk", "choose a shorter name"),
    errno.EDQUOT: (
        "your disk quota is used up",
        "free some space, then run the same command again",
    ),
    errno.EROFS: ("the disk is read-only", "choose a folder you can write to"),
    errno.EACCES: ("permission was denied", "check who owns it: `ls -ld` shows owner and rights"),
    errno.EPERM: ("permission was denied", "check who owns it: `ls -ld` shows owner and rights"),
}


@contextmanager
def storage(doing: str, path: Path) -> Iterator[None]:
    """Turn the operating system's refusals while writing or reading into a `StorageError`.

    Args:
        doing: What is going on, such as "write" or "read".
        path: The file or folder it happens to.

    Raises:
        StorageError: For a full or read-only disk and for missing permission; any other
            error passes through unchanged.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK:
            raise
        reason, hint = _DISK[error.errno]
        raise StorageError(f'Cannot {doing} "{path}": {reason}. Nothing was lost.', hint) from error
