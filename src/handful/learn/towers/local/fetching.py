"""Fetch one model folder as an archive: the only code in Handful that reaches the network.

A download that stops goes on where it was. What arrives is compared with the hash that was named
before anything of it is read, and a file of another hash is deleted. Only data files are unpacked:
no code, no pickles, nothing outside the folder.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from handful.foundation.console import bytes_text
from handful.foundation.errors import InputError, StorageError, UsageError, did_you_mean, storage
from handful.foundation.hardware.memory import disk_free_bytes

_CHUNK = 1 << 20
_PATIENCE_S = 30.0
_NO_HEAD = (http.client.METHOD_NOT_ALLOWED, http.client.NOT_IMPLEMENTED)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HEX = re.compile(r"[0-9a-f]{64}")

OnBytes = Callable[[int, int], None]
"""Called with bytes that are here, and bytes in all (0 when the server does not say)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One archive of a model folder.

    Attributes:
        name: What the folder will be called.
        url: Where the archive lies.
        sha256: What it must hash to.
        licence: Its terms; empty when nobody stated them.
    """

    name: str
    url: str
    sha256: str
    licence: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f'"{self.name}" cannot name a folder.', "letters, digits, `.`, `_` and `-`"
            )
        if urlsplit(self.url).scheme not in ("https", "http") or not urlsplit(self.url).netloc:
            raise UsageError(
                f'"{self.url}" is no address to fetch from.', "one that begins with https://"
            )
        if not _HEX.fullmatch(self.sha256):
            raise UsageError(
                f'"{self.sha256}" is no SHA-256.',
                "64 hexadecimal digits, as whoever offers the file states them",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What a server says of an archive, before anything is fetched.

    Attributes:
        source: Which.
        size_bytes: Of the archive; None when the server does not say.
        here_bytes: What an earlier attempt has left of it.
    """

    source: Source
    size_bytes: int | None
    here_bytes: int


@cache
def known() -> Mapping[str, Source]:
    """The sources that have a name."""
    room = resources.files("handful.learn.towers.local")
    text = room.joinpath("known.toml").read_text(encoding="utf-8")
    return {name: Source(name=name, **entry) for name, entry in tomllib.loads(text).items()}


def source_of(name: str, url: str, sha256: str) -> Source:
    """What is to be fetched: by its name, or as it was named.

    Args:
        name: What the folder will be called.
        url: Where it lies; empty for a known one.
        sha256: What it must hash to; empty for a known one.

    Raises:
        UsageError: When it is not known, or named by half.
    """
    if url and sha256:
        return Source(name=name, url=url, sha256=sha256.lower())
    if url or sha256:
        lacking = "--sha256 HEX" if url else "--from URL"
        raise UsageError(
            "An address and a hash go together: without the hash nobody could tell what came.",
            f"add {lacking}",
        )
    if name not in known():
        near = f"{did_you_mean(name, known())} " if known() else ""
        raise UsageError(
            f'"{name}" is not known by name; this version knows {len(known())} names.',
            f"{near}handful towers get {name} --from URL --sha256 HEX",
        )
    return known()[name]


def ask(source: Source, into: Path) -> Offer:
    """Ask a server how large an archive is; nothing is fetched.

    Args:
        source: Which.
        into: The folder that will hold the model folder.

    Raises:
        UsageError: When there is a folder of that name already.
        InputError: When the server does not answer, or has no such file.
    """
    if (into / source.name).exists():
        raise UsageError(
            f'There is a folder "{into / source.name}" already.',
            "choose another name, or move it away first",
        )
    part = _part(source, into)
    here = part.stat().st_size if part.is_file() else 0
    with _answering(source):
        try:
            with _open(source, {}, method="HEAD") as answer:
                size = _length(answer)
        except urllib.error.HTTPError as error:
            if error.code not in _NO_HEAD:
                raise
            size = None
    return Offer(source=source, size_bytes=size, here_bytes=here)


def fetch(source: Source, into: Path, *, on_bytes: OnBytes = lambda done, total: None) -> Path:
    """Fetch an archive, prove it, unpack it.

    Args:
        source: Which.
        into: The folder that will hold the model folder; made when missing.
        on_bytes: Told how far it is.

    Returns:
        The model folder.

    Raises:
        InputError: When the download stops (it goes on next time), the hash is another (the file
            is deleted), or the archive holds no usable model folder.
        StorageError: When the disk is full or refuses; what came so far is kept.
    """
    from handful.learn.towers.local.unpacking import unpack

    offer = ask(source, into)
    _require_room(offer, into)
    with storage("make", into):
        into.mkdir(parents=True, exist_ok=True)
    part = _part(source, into)
    if offer.here_bytes == 0 or offer.here_bytes != offer.size_bytes:
        _download(source, part, on_bytes)
    found = _digest(part)
    if found != source.sha256:
        part.unlink(missing_ok=True)
        raise InputError(
            f"What came from {source.url} is not what was named: its SHA-256 is {found}, and "
            f"{source.sha256} was expected. The file was deleted.",
            "compare the hash with what whoever offers the file states, then try again",
        )
    folder = unpack(part, into / source.name)
    part.unlink(missing_ok=True)
    return folder


def _download(source: Source, part: Path, on_bytes: OnBytes) -> None:
    """Append what is missing; begin anew where the server cannot go on."""
    here = part.stat().st_size if part.is_file() else 0
    headers = {"Range": f"bytes={here}-"} if here else {}
    with _answering(source):
        try:
            answer = _open(source, headers)
        except urllib.error.HTTPError as error:
            if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not here:
                raise
            here, answer = 0, _open(source, {})
        with answer, storage("write", part):
            goes_on = here > 0 and answer.status == http.client.PARTIAL_CONTENT
            here = here if goes_on else 0
            length = _length(answer)
            total = here + length if length is not None else 0
            with part.open("ab" if goes_on else "wb") as file:
                while chunk := answer.read(_CHUNK):
                    file.write(chunk)
                    here += len(chunk)
                    on_bytes(here, total)
        if total and here < total:
            raise http.client.IncompleteRead(b"", total - here)


def _open(source: Source, headers: dict[str, str], method: str = "GET") -> Any:
    request = urllib.request.Request(  # noqa: S310, the scheme was looked at
        source.url, headers={"User-Agent": "handful", **headers}, method=method
    )
    return urllib.request.build_opener(_Redirects).open(request, timeout=_PATIENCE_S)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to where the first address could have led: never away from https."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        before, after = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if after not in ("https", "http") or (before == "https" and after != "https"):
            raise urllib.error.URLError(f"it leads on to {newurl}, which is not safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def _answering(source: Source) -> Iterator[None]:
    """Turn what networks raise into a sentence that says how to go on."""
    try:
        yield
    except urllib.error.HTTPError as error:
        raise InputError(
            f"{source.url} cannot be fetched: the server says {error.code} {error.reason}.",
            "check the address",
        ) from None
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        TimeoutError,
        ConnectionError,
    ) as error:
        reason = getattr(error, "reason", None) or error
        raise InputError(
            f"Fetching {source.url} stopped: {reason}.",
            "run the same command again: it goes on where it stopped",
        ) from None


def _require_room(offer: Offer, into: Path) -> None:
    free, size = disk_free_bytes(into), offer.size_bytes
    if free is None or size is None:
        return
    need = 2 * size - offer.here_bytes  # the archive, and what is unpacked from it
    if need > free:
        raise StorageError(
            f'Fetching "{offer.source.name}" needs {bytes_text(need)} for a while, and the disk of '
            f'"{into}" has {bytes_text(free)} free.',
            "free some space, or choose another disk with --into FOLDER",
        )


def _length(answer: Any) -> int | None:
    stated = answer.headers.get("Content-Length", "")
    return int(stated) if stated.isascii() and stated.isdigit() else None


def _part(source: Source, into: Path) -> Path:
    return into / f".{source.name}-{source.sha256[:16]}.part"


def _digest(path: Path) -> str:
    with storage("read", path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
