"""Read what a query holds: paths, bytes or decoded values, to decoded values per modality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handful.data.modalities.audio.read import read as read_audio
from handful.data.modalities.base import MODALITIES, Sound
from handful.data.modalities.image.read import read as read_image
from handful.data.modalities.reading import Unreadable
from handful.data.modalities.text.read import read as read_text
from handful.foundation.errors import InputError, did_you_mean, storage
from handful.foundation.predictor import Query

_READERS = {"text": read_text, "image": read_image, "audio": read_audio}


def read_queries(queries: Sequence[Query], known: Sequence[str]) -> dict[str, list[Any]]:
    """Decode every query.

    Args:
        queries: Modality to a path, bytes, or decoded value; text may be the text itself.
        known: The modalities that the model can use; others are refused.

    Returns:
        Modality to one decoded value per query, None where absent.

    Raises:
        InputError: When a query is empty, names an unknown modality, or cannot be read.
    """
    values: dict[str, list[Any]] = {name: [None] * len(queries) for name in known}
    for row, query in enumerate(queries):
        given = {name: value for name, value in query.items() if value is not None}
        if not given:
            raise InputError("A query holds nothing.", f"give at least one of {', '.join(known)}")
        for name, value in given.items():
            if name not in values:
                what = "was not trained with" if name in MODALITIES else "does not know"
                raise InputError(f'This model {what} "{name}".', did_you_mean(name, known))
            values[name][row] = decode(name, value)
    return values


def decode(modality: str, value: Any) -> Any:
    """Decode one value of a modality.

    Args:
        modality: `text`, `image` or `audio`.
        value: A path, bytes, or a decoded value: for text a string or language to text, for images
            a `[height, width, 3]` uint8 array, for audio a `Sound` or `(samples, rate)`.

    Raises:
        InputError: When it cannot be read or is none of these.
    """
    if isinstance(value, Path):
        return _from_file(modality, value)
    if isinstance(value, bytes):
        return _from_bytes(modality, value, "the given bytes")
    if modality == "text":
        return _words(value)
    if isinstance(value, str):
        return _from_file(modality, Path(value))
    if modality == "image" and _is_picture(value):
        return value
    if modality == "audio" and isinstance(value, tuple) and len(value) == 2:
        return Sound(np.asarray(value[0], dtype=np.float32), int(value[1]))
    raise InputError(
        f"An {modality} was given as {type(value).__name__}.", "give a path, bytes or an array"
    )


def _words(value: Any) -> Any:
    if isinstance(value, str):
        return {"und": value}
    if isinstance(value, Mapping):
        return dict(value)
    raise InputError(
        f"A text was given as {type(value).__name__}.", "give a string or language to text"
    )


def _is_picture(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 3 and value.shape[2] == 3


def _from_file(modality: str, path: Path) -> Any:
    path = path.expanduser()
    if not path.is_file():
        raise InputError(f'There is no file "{path}".', "check the path")
    with storage("read", path):
        data = path.read_bytes()
    return _from_bytes(modality, data, str(path))


def _from_bytes(modality: str, data: bytes, name: str) -> Any:
    try:
        return _READERS[modality](data).value
    except Unreadable as error:
        raise error.about(name) from None
