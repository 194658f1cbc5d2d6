"""The shelf: which release is champion, which challenger, who said so, when and why.

One line per event in `shelf.jsonl`, never changed afterwards. What an alias means is read off the
lines, so taking a step back is one more line and takes no time. A line that a crash cut short
counts for nothing and spoils nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from handful.foundation.errors import UsageError, did_you_mean, require
from handful.foundation.project.atomic import append_line, read_lines
from handful.foundation.project.lock import locked

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"

_ALIAS = re.compile(r"[a-z][a-z0-9-]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One event of the shelf."""

    when: str
    """UTC."""
    who: str
    """Who did it; empty when nobody said."""
    what: Literal["release", "alias"]
    """A release was put on the shelf, or an alias was given to one."""
    alias: str
    """Such as `champion`; empty for a new release."""
    digest: str
    """Which release."""
    previous: str
    """Which release had the alias before; empty for none."""
    why: str
    """The reason, in words."""
    evidence: str
    """What it rests on, such as the id of a report or of a run."""


class Shelf:
    """The releases of a project with their aliases and their history.

    Args:
        path: The project's `shelf.jsonl`; a missing one is an empty shelf.
        who: Who acts, for the log.
        now: Gives the time.
    """

    def __init__(
        self,
        path: Path,
        *,
        who: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.path = path
        self.who = who
        self._now = now

    def add(self, digest: str, why: str, *, evidence: str = "") -> Entry:
        """Put a release on the shelf; one that stands there already is left as it is.

        Args:
            digest: Its 64 hexadecimal digits.
            why: The reason, in words.
            evidence: What it rests on.

        Returns:
            The entry, new or old.

        Raises:
            ConfigError: When the digest is none or there is no reason.
            BusyError: When another process is changing the shelf.
            StorageError: When the disk refuses.
        """
        require(bool(_DIGEST.fullmatch(digest)), "digest", digest, "64 hexadecimal digits")
        with self._changing("release"):
            for entry in self.history():
                if entry.what == "release" and entry.digest == digest:
                    return entry
            return self._append("release", "", digest, "", why, evidence)

    def put(self, digest: str, alias: str, why: str, *, evidence: str = "") -> Entry:
        """Give an alias to a release that is on the shelf; the log tells which had it before.

        Args:
            digest: The release, or enough of its first digits.
            alias: Such as `champion` or `challenger`: small letters, digits and hyphens.
            why: The reason, in words.
            evidence: What it rests on.

        Returns:
            The entry; the one in force when the release has the alias already.

        Raises:
            ConfigError: When the alias cannot be one or there is no reason.
            UsageError: When the release is not on the shelf.
            BusyError: When another process is changing the shelf.
            StorageError: When the disk refuses; the alias is then where it was.
        """
        require(bool(_ALIAS.fullmatch(alias)), "alias", alias, "small letters, digits and hyphens")
        require(alias != PREVIOUS, "alias", alias, "another word; this one follows the champion")
        with self._changing(f"put {alias}"):
            digest = self.find(digest)
            holders = self._holders()
            held = holders.get(alias)
            if held is not None and held.digest == digest:
                return held
            before = "" if held is None else held.digest
            return self._append("alias", alias, digest, before, why, evidence)

    def aliases(self) -> dict[str, str]:
        """What each alias means now; `previous` is the champion before this one.

        Returns:
            Alias to digest.

        Raises:
            StorageError: When the log may not be read.
        """
        holders = self._holders()
        found = {alias: entry.digest for alias, entry in holders.items()}
        if CHAMPION in holders and holders[CHAMPION].previous:
            found[PREVIOUS] = holders[CHAMPION].previous
        return found

    def digests(self) -> list[str]:
        """Every release that was put on the shelf, oldest first.

        Raises:
            StorageError: When the log may not be read.
        """
        return [entry.digest for entry in self.history() if entry.what == "release"]

    def history(self) -> list[Entry]:
        """Every event, oldest first; lines of a kind this version does not know are left out.

        Raises:
            StorageError: When the log may not be read.
        """
        return [entry for entry in map(_entry, read_lines(self.path)) if entry is not None]

    def find(self, name: str) -> str:
        """The release that an alias or the first digits of a digest mean.

        Args:
            name: Such as `champion` or `3fa9`.

        Returns:
            Its whole digest.

        Raises:
            UsageError: When nothing or more than one release is meant.
            StorageError: When the log may not be read.
        """
        aliases, every = self.aliases(), self.digests()
        if name in aliases:
            return aliases[name]
        fitting = [digest for digest in every if name and digest.startswith(name)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise UsageError(f'"{name}" may mean {len(fitting)} releases.', "add digits")
        known = [*aliases, *(digest[:12] for digest in every)]
        hint = did_you_mean(name[:12], known) if known else "make one with `handful release`"
        raise UsageError(f'There is no release "{name}" on the shelf.', hint)

    def _holders(self) -> dict[str, Entry]:
        return {entry.alias: entry for entry in self.history() if entry.what == "alias"}

    def _changing(self, doing: str) -> Any:
        return locked(self.path.with_name(f".{self.path.name}.lock"), doing)

    def _append(
        self,
        what: Literal["release", "alias"],
        alias: str,
        digest: str,
        previous: str,
        why: str,
        evidence: str,
    ) -> Entry:
        require(bool(why.strip()), "why", why, "a reason, in words")
        entry = Entry(
            when=self._now().astimezone(UTC).isoformat(timespec="seconds"),
            who=self.who,
            what=what,
            alias=alias,
            digest=digest,
            previous=previous,
            why=why,
            evidence=evidence,
        )
        append_line(self.path, asdict(entry))
        return entry


def _entry(line: dict[str, Any]) -> Entry | None:
    """A line as an entry; None for what this version does not know."""
    what = line.get("what")
    if what not in ("release", "alias") or (what == "alias" and not line.get("alias")):
        return None
    rest = {field.name: line.get(field.name) for field in fields(Entry) if field.name != "what"}
    texts = {name: value for name, value in rest.items() if isinstance(value, str)}
    if len(texts) < len(rest) or not _DIGEST.fullmatch(texts["digest"]):
        return None
    return Entry(what=what, **texts)
