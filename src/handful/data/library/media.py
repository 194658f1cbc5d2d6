"""The bytes of parts: originals where they lie, and copies of what has no place of its own.

A copy is named by its hash, `media/sha256/ab/ab12….jpg`, so the same bytes are kept once, and a
copy can be checked against its own name. Where copies of everything are asked for, small ones go
into one file, and are named `media/small.sqlite!ab12…` (see `small`).
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from handful.data.library import small
from handful.data.library.items import Part
from handful.data.library.small import Small
from handful.data.modalities.audio import read as audio
from handful.data.modalities.base import Picture, Sound, Words
from handful.data.modalities.image import read as image
from handful.data.modalities.reading import Reading, Unreadable
from handful.foundation.errors import StorageError, storage
from handful.foundation.project.atomic import UNFINISHED, replacing

FOLDER = "media/sha256"

_INSIDE = f"{small.PLACE}!"
_MOST_WAITING = 16_000_000
"""Bytes of small copies that wait in memory until they are written together."""

_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "audio/wav": ".wav",
    "audio/flac": ".flac",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/aiff": ".aiff",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "text/plain": ".txt",
}


def ending_of(mime: str) -> str:
    """The ending of a copy's name; empty for a type without one.

    Args:
        mime: Type by content.
    """
    return _ENDINGS.get(mime, "")


def original_of(path: str, origin: str, stamp: str) -> str:
    """The person's own file, also of what was copied from it; empty for what is in an archive.

    Args:
        path: As for `Part`.
        origin: As for `Part`.
        stamp: As for `Part`; only a file's is a bare number.
    """
    if not path or os.path.isabs(path):  # noqa: PTH117 - quicker by much
        return path
    return origin if stamp.isdecimal() and os.path.isabs(origin) else ""  # noqa: PTH117


# What was accepted once is read again under whatever limits it was accepted.
_IMAGES = image.Config(max_bytes=1 << 60, max_pixels=170_000_000, min_side=1, twice=False)
_SOUNDS = audio.Config(
    max_bytes=1 << 60, max_seconds=1e9, min_rate=1, max_rate=1 << 31, max_peak=1e30
)
_READERS: dict[str, Callable[[bytes], Reading[Any]]] = {
    "image": lambda data: image.read(data, _IMAGES),
    "audio": lambda data: audio.read(data, _SOUNDS),
}


class Media:
    """Reads the bytes of parts, and keeps copies.

    Args:
        folder: The library's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._small = Small(folder)
        self._waiting: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Media], tuple[Path]]:
        """What waits stays with the process that writes."""
        return Media, (self.folder,)

    def path_of(self, part: Part) -> Path | None:
        """The file that the bytes of a part lie in; None when they have none of their own.

        Args:
            part: Of an item of this library.
        """
        return self.folder / part.path if part.path and not _inside(part.path) else None

    def file_of(self, part: Part, folder: Path) -> Path | None:
        """A file that holds the bytes of a part, for programs that open files.

        Args:
            part: Of an item of this library.
            folder: Where it is made, when the bytes have no file of their own.

        Returns:
            None for words that were written in a table.

        Raises:
            Unreadable: When the bytes are not there any more.
            StorageError: When the disk refuses.
        """
        if not part.path or (path := self.path_of(part)):
            return path if part.path else None
        path = folder / f"{part.sha256}{ending_of(part.mime)}"
        with storage("write", path):
            path.write_bytes(self.bytes_of(part))
        return path

    def keep(self, data: bytes, sha256: str, mime: str) -> str:
        """Keep a copy of bytes.

        Args:
            data: The whole file.
            sha256: Its hash.
            mime: Its type, for the name's ending.

        Returns:
            The path of the copy, relative to the library's folder.

        Raises:
            StorageError: When the disk refuses.
        """
        return self.keep_as(data, sha256, ending_of(mime))

    def keep_whole(self, data: bytes, sha256: str, mime: str) -> str:
        """Keep a copy that may be all there is, since its original may go: safe on disk at `flush`.

        Small ones are kept together in one file. May be called by several threads.

        Args:
            data: The whole file.
            sha256: Its hash.
            mime: Its type, for the name's ending.

        Returns:
            Where the copy is, relative to the library's folder.

        Raises:
            StorageError: When the disk refuses.
        """
        if len(data) > small.MOST_BYTES:
            return self.keep_as(data, sha256, ending_of(mime), is_forced=True)
        with self._lock:
            self._waiting[sha256] = data
            if sum(map(len, self._waiting.values())) > _MOST_WAITING:
                self._write_waiting()
        return f"{_INSIDE}{sha256}"

    def flush(self) -> None:
        """Put on disk what waits; nothing that is committed may name a copy before.

        Raises:
            StorageError: When the disk refuses.
        """
        with self._lock:
            self._write_waiting()

    def sizes(self) -> dict[str, int]:
        """Every copy that is there, as parts name it, with its bytes; unfinished ones too.

        Raises:
            StorageError: When the folder cannot be read.
        """
        with storage("read", self.folder):
            files = {
                path.relative_to(self.folder).as_posix(): path.stat().st_size
                for path in sorted((self.folder / FOLDER).rglob("*"))
                if path.is_file()
            }
        return files | {f"{_INSIDE}{name}": size for name, size in self._small.sizes().items()}

    def delete(self, names: Collection[str]) -> None:
        """Delete copies.

        Args:
            names: As parts name them.

        Raises:
            StorageError: When the disk refuses.
        """
        for name in names:
            if not _inside(name):
                with storage("delete", self.folder / name):
                    (self.folder / name).unlink(missing_ok=True)
        self._small.delete([inside for name in names if (inside := _inside(name))])

    def place_of(self, sha256: str, ending: str) -> Path:
        """Where a copy lies, or would lie.

        Args:
            sha256: Hash of the bytes.
            ending: Of its name, such as `.jpg`.
        """
        return self.folder / FOLDER / sha256[:2] / f"{sha256}{ending}"

    def keep_as(self, data: bytes, sha256: str, ending: str, *, is_forced: bool = False) -> str:
        """Keep a copy of bytes under a name with a given ending.

        Args:
            data: The whole file.
            sha256: Its hash.
            ending: Of its name, such as `.jpg`.
            is_forced: Force it to disk, which takes longer than all else together.

        Returns:
            The path of the copy, relative to the library's folder.

        Raises:
            StorageError: When the disk refuses.
        """
        path = self.place_of(sha256, ending)
        name = path.relative_to(self.folder).as_posix()
        if path.exists():
            return name
        with storage("write", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if is_forced:
                with replacing(path) as temporary:
                    temporary.write_bytes(data)
                return name
            # What an archive holds is not forced to disk: after a power cut the name tells whether
            # the content is whole, and the archive is still there.
            temporary = path.with_name(f"{UNFINISHED}{secrets.token_hex(4)}")
            try:
                temporary.write_bytes(data)
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        return name

    def read(self, part: Part) -> Picture | Sound | Words:
        """Decode a part.

        Args:
            part: Usable, of an item of this library.

        Raises:
            InputError: When its file is missing, changed, or cannot be read any more.
        """
        if part.words is not None:
            return part.words
        try:
            data = self.bytes_of(part)
            reading = _READERS[part.modality](data)
        except Unreadable as error:
            raise error.about(part.origin or part.path) from error
        return reading.value

    def bytes_of(self, part: Part) -> bytes:
        """The bytes of a part, if they are still those that were added.

        Args:
            part: Of an item of this library.

        Raises:
            Unreadable: When its file is missing, changed, or cannot be read.
        """
        data, modified = self._read(part)
        unchanged = len(data) == part.size and (modified == part.stamp or self._is_copy(part))
        if not unchanged and hashlib.sha256(data).hexdigest() != part.sha256:
            raise Unreadable("file/changed")
        return data

    def fault(self, part: Part, *, rehash: bool = False) -> str:
        """What is wrong with a part's file now, as the code of a reason; empty when nothing is.

        Args:
            part: Of an item of this library.
            rehash: Compare the content even where size and time say that it did not change.
        """
        if not part.path:
            return ""
        try:
            if (path := self.path_of(part)) is not None:
                facts = path.stat()
                stamp_fits = str(facts.st_mtime_ns) == part.stamp or self._is_copy(part)
                if facts.st_size == part.size and stamp_fits and not rehash:
                    return ""
            data, _ = self._read(part)
        except FileNotFoundError:
            return "file/missing"
        except OSError:
            return "file/not_readable"
        except Unreadable as error:
            return error.reason
        return "" if hashlib.sha256(data).hexdigest() == part.sha256 else "file/changed"

    def _read(self, part: Part) -> tuple[bytes, str]:
        """Bytes as they lie now, with what tells when they were changed."""
        if inside := _inside(part.path):
            try:
                data = self._waiting.get(inside) or self._small.get(inside)
            except StorageError as error:
                raise Unreadable("file/not_readable", error=error.what) from error
            if data is None:
                raise Unreadable("file/missing")
            return data, part.stamp
        path = self.path_of(part)
        if path is None:
            raise Unreadable("file/missing")
        return _read(path)

    def _write_waiting(self) -> None:
        self._small.put(self._waiting)
        self._waiting = {}

    @staticmethod
    def _is_copy(part: Part) -> bool:
        """Nobody but us writes copies, so their times say nothing."""
        return not Path(part.path).is_absolute()


def _inside(path: str) -> str:
    """The hash of a small copy that is kept inside; empty for whatever has a file of its own."""
    return path.removeprefix(_INSIDE) if path.startswith(_INSIDE) else ""


def _read(path: Path) -> tuple[bytes, str]:
    try:
        with path.open("rb") as file:
            data = file.read()
            return data, str(os.fstat(file.fileno()).st_mtime_ns)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Unreadable("file/missing") from error
    except PermissionError as error:
        raise Unreadable("file/no_permission") from error
    except OSError as error:
        raise Unreadable("file/not_readable", error=error.strerror) from error
