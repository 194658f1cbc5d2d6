"""The bytes of parts: originals where they lie, and copies of what has no place of its own.

A copy is named by its hash, `media/sha256/ab/ab12….jpg`, so the same bytes are kept once, and a
copy can be checked against its own name.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handful.data.library.items import Part
from handful.data.modalities.audio import read as audio
from handful.data.modalities.base import Picture, Sound, Words
from handful.data.modalities.image import read as image
from handful.data.modalities.reading import Reading, Unreadable
from handful.foundation.errors import storage
from handful.foundation.project.atomic import UNFINISHED

FOLDER = "media/sha256"

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

    def path_of(self, part: Part) -> Path | None:
        """Where the bytes of a part lie; None when they lie nowhere.

        Args:
            part: Of an item of this library.
        """
        return self.folder / part.path if part.path else None

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

    def place_of(self, sha256: str, ending: str) -> Path:
        """Where a copy lies, or would lie.

        Args:
            sha256: Hash of the bytes.
            ending: Of its name, such as `.jpg`.
        """
        return self.folder / FOLDER / sha256[:2] / f"{sha256}{ending}"

    def keep_as(self, data: bytes, sha256: str, ending: str) -> str:
        """Keep a copy of bytes under a name with a given ending.

        Args:
            data: The whole file.
            sha256: Its hash.
            ending: Of its name, such as `.jpg`.

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
            # Not forced to disk one by one, which would be slower than all else together: after a
            # power cut the name tells whether the content is whole, and the archive is still there.
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
        path = self.path_of(part)
        if path is None:
            raise Unreadable("file/missing")
        data, modified = _read(path)
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
        path = self.path_of(part)
        if path is None:
            return ""
        try:
            facts = path.stat()
            stamp_fits = str(facts.st_mtime_ns) == part.stamp or self._is_copy(part)
            if facts.st_size == part.size and stamp_fits and not rehash:
                return ""
            data, _ = _read(path)
        except FileNotFoundError:
            return "file/missing"
        except OSError:
            return "file/not_readable"
        except Unreadable as error:
            return error.reason
        return "" if hashlib.sha256(data).hexdigest() == part.sha256 else "file/changed"

    @staticmethod
    def _is_copy(part: Part) -> bool:
        """Nobody but us writes copies, so their times say nothing."""
        return not Path(part.path).is_absolute()


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
