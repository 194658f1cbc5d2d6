"""What every source yields: candidates for items, and names of what it put aside.

Nothing is opened here beyond a listing. A candidate names its pieces and where their bytes are; the
bytes are read later, by several threads, piece by piece.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from json.encoder import encode_basestring
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from handful.data.library.items import Consent, Lineage, Rights, Split
from handful.data.modalities.base import Words
from handful.data.modalities.reading import Unreadable

_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False)
_BARE = '[[[{}, {}, {{}}, ""]], {{}}, "", null, ["", "", ""], ""]'
"""What is declared of a file whose source says nothing but its name."""
_NO_CONSENT, _NO_LINEAGE = Consent(), Lineage()
_NOTHING_TOLD = (Rights(), _NO_CONSENT, _NO_LINEAGE)


class Look(NamedTuple):
    """What can be told of a file without reading it; see `Part.size` and `Part.stamp`."""

    size: int
    stamp: str


class Fetched(NamedTuple):
    """The bytes of a file with what was told of it at that moment."""

    data: bytes
    look: Look


class Place(ABC):
    """Where bytes are.

    Attributes:
        name: What people call it inside the source, such as `photos/mug_03.jpg`.
        origin: The same from anywhere: an absolute path, or `/a/b.zip!photos/mug_03.jpg`.
        held: How many of its bytes are in memory all the time.
    """

    name: str
    origin: str
    held: int = 0

    @property
    @abstractmethod
    def path(self) -> str:
        """Absolute path of a file of its own; empty when it has none and must be copied."""

    @abstractmethod
    def look(self) -> Look:
        """Tell size and stamp.

        Raises:
            Unreadable: When it is gone or may not be looked at.
        """

    @abstractmethod
    def head(self, count: int) -> bytes:
        """Read the first bytes, fewer where there are no more.

        Args:
            count: How many.

        Raises:
            Unreadable: When that is not possible.
        """

    @abstractmethod
    def fetch(self, most: int) -> Fetched:
        """Read all bytes.

        Args:
            most: Refuse when there are more.

        Raises:
            Unreadable: When that is not possible.
        """


class FilePlace(Place):
    """A file on disk.

    Args:
        name: What people call it inside the source.
        path: Absolute.
    """

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.origin = path

    @property
    def path(self) -> str:
        """The file itself."""
        return self.origin

    def look(self) -> Look:
        """Tell size and modification time."""
        try:
            facts = os.stat(self.origin)  # noqa: PTH116 - one Path per file costs more than the call
        except OSError as error:
            raise _refused(error, "file/missing") from error
        if not stat.S_ISREG(facts.st_mode):
            raise Unreadable("file/not_a_file", kind=kind_of_file(facts.st_mode))
        return Look(facts.st_size, str(facts.st_mtime_ns))

    def head(self, count: int) -> bytes:
        """Read the first bytes."""
        with self._open() as (file, _):
            return file.read(count)

    def fetch(self, most: int) -> Fetched:
        """Read the file, and refuse one that changes meanwhile."""
        with self._open() as (file, before):
            if before.st_size > most:
                raise Unreadable("file/too_large", size=before.st_size, cap=most)
            data = file.read(before.st_size + 1)
            after = os.fstat(file.fileno())
        same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if not same or len(data) != before.st_size:
            raise Unreadable("file/changed_while_reading")
        return Fetched(data, Look(before.st_size, str(before.st_mtime_ns)))

    @contextmanager
    def _open(self) -> Iterator[tuple[io.FileIO, os.stat_result]]:
        """The file with what is told of it, and nothing that has taken its name."""
        try:
            # A pipe that took the file's name would otherwise wait for its writer for ever.
            descriptor = os.open(self.origin, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with io.FileIO(descriptor) as file:
                facts = os.fstat(descriptor)
                if not stat.S_ISREG(facts.st_mode):
                    raise Unreadable("file/not_a_file", kind=kind_of_file(facts.st_mode))
                yield file, facts
        except OSError as error:
            raise _refused(error, "file/vanished") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One modality of a candidate: a place, or words, or a fault that was seen while listing.

    Attributes:
        modality: `text`, `image` or `audio`.
        name: What people call it.
        place: Where its bytes are.
        words: The text itself, where a table holds it.
        fault: Why there is neither.
        notes: Codes of what was seen while listing.
    """

    modality: str
    name: str
    place: Place | None = None
    words: Words | None = None
    fault: Unreadable | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What may become an item.

    Attributes:
        key: Its name within the source; unique there.
        pieces: One per modality, in the order they were found.
        labels: Task to answer, as the source gives them.
        group: What it belongs together with; empty when the source does not say.
        split: What it may be used for; None when the source does not say.
        rights: Its terms, as far as the source gives them.
        consent: What people in it agreed to, as far as the source says.
        lineage: What it was made from, as far as the source says.
        keyword_task: The task that the picture's keywords answer; empty when they are not asked.
    """

    key: str
    pieces: tuple[Piece, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    split: Split | None = None
    rights: Rights = field(default_factory=Rights)
    consent: Consent = _NO_CONSENT
    lineage: Lineage = _NO_LINEAGE
    keyword_task: str = ""

    @property
    def declared_sha256(self) -> str:
        """Hash of all that the source says without a file being opened."""
        return hashlib.sha256(self._declared().encode("utf-8", "backslashreplace")).hexdigest()

    def _declared(self) -> str:
        if self._is_bare():  # most files say nothing, and there are many
            (piece,) = self.pieces
            return _BARE.format(encode_basestring(piece.modality), encode_basestring(piece.name))
        declared = [
            [
                [piece.modality, piece.name, dict(piece.words or {}), _code(piece.fault)]
                for piece in self.pieces
            ],
            dict(self.labels),
            self.group,
            self.split,
            [self.rights.licence, self.rights.evidence, self.rights.holder],
            self.rights.attribution,
            *filter(None, [self.keyword_task]),
            *([asdict(self.consent)] if self.consent != _NO_CONSENT else ()),
            *([asdict(self.lineage)] if self.lineage != _NO_LINEAGE else ()),
        ]
        return _JSON.encode(declared)

    def _is_bare(self) -> bool:
        if len(self.pieces) != 1 or self.labels or self.group or self.split or self.keyword_task:
            return False
        piece = self.pieces[0]
        told = (self.rights, self.consent, self.lineage)
        return not piece.words and piece.fault is None and told == _NOTHING_TOLD


class Aside(NamedTuple):
    """Something a source looked at that becomes no item.

    Attributes:
        name: What people call it.
        reason: Why, with its verdict: skipped on purpose, or quarantined.
    """

    name: str
    reason: Unreadable


class Leaf(NamedTuple):
    """One file of a tree: a folder's or an archive's.

    Attributes:
        name: Its path inside the tree, with `/`.
        place: Where its bytes are.
        modality: What it is meant to be.
    """

    name: str
    place: Place
    modality: str


class Tree(NamedTuple):
    """All files of a folder or an archive.

    Attributes:
        leaves: What may become part of an item, sorted by name.
        asides: Everything else.
    """

    leaves: Sequence[Leaf]
    asides: list[Aside]


class Names:
    """A great many names in little memory, added one by one; then they can be put in order."""

    def __init__(self) -> None:
        self._fresh: list[str] = []
        self._packed: list[pa.Array] = []

    def add(self, name: str) -> None:
        """Add one.

        Args:
            name: Valid Unicode.
        """
        self._fresh.append(name)
        if len(self._fresh) >= 4096:
            self._pack()

    def all(self) -> pa.Array:
        """All of them, as they were added."""
        self._pack()
        return pa.chunked_array(self._packed, pa.large_string()).combine_chunks()

    def _pack(self) -> None:
        self._packed.append(pa.array(self._fresh, pa.large_string()))
        self._fresh = []


def in_order(names: pa.Array) -> NDArray[np.int64]:
    """The places of names in the order of the alphabet; equal ones stay as they are.

    Args:
        names: Texts.
    """
    places = compute.call_function("array_sort_indices", [names])
    return np.asarray(places).astype(np.int64)


def kind_of_file(mode: int) -> str:
    """A word for what is no regular file.

    Args:
        mode: `st_mode`.
    """
    words = {
        stat.S_IFIFO: "pipe",
        stat.S_IFSOCK: "socket",
        stat.S_IFCHR: "device",
        stat.S_IFBLK: "device",
        stat.S_IFDIR: "folder",
    }
    return words.get(stat.S_IFMT(mode), "special file")


def printable(name: str) -> str:
    """A name that can be written anywhere, however broken its encoding is.

    Args:
        name: As the system gave it.
    """
    return name.encode("utf-8", "backslashreplace").decode()


def is_printable(name: str) -> bool:
    """Whether a name is valid Unicode.

    Args:
        name: As the system gave it.
    """
    return printable(name) == name


def absolute(path: Path) -> str:
    """A path with links and dots resolved, so that one source has one name.

    Args:
        path: Any.
    """
    return str(path.expanduser().resolve())


def _refused(error: OSError, gone: str) -> Unreadable:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Unreadable(gone)
    if isinstance(error, PermissionError):
        return Unreadable("file/no_permission")
    return Unreadable("file/not_readable", error=error.strerror or "unknown error")


def _code(fault: Unreadable | None) -> str:
    return fault.reason if fault else ""
