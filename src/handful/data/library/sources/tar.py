"""List a TAR archive, plain or compressed, WebDataset shards included: nothing unpacked, no pickle.

Members are read where they lie in the archive. A compressed one is first unpacked as a whole into a
file without a name, under a cap, because it cannot be read from the middle. As in WebDataset,
members of one name make one item, and a `.cls` beside them is its answer; only endings that are
understood are opened, so a `.pkl` or `.pyd` is named and left alone.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from handful.data.library.sources.base import Aside, Fetched, Look, Place, Tree, printable
from handful.data.library.sources.folder import sort_out
from handful.data.modalities import caps
from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import InputError, storage

ANSWER = "cls"
"""The task that the `.cls` files of a WebDataset answer."""

_PACKINGS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_SPOILED = (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)
_MOST_ANSWER = 100
_PIECE = 1 << 20


class TarPlace(Place):
    """A member of a TAR archive; its bytes lie in the archive, in one piece.

    Args:
        file: The archive, plain, open for as long as its members are read.
        member: Which.
        path: The archive's absolute path.
    """

    def __init__(self, file: IO[bytes], member: tarfile.TarInfo, path: str) -> None:
        self.name = member.name
        self.origin = f"{path}!{member.name}"
        self._file = file
        self._start, self._size = member.offset_data, member.size
        self._stamp = f"mtime:{member.mtime}"

    @property
    def path(self) -> str:
        """None of its own."""
        return ""

    def look(self) -> Look:
        """Tell size and modification time, as the archive gives them; it has no checksums."""
        return Look(self._size, self._stamp)

    def head(self, count: int) -> bytes:
        """Read the first bytes."""
        count = min(count, self._size)
        try:
            data = os.pread(self._file.fileno(), count, self._start)
        except OSError as error:
            raise Unreadable("file/not_readable", error=error.strerror or "?") from error
        if len(data) != count:
            raise Unreadable("archive/damaged", error="the archive ends early")
        return data

    def fetch(self, most: int) -> Fetched:
        """Read the member."""
        if self._size > most:
            raise Unreadable("file/too_large", size=self._size, cap=most)
        return Fetched(self.head(self._size), self.look())


class Shard(NamedTuple):
    """An archive's members, with the answers that lie beside them.

    Attributes:
        tree: All members but folders.
        answers: Name without ending to the answer that a `.cls` gives.
    """

    tree: Tree
    answers: Mapping[str, str]


def is_tar(path: Path) -> bool:
    """Whether a file's name says that it is a TAR.

    Args:
        path: Any.
    """
    return path.name.lower().endswith((".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz"))


def list_tar(path: Path, stack: ExitStack, room: Path) -> Shard:
    """List everything in an archive.

    Args:
        path: Where it is, absolute.
        stack: Keeps it open until its members are read.
        room: A folder of ours, where a compressed one is unpacked into a file without a name.

    Raises:
        InputError: When it is no TAR, is cut, or would unpack to too much.
        StorageError: When there is no room for it unpacked.
    """
    try:
        file = _plain(path, stack, room)
        with tarfile.open(fileobj=file, mode="r:") as archive:  # the file stays open
            return _listed(archive, file, str(path))
    except _SPOILED as error:
        text = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise InputError(
            f'Cannot read "{path}" as a TAR archive: {text}.', "copy or download it again"
        ) from error


def _plain(path: Path, stack: ExitStack, room: Path) -> IO[bytes]:
    """The archive itself, or what it unpacks to in a file that is gone when it is closed."""
    file = stack.enter_context(path.open("rb"))
    head = file.read(8)
    file.seek(0)
    opener = next((each for magic, each in _PACKINGS.items() if head.startswith(magic)), None)
    if opener is None:
        return file
    packed = path.stat().st_size
    cap = min(caps.ARCHIVE_BYTES, max(packed * caps.ARCHIVE_DENSITY, 1_000_000))
    target = stack.enter_context(tempfile.TemporaryFile(dir=room))  # noqa: SIM115
    held = 0
    with opener(file, "rb") as unpacked, storage("write", room):
        while piece := unpacked.read(_PIECE):
            held += len(piece)
            if held > cap:
                raise InputError(
                    f'"{path}" would unpack to more than {cap} bytes, and {packed} are packed.',
                    "unpack it by hand if you trust it, then add the folder",
                )
            target.write(piece)
    target.seek(0)
    return target


def _listed(archive: tarfile.TarFile, file: IO[bytes], path: str) -> Shard:
    leaves, asides = [], []
    answers: dict[str, str] = {}
    seen: set[str] = set()
    for number, member in enumerate(archive):
        if number >= caps.ARCHIVE_MEMBERS:
            raise tarfile.ReadError(f"it has more than {caps.ARCHIVE_MEMBERS} members")
        if member.isdir():
            continue
        fault = _fault(member, seen)
        seen.add(member.name)
        if fault:
            asides.append(Aside(printable(member.name), fault))
            continue
        place = TarPlace(file, member, path)
        if member.name.endswith(".cls"):
            asides.append(_take_answer(member.name, place, answers))
            continue
        found = sort_out(member.name, place)
        asides.append(found) if isinstance(found, Aside) else leaves.append(found)
    tree = Tree(
        sorted(leaves, key=lambda leaf: leaf.name), sorted(asides, key=lambda aside: aside.name)
    )
    return Shard(tree, answers)


def _fault(member: tarfile.TarInfo, seen: set[str]) -> Unreadable | None:
    """Why a member is not to be trusted, by its name and kind alone."""
    name = member.name
    leads_out = name.startswith("/") or ".." in PurePosixPath(name).parts or "\\" in name
    if leads_out or "\x00" in name or (len(name) > 1 and name[1] == ":"):
        return Unreadable("archive/unsafe_name")
    if member.issparse() or not member.isreg():
        return Unreadable("archive/not_a_file", kind=_kind(member))
    return Unreadable("archive/duplicate_name") if name in seen else None


def _kind(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return "link"
    return "file with holes" if member.issparse() else "device or pipe"


def _take_answer(name: str, place: TarPlace, answers: dict[str, str]) -> Aside:
    try:
        text = place.fetch(_MOST_ANSWER).data.decode("utf-8").strip()
    except UnicodeDecodeError:
        text = ""
    except Unreadable as fault:
        return Aside(name, fault)
    if not text.isprintable() or not text:
        return Aside(name, Unreadable("file/unknown_type"))
    answers[name.removesuffix(".cls")] = text
    return Aside(name, Unreadable("file/answer"))
