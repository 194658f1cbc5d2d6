"""Unpack an archive of a model folder: data files only, whole or not at all."""

from __future__ import annotations

import secrets
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from handful.foundation.console import bytes_text
from handful.foundation.errors import InputError, storage
from handful.foundation.project.atomic import UNFINISHED
from handful.learn.towers.local.opening import open_folder

_DATA = (".json", ".safetensors", ".txt", ".model", ".md", ".jinja", ".tiktoken", ".rst")
_PLAIN = ("LICENSE", "LICENCE", "NOTICE", "COPYING")
_DENSE = 20
"""Weights hardly shrink; an archive that unpacks to more than so many times its size is a bomb."""
_SMALL = 64 * 2**20
_MOST_FILES = 2000


class _Member(NamedTuple):
    name: PurePosixPath
    size: int
    open: _Opener


class _Opener(NamedTuple):
    archive: zipfile.ZipFile | tarfile.TarFile
    member: zipfile.ZipInfo | tarfile.TarInfo

    def stream(self) -> IO[bytes] | None:
        if isinstance(self.archive, zipfile.ZipFile):
            assert isinstance(self.member, zipfile.ZipInfo)
            return self.archive.open(self.member)
        assert isinstance(self.member, tarfile.TarInfo)
        return self.archive.extractfile(self.member)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a model folder, and look whether it can be used.

    Args:
        archive: ZIP or TAR, also compressed.
        folder: Where it goes; must not be there yet.

    Returns:
        The folder.

    Raises:
        InputError: When it is no archive, damaged, a bomb, or holds no usable model folder; nothing
            is left of it then.
        StorageError: When the disk refuses.
    """
    unfinished = folder.parent / f"{UNFINISHED}{secrets.token_hex(4)}"
    with storage("make", unfinished):
        unfinished.mkdir()
    try:
        with _members(archive) as members:
            _require_modest(members, archive)
            kept = [member for member in members if _is_data(member.name)]
            for member, name in zip(kept, _below_one(kept), strict=True):
                _write(member, unfinished / name)
        open_folder(unfinished)
        with storage("write", folder):
            unfinished.rename(folder)
    except InputError as error:
        what = error.what.replace(str(unfinished), str(folder))
        raise InputError(f"The archive cannot be used. {what}", error.hint) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


@contextmanager
def _members(archive: Path) -> Iterator[list[_Member]]:
    damage = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)
    try:
        with storage("read", archive):
            if zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as opened:
                    yield [
                        _Member(PurePosixPath(each.filename), each.file_size, _Opener(opened, each))
                        for each in opened.infolist()
                        if not each.is_dir()
                    ]
            else:
                with tarfile.open(archive) as opened:
                    yield [
                        _Member(PurePosixPath(each.name), each.size, _Opener(opened, each))
                        for each in opened
                        if each.isreg()
                    ]
    except damage as error:
        raise InputError(
            f"It is no whole ZIP or TAR archive: {error}.", "ask whoever offers it"
        ) from None
    except RuntimeError as error:  # how zipfile reports a missing password
        raise InputError(f"It cannot be opened: {error}.", "ask whoever offers it") from None


def _require_modest(members: list[_Member], archive: Path) -> None:
    total, packed = sum(member.size for member in members), archive.stat().st_size
    if len(members) > _MOST_FILES or total > max(_DENSE * packed, _SMALL):
        raise InputError(
            f"It would unpack to {len(members)} files of {bytes_text(total)} from "
            f"{bytes_text(packed)}, as no model does.",
            "do not use it",
        )
    for member in members:
        odd = any(part in ("..", "") or "\\" in part or ":" in part for part in member.name.parts)
        if member.name.is_absolute() or odd:
            raise InputError(f'It names "{member.name}", a place outside of it.', "do not use it")


def _is_data(name: PurePosixPath) -> bool:
    return name.suffix.lower() in _DATA or name.name.upper().startswith(_PLAIN)


def _below_one(members: list[_Member]) -> list[PurePosixPath]:
    """Names without the one folder that everything lies in, if there is such."""
    tops = {member.name.parts[0] for member in members}
    if len(tops) == 1 and all(len(member.name.parts) > 1 for member in members):
        return [PurePosixPath(*member.name.parts[1:]) for member in members]
    return [member.name for member in members]


def _write(member: _Member, target: Path) -> None:
    with storage("write", target):
        target.parent.mkdir(parents=True, exist_ok=True)
        stream = member.open.stream()
        if stream is None:
            return
        left = member.size
        with stream, target.open("wb") as file:
            while left > 0 and (chunk := stream.read(min(1 << 20, left))):
                file.write(chunk)
                left -= len(chunk)
