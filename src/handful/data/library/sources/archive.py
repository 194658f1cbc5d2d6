"""List a ZIP archive: only safe names, only sizes that make sense, nothing unpacked to disk."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from handful.data.library.sources.base import Aside, Fetched, Look, Place, Tree, printable
from handful.data.library.sources.folder import sort_out
from handful.data.modalities import caps
from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import InputError

DENSE = caps.ARCHIVE_DENSITY
"""Media hardly shrink; a member that unpacks to more than this many times its size is a bomb."""

_SMALL = 1_000_000
"""Below this, density is no danger, and an even picture or silence is legitimately dense."""


class MemberPlace(Place):
    """A member of an archive; its bytes have no place of their own.

    Args:
        archive: The open archive.
        member: Which.
        path: The archive's absolute path.
    """

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str) -> None:
        self.name = member.filename
        self.origin = f"{path}!{member.filename}"
        self._archive = archive
        self._member = member

    @property
    def path(self) -> str:
        """None of its own."""
        return ""

    def look(self) -> Look:
        """Tell size and CRC-32, as the archive gives them."""
        return Look(self._member.file_size, f"crc32:{self._member.CRC:08x}")

    def head(self, count: int) -> bytes:
        """Unpack the first bytes."""
        return self._unpacked(count)

    def fetch(self, most: int) -> Fetched:
        """Unpack the member in memory; its checksum is compared on the way."""
        size, packed = self._member.file_size, max(self._member.compress_size, 1)
        if size > most:
            raise Unreadable("file/too_large", size=size, cap=most)
        if size > _SMALL and size / packed > DENSE:
            raise Unreadable("archive/too_dense", size=size, ratio=round(size / packed))
        data = self._unpacked(size + 1)
        if len(data) != size:
            raise Unreadable("archive/damaged", error=f"{len(data)} bytes instead of {size}")
        return Fetched(data, self.look())

    def _unpacked(self, count: int) -> bytes:
        try:
            with self._archive.open(self._member) as file:
                return file.read(count)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise Unreadable("archive/damaged", error=_first_line(error)) from error
        except RuntimeError as error:  # how zipfile reports a missing password
            raise Unreadable("archive/encrypted") from error


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a ZIP archive.

    Args:
        path: Where it is.

    Raises:
        InputError: When it is none, or cannot be read.
    """
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(
            f'Cannot read "{path}" as a ZIP archive: {_first_line(error)}.',
            "unpack it with another program, then add the folder",
        ) from error


def list_archive(archive: zipfile.ZipFile, path: str) -> Tree:
    """List everything in an archive.

    Args:
        archive: Open; it must stay open while its members are read.
        path: Its absolute path.

    Returns:
        All members but folders: those that may become part of an item, and the others with the
        reason.
    """
    leaves, asides = [], []
    seen: set[str] = set()
    for member in archive.infolist():
        if member.is_dir():
            continue
        fault = _fault(member, seen)
        seen.add(member.filename)
        if fault:
            asides.append(Aside(printable(member.filename), Unreadable(fault)))
            continue
        found = sort_out(member.filename, MemberPlace(archive, member, path))
        if isinstance(found, Aside):
            asides.append(found)
        else:
            leaves.append(found)
    return Tree(
        sorted(leaves, key=lambda leaf: leaf.name), sorted(asides, key=lambda aside: aside.name)
    )


def _fault(member: zipfile.ZipInfo, seen: set[str]) -> str:
    """Why a member is not to be trusted, by its name and kind alone."""
    name = member.filename
    kind = stat.S_IFMT(member.external_attr >> 16)
    steps = PurePosixPath(name).parts
    leads_out = name.startswith("/") or ".." in steps or "\\" in member.orig_filename
    has_drive = len(name) > 1 and name[1] == ":"
    if leads_out or has_drive or "\x00" in member.orig_filename:
        return "archive/unsafe_name"
    if kind not in (0, stat.S_IFREG):
        return "archive/unsafe_name"
    if member.flag_bits & 1:
        return "archive/encrypted"
    return "archive/duplicate_name" if name in seen else ""


def _first_line(error: BaseException) -> str:
    return str(error).split("\n")[0].rstrip(".") or type(error).__name__
