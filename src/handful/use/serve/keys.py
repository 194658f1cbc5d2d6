"""Keys that clients show: kept as hashes, limited in what they may do, how often and how long.

keys/serve.jsonl in a project, append-only: a line for every key that was made and for every one
that was revoked. A key is `hf_ID_SECRET` with 256 random bits; it is shown once, when it is made,
and only its SHA-256 is kept. The id may be logged, the secret is nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from handful.foundation.errors import UsageError, did_you_mean, require, storage
from handful.foundation.project.atomic import append_line, read_lines
from handful.foundation.project.lock import locked
from handful.use.serve.refusals import Refusal

FILE = "serve.jsonl"
SCOPES = ("predict", "embed", "feedback", "metrics")
"""What a key may be for."""

_KEY = re.compile(r"hf_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,59}")
_NOBODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One key, without its secret.

    Attributes:
        id: Eight hexadecimal digits; may be logged.
        name: Who it is for.
        sha256: Of the whole key.
        scopes: What it may do.
        created: UTC.
        expires: UTC; empty for never.
        requests_per_minute: 0 for any number.
        bytes_per_minute: 0 for any number.
        is_revoked: Whether it counts no more.
    """

    id: str
    name: str
    sha256: str
    scopes: tuple[str, ...] = SCOPES
    created: str = ""
    expires: str = ""
    requests_per_minute: int = 0
    bytes_per_minute: int = 0
    is_revoked: bool = False

    def is_over(self, now: datetime) -> bool:
        """Whether its time is up; an unreadable date counts as up."""
        if not self.expires:
            return False
        try:
            return datetime.fromisoformat(self.expires) <= now
        except (ValueError, TypeError):
            return True


class Made(NamedTuple):
    """A new key.

    Attributes:
        key: What is kept.
        secret: The whole key, to give to the client; it can never be shown again.
    """

    key: Key
    secret: str


class Keys:
    """The keys of a project.

    Args:
        folder: The project's `keys`.
        now: Gives the time.
    """

    def __init__(
        self, folder: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.path = folder / FILE
        self._now = now
        self._seen: tuple[int, int] | None = None
        self._keys: dict[str, Key] = {}

    def make(
        self,
        name: str,
        *,
        scopes: Sequence[str] = SCOPES,
        days: float = 0,
        requests_per_minute: int = 0,
        bytes_per_minute: int = 0,
    ) -> Made:
        """Make a key.

        Args:
            name: Who it is for.
            scopes: What it may do; see `SCOPES`.
            days: How long it counts; 0 for ever.
            requests_per_minute: 0 for any number.
            bytes_per_minute: 0 for any number.

        Returns:
            The key with its secret, which is kept nowhere.

        Raises:
            ConfigError: When a value is out of range.
            BusyError: When another process is changing the keys.
            StorageError: When the disk refuses; then there is no new key.
        """
        require(bool(_NAME.fullmatch(name)), "name", name, "one line of at most 60 characters")
        for scope in scopes:
            require(scope in SCOPES, "scopes", scope, f"among {', '.join(SCOPES)}")
        require(bool(scopes), "scopes", "", f"among {', '.join(SCOPES)}")
        require(0 <= days <= 36_500, "days", days, "in [0, 36500]")
        for label, each in (("requests", requests_per_minute), ("bytes", bytes_per_minute)):
            require(each >= 0, f"{label}_per_minute", each, "0 or more")
        now = self._now()
        identity = secrets.token_hex(4)
        secret = f"hf_{identity}_{secrets.token_urlsafe(32)}"
        key = Key(
            id=identity,
            name=name,
            sha256=_hash(secret),
            scopes=tuple(dict.fromkeys(scopes)),
            created=now.isoformat(timespec="seconds"),
            expires=(now + timedelta(days=days)).isoformat(timespec="seconds") if days else "",
            requests_per_minute=requests_per_minute,
            bytes_per_minute=bytes_per_minute,
        )
        self._append({"what": "key", **asdict(key)})
        return Made(key, secret)

    def revoke(self, identity: str) -> Key:
        """Make a key count no more; a running server notices within a second.

        Args:
            identity: The key's id.

        Raises:
            UsageError: When there is no such key.
            BusyError: When another process is changing the keys.
            StorageError: When the disk refuses; then it still counts.
        """
        known = {key.id: key for key in self.all()}
        if identity not in known:
            hint = did_you_mean(identity, known) if known else "there are no keys"
            raise UsageError(f'There is no key "{identity}".', hint)
        when = self._now().isoformat(timespec="seconds")
        self._append({"what": "revoked", "id": identity, "when": when})
        return known[identity]

    def all(self) -> list[Key]:
        """Every key that was ever made, oldest first, read anew when the file has changed.

        Raises:
            StorageError: When the file may not be read.
        """
        seen = self._mark()
        if seen != self._seen:
            self._keys = _keys(read_lines(self.path))
            self._seen = seen
        return list(self._keys.values())

    def admit(self, shown: str, scope: str) -> Key:
        """The key that a client showed, if it counts for this.

        Args:
            shown: The whole key.
            scope: What is wanted.

        Raises:
            Refusal: 401 when it is none, unknown, revoked or over; 403 when it is for other things.
        """
        self.all()
        match = _KEY.fullmatch(shown)
        key = self._keys.get(match[1]) if match else None
        # Compared even where no key has this id, so that time does not tell which ids exist.
        is_it = hmac.compare_digest(_hash(shown), key.sha256 if key else _NOBODY)
        if key is None or not is_it:
            raise Refusal(401, "key_unknown", "This key is not known here.", _ASK)
        if key.is_revoked:
            raise Refusal(401, "key_revoked", f"The key {key.id} was revoked.", _ASK)
        if key.is_over(self._now()):
            raise Refusal(401, "key_expired", f"The key {key.id} ended at {key.expires}.", _ASK)
        if scope not in key.scopes:
            may = " and ".join(key.scopes)
            raise Refusal(
                403, "key_scope", f"The key {key.id} is for {may}, not for {scope}.", _ASK
            )
        return key

    def _mark(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size

    def _append(self, line: dict[str, object]) -> None:
        folder = self.path.parent
        with storage("make", folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(folder / ".lock", "serve keys"):
            if not self.path.exists():
                with storage("write", self.path):
                    os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
            append_line(self.path, line)


_ASK = "send `Authorization: Bearer KEY`; `handful serve keys --add NAME` makes one"


def shown_in(authorization: str, api_key: str) -> str:
    """The key that a request shows, in either header that clients use.

    Args:
        authorization: The header `Authorization`.
        api_key: The header `X-API-Key`.

    Raises:
        Refusal: 401 when there is none.
    """
    kind, _, rest = authorization.partition(" ")
    if kind.lower() == "bearer" and rest.strip():
        return rest.strip()
    if api_key.strip():
        return api_key.strip()
    raise Refusal(401, "key_missing", "This server answers to those who show a key.", _ASK)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _keys(lines: Sequence[dict[str, object]]) -> dict[str, Key]:
    """Keys by id; a line that is no whole key is left out, so it opens nothing."""
    found: dict[str, Key] = {}
    gone: set[str] = set()
    for line in lines:
        if line.get("what") == "revoked":
            gone.add(str(line.get("id")))
        elif line.get("what") == "key":
            key = _key(line)
            if key is not None:
                found[key.id] = key
    return {name: Key(**{**asdict(key), "is_revoked": name in gone}) for name, key in found.items()}


def _key(line: dict[str, object]) -> Key | None:
    scopes = line.get("scopes")
    texts = {name: line.get(name) for name in ("id", "name", "sha256", "created", "expires")}
    numbers = {name: line.get(name) for name in ("requests_per_minute", "bytes_per_minute")}
    if not isinstance(scopes, list) or not all(isinstance(each, str) for each in texts.values()):
        return None
    if not all(isinstance(each, int) for each in numbers.values()):
        return None
    return Key(scopes=tuple(map(str, scopes)), **texts, **numbers)  # pyrefly: ignore
