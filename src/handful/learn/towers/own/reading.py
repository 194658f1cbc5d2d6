"""What an own tower keeps of a file: a small picture, a log-mel picture, words as n-grams.

Files are read once and kept so, as bytes: a picture of a limited area in its own aspect, a sound in
decibels, each language field of a text. From these come the pieces that the network reads.
"""
# h and w pixels, T frames, B mel bands, n tokens, G n-grams per word

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handful.data.modalities.base import Picture, Sound, Words
from handful.foundation.errors import require
from handful.learn.model.packed.tokens import Piece
from handful.learn.towers.classical.audio.hearing import Hearing, log_mel

GRAMS = 16
"""N-grams kept per word."""
_BUCKETS = 8192
_LONGEST_WORD = 12
_WORD = re.compile(r"\w+|[^\w\s]")
_HEARING = Hearing()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How finely files are read."""

    picture_px: int = 64
    """Side in pixels of a square picture; others get its area. 64 to 224."""
    patch_px: int = 8
    """Side of a patch; 8 to 16."""
    margin_px: int = 2
    """Pixels around a patch that its token sees too."""
    frames: int = 4
    """Frames of 10 ms per token of sound; 4 to 16."""
    margin_frames: int = 2
    """Frames before and after."""
    longest_frames: int = 1000
    """At most so many frames are heard."""
    words: int = 64
    """At most so many words are read."""

    def __post_init__(self) -> None:
        fits = self.patch_px >= 4 and self.picture_px >= self.patch_px
        require(fits, "patch_px", self.patch_px, "4 to `picture_px`")
        require(self.margin_px >= 0, "margin_px", self.margin_px, "0 or more")
        require(self.frames >= 1, "frames", self.frames, "1 or more")
        require(self.margin_frames >= 0, "margin_frames", self.margin_frames, "0 or more")
        require(self.longest_frames >= self.frames, "longest_frames", self.longest_frames, "more")
        require(self.words >= 1, "words", self.words, "1 or more")

    @property
    def windows(self) -> dict[str, tuple[int, int, int]]:
        """Modality to channels, height and width of a window."""
        side = self.patch_px + 2 * self.margin_px
        return {
            "image": (3, side, side),
            "audio": (1, self.frames + 2 * self.margin_frames, _HEARING.bands),
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def kept(modality: str, value: Any, reading: Reading) -> list[NDArray[Any]]:
    """What is kept of a value: one array, for a text one per language field.

    Args:
        modality: Of the value.
        value: `Words`, a string, a `Picture` or a `Sound`.
        reading: How finely.
    """
    if modality == "image":
        return [shrink(value, reading)]
    if modality == "audio":
        return [heard(value, reading)]
    texts = [value] if isinstance(value, str) else list(dict.fromkeys(_fields(value)))
    return [words(text, reading) for text in texts]


def _fields(value: Words) -> list[str]:
    return [text for _, text in sorted(value.items())]


def shrink(picture: Picture, reading: Reading, box: Sequence[float] | None = None) -> Picture:
    """A picture in its own aspect whose sides are whole numbers of patches.

    Args:
        picture: `[height, width, 3]` uint8.
        reading: How large.
        box: Left, upper, right and lower edge of the part that is taken; all when None.

    Returns:
        `[h, w, 3]` uint8 of about `picture_px` squared pixels.
    """
    image = Image.fromarray(np.ascontiguousarray(picture))
    left, upper, right, lower = box or (0, 0, image.width, image.height)
    ratio = ((lower - upper) / (right - left)) ** 0.5
    side = reading.picture_px / reading.patch_px
    rows = max(1, min(round(side * ratio), round(side * 4)))
    columns = max(1, min(int(side * side / rows), round(side * 4)))
    size = columns * reading.patch_px, rows * reading.patch_px
    found = image.resize(size, Image.Resampling.BILINEAR, box=(left, upper, right, lower))
    return np.asarray(found)


def heard(sound: Sound, reading: Reading) -> NDArray[np.uint8]:
    """A sound as levels `[T, B]`, 0 for silence and 255 for the loudest.

    Args:
        sound: One channel.
        reading: How much.
    """
    levels = log_mel(sound, _HEARING)[: reading.longest_frames]
    return np.rint((levels / _HEARING.floor_db + 1) * 255).astype(np.uint8)


def words(text: str, reading: Reading) -> NDArray[np.uint16]:
    """A text as words `[n, G]` of n-gram numbers, 0 where a word has fewer; one word at least.

    A long word, as scripts without spaces have them, is read in stretches.

    Args:
        text: Any language.
        reading: How much.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    parts = [
        word[start : start + _LONGEST_WORD]
        for word in _WORD.findall(plain)
        for start in range(0, len(word), _LONGEST_WORD)
    ][: reading.words] or [""]
    found = np.zeros((len(parts), GRAMS), np.uint16)
    for row, part in enumerate(parts):
        grams = _grams(part)
        found[row, : len(grams)] = grams
    return found


def _grams(word: str) -> list[int]:
    framed = f"<{word}>"
    parts = [framed]
    for size in (3, 4, 2, 5):
        parts += [framed[start : start + size] for start in range(len(framed) - size + 1)]
    found = dict.fromkeys(1 + zlib.crc32(part.encode()) % (_BUCKETS - 1) for part in parts)
    return list(found)[:GRAMS]


def piece(
    modality: str,
    row: int,
    value: NDArray[Any],
    reading: Reading,
    keep: NDArray[np.intp] | None = None,
) -> Piece:
    """The tokens of a kept value.

    Args:
        modality: Of the value.
        row: Which item it is of.
        value: What `kept` gave, changed or not.
        reading: As there.
        keep: Which tokens; all when None.
    """
    if modality == "text":
        chosen = np.arange(len(value)) if keep is None else keep
        return Piece(modality, row, value[chosen].astype(np.int32), _line(chosen))
    if modality == "audio":
        return _stretches(row, value, reading, keep)
    return _patches(row, value, reading, keep)


def count(modality: str, value: NDArray[Any], reading: Reading) -> int:
    """How many tokens a kept value has.

    Args:
        modality: Of the value.
        value: What `kept` gave.
        reading: As there.
    """
    if modality == "text":
        return len(value)
    if modality == "audio":
        return -(-len(value) // reading.frames)
    height, width, _ = value.shape
    return (height // reading.patch_px) * (width // reading.patch_px)


def _line(places: NDArray[np.intp]) -> NDArray[np.float32]:
    return np.stack([places, np.zeros_like(places)], axis=1).astype(np.float32)


def _stretches(
    row: int, levels: NDArray[np.uint8], reading: Reading, keep: NDArray[np.intp] | None
) -> Piece:
    tokens = count("audio", levels, reading)
    around = reading.margin_frames
    last = tokens * reading.frames - len(levels)
    framed = np.pad(levels, ((around, around + last), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(framed, reading.frames + 2 * around, axis=0)
    chosen = np.arange(tokens) if keep is None else keep
    raw = views[chosen * reading.frames].transpose(0, 2, 1)[:, None]
    return Piece("audio", row, np.ascontiguousarray(raw), _line(chosen))


def _patches(row: int, picture: Picture, reading: Reading, keep: NDArray[np.intp] | None) -> Piece:
    side, around = reading.patch_px, reading.margin_px
    framed = np.pad(picture, ((around, around), (around, around), (0, 0)), mode="edge")
    size = (side + 2 * around,) * 2
    views = np.lib.stride_tricks.sliding_window_view(framed, size, axis=(0, 1))
    columns = picture.shape[1] // side
    chosen = np.arange(count("image", picture, reading)) if keep is None else keep
    down, right = np.divmod(chosen, columns)
    raw = views[down * side, right * side]
    places = np.stack([down, right], axis=1).astype(np.float32)
    return Piece("image", row, np.ascontiguousarray(raw), places)
