"""Do one act, and take it back: whole files only, nothing replaced, at any moment a kill may come.

A file takes its new name by a second link to it, which fails where the name is taken. So after a
kill the old name, the new one, or both stand for the whole file, and which of them is to go can be
told by the journal alone.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from handful.foundation.errors import InputError, storage
from handful.foundation.project.atomic import UNFINISHED
from handful.use.explore.autopilot.journal import Act, Move

HEADER = "file,answer,time,act\r\n"
_CHUNK = 1 << 20
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES)


def made_by(do: str, target: Path, ours: Collection[str]) -> list[str]:
    """What would be made, or was by an earlier act, the outermost first.

    Each act of several in one folder holds the folder, so that the last one to be taken back takes
    the folder along, in whatever order that happens.

    Args:
        do: What is done.
        target: The new file or the table.
        ours: What earlier acts made.
    """
    places = [*reversed(target.parents), *([target] if do == "row" else [])]
    return [str(each) for each in places if not each.exists() or str(each) in ours]


def perform(act: Act) -> None:
    """Do what the journal says.

    Args:
        act: Begun.

    Raises:
        InputError: When a file is gone or changed meanwhile, or a name got taken; what was done
            of the act must then be taken back.
        StorageError: When the disk refuses.
    """
    for move in act.files[:1] if act.do == "row" else act.files:
        target = Path(move.target)
        with storage("make", target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
        with storage(act.do, target):
            if act.do == "row":
                _add_row(act, target)
            else:
                _place(Path(move.source), target, move.sha256, _beside(act, target), act.do)


def take_back(act: Act) -> list[str]:
    """Make it as it was before; done again it does no harm.

    Args:
        act: Begun or done.

    Returns:
        What could not be made as it was, in words.
    """
    remarks: list[str] = []
    for move in act.files[:1] if act.do == "row" else act.files:
        target = Path(move.target)
        with storage("undo", target):
            _beside(act, target).unlink(missing_ok=True)
            if act.do == "row":
                _drop_row(act, target)
            elif act.do == "copy":
                remarks += _drop_copy(move)
            else:
                remarks += _move_back(act, move)
    for folder in reversed(act.made):
        with suppress(OSError):  # something else lies in it by now, or it was never made
            Path(folder).rmdir()
    return remarks


def _beside(act: Act, path: Path) -> Path:
    """The unfinished copy; its name follows from the act, so that it is found after a kill."""
    return path.with_name(f"{UNFINISHED}{act.id}-{path.name}")


def _place(source: Path, target: Path, digest: str, beside: Path, do: str) -> None:
    try:
        if do == "copy" or not _linked(source, target):
            shutil.copy2(source, beside)
            _force(beside)
            if hash_of(beside) != digest:
                beside.unlink()
                raise InputError(f'"{source.name}" changed meanwhile.', "it is looked at again")
            _named(beside, target)
        elif hash_of(target) != digest:
            target.unlink()
            raise InputError(f'"{source.name}" changed meanwhile.', "it is looked at again")
        if do != "copy":
            source.unlink()
    except FileNotFoundError:
        raise InputError(f'"{source.name}" is gone.', "nothing was done to it") from None
    except FileExistsError:
        beside.unlink(missing_ok=True)
        raise InputError(f'"{target}" is taken meanwhile.', "another name is chosen next") from None
    _force(target.parent)


def _linked(source: Path, target: Path) -> bool:
    """Whether the file could be given a second name; not so on another disk."""
    try:
        os.link(source, target, follow_symlinks=True)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return False
    return True


def _named(beside: Path, target: Path) -> None:
    """Give a whole copy its name, unless that is taken."""
    if _linked(beside, target):
        beside.unlink()
        return
    # A disk without links, such as exFAT: looking first is all there is.
    if os.path.lexists(target):
        raise FileExistsError(target)
    beside.rename(target)


def _drop_copy(move: Move) -> Iterator[str]:
    target = Path(move.target)
    if not target.is_file():
        return
    if hash_of(target) != move.sha256:
        yield f'"{target}" was changed since, so it was left where it is.'
        return
    target.unlink()


def _move_back(act: Act, move: Move) -> Iterator[str]:
    source, target = Path(move.source), Path(move.target)
    if not target.is_file():
        if not source.is_file():
            yield f'"{target}" is gone, so it could not be put back.'
        return
    if source.is_file():
        if _is_same(source, target):
            target.unlink()  # the move had not ended
        elif act.state == "done" or hash_of(target) == move.sha256:
            yield f'"{source}" is another file by now, so "{target}" was left where it is.'
        return
    with storage("make", source.parent):
        source.parent.mkdir(parents=True, exist_ok=True)
    beside = _beside(act, source)
    if not _linked(target, source):
        shutil.copy2(target, beside)
        _force(beside)
        _named(beside, source)
    target.unlink()
    _force(source.parent)


def _is_same(one: Path, other: Path) -> bool:
    return one.samefile(other) or hash_of(one) == hash_of(other)


def _add_row(act: Act, table: Path) -> None:
    old = table.read_bytes() if table.exists() else HEADER.encode()
    if not old.decode("utf-8-sig", "replace").startswith(HEADER.strip()):
        raise InputError(f'"{table}" has other columns.', f"choose one with {HEADER.strip()}")
    end = b"" if old.endswith(b"\n") else b"\r\n"
    _rewrite(act, table, old + end + act.line.encode())


def _drop_row(act: Act, table: Path) -> None:
    if not table.exists():
        return
    old = table.read_bytes()
    left = old.replace(act.line.encode(), b"", 1)  # the act's own id is in it
    if left == HEADER.encode() and str(table) in act.made:
        table.unlink()
    elif left != old:
        _rewrite(act, table, left)


def _rewrite(act: Act, table: Path, data: bytes) -> None:
    """Replace the table whole; what a kill leaves beside it has a name that the act knows."""
    beside = _beside(act, table)
    beside.write_bytes(data)
    if table.exists():
        shutil.copymode(table, beside)
    _force(beside)
    beside.replace(table)
    _force(table.parent)


def hash_of(path: Path) -> str:
    """The SHA-256 of a file.

    Args:
        path: Which.
    """
    found = sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            found.update(data)
    return found.hexdigest()


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
