"""What somebody looks for: words, pictures, sounds, texts, or several of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from handful.data.modalities.base import MODALITIES
from handful.data.modalities.sniff import kind_by_name
from handful.foundation.errors import InputError, UsageError
from handful.learn.routes.reading import decode
from handful.use.explore.words import split

_EXAMPLE = 'handful find "cracked bowl", or handful find photo.jpg'


class Part(NamedTuple):
    """One thing that is looked for.

    Attributes:
        name: As the user gave it.
        modality: `text`, `image` or `audio`.
        value: Decoded: words, a picture or a sound.
        words: The words of a text, folded; empty for the rest.
        is_typed: Whether these are words that were typed, and no text of its own.
    """

    name: str
    modality: str
    value: Any
    words: tuple[str, ...] = ()
    is_typed: bool = False


def read_query(given: Sequence[str | Path]) -> list[Part]:
    """Tell words from files, and read the files.

    Something is a file when it is named like a picture, a sound or a text, or when it is a path
    that leads somewhere. All other words together are one thing that is looked for.

    Args:
        given: Words and paths, in any order.

    Raises:
        UsageError: When nothing was given, or the words hold no letter.
        InputError: When a file is missing or cannot be read.
    """
    loose, parts = [], []
    for each in given:
        if _is_file(each):
            parts.append(_from_file(Path(each).expanduser()))
        else:
            loose.append(str(each))
    text = " ".join(" ".join(loose).split())
    if text:
        parts.insert(0, _from_words(text, text))
    if not parts:
        raise UsageError("There is nothing to look for: the query is empty.", _EXAMPLE)
    return parts


def _is_file(given: str | Path) -> bool:
    if isinstance(given, Path):
        return True
    if not given.strip() or "\n" in given or "\0" in given:
        return False
    if kind_by_name(given) in MODALITIES and " " not in given.strip():
        return True
    try:
        path = Path(given).expanduser()
        looks_like_one = bool(path.suffix) or len(path.parts) > 1 or given.endswith("/")
        return looks_like_one and path.exists()
    except (OSError, RuntimeError):  # longer than any name, or a home that nobody has
        return False


def _from_file(path: Path) -> Part:
    if path.is_dir():
        raise UsageError(
            f'"{path}" is a folder, and files are looked for one by one.', "name the file"
        )
    kind = kind_by_name(path.name)
    if not path.is_file():
        raise InputError(f'There is no file "{path}".', "check the path")
    if kind not in MODALITIES:
        raise UsageError(
            f'"{path.name}" is neither a text, an image nor a sound by its name.',
            "rename it, or look for words",
        )
    value = decode(kind, path)
    if kind == "text":
        return _from_words(" ".join(value.values()), str(path), value)
    return Part(str(path), kind, value)


def _from_words(text: str, name: str, value: Any = None) -> Part:
    words = tuple(dict.fromkeys(split(text)))
    if not words:
        raise UsageError(f'There is no word in "{name}".', _EXAMPLE)
    return Part(name, "text", value or {"und": text}, words, is_typed=value is None)
