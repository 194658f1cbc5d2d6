"""Bytes of a sound file to a `Sound`, strictly.

One or two channels become one. Two channels that cancel each other (a microphone wired the wrong
way round) would mix to silence, so then the louder one is taken. A file that is shorter than it
says, or whose values are not finite, never becomes an item.

The plainest WAV is read by `pcm`; other WAV, FLAC, Ogg and AIFF are decoded by libsndfile in this
process, MP3 by the same in another one, where what its decoder says of damage can be heard. The
sound of MP4, M4A, MOV and bare AAC is decoded there as well, by the extra `media`; see `media`.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from handful.data.modalities import apart, caps
from handful.data.modalities.audio import pcm, structure
from handful.data.modalities.base import Sound
from handful.data.modalities.reading import Reading, Unreadable
from handful.data.modalities.sniff import HEAD, sniff
from handful.foundation.errors import require
from handful.foundation.hardware.extras import find_module

CANCELLED = 0.05
"""Mixed power over mean channel power: 1 for equal channels, 0.5 for unrelated ones."""

_MEDIA_TYPES = ("audio/mp4", "audio/aac")
_ODD_TYPES = (*_MEDIA_TYPES, "audio/mpeg")

_CODEC_FRAMES = 4608
"""Encoders pad their first and last blocks; a difference in length up to this says nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is accepted as a sound."""

    max_bytes: int = caps.AUDIO_BYTES
    """Largest file that is opened."""
    max_seconds: float = caps.AUDIO_SECONDS
    """Longest recording; ten minutes of stereo at 48 kHz take 230 MB while being read."""
    min_rate: int = caps.AUDIO_RATES[0]
    """Lowest sampling rate, in samples per second."""
    max_rate: int = caps.AUDIO_RATES[1]
    """Highest sampling rate; bat detectors record at 384,000."""
    max_peak: float = caps.AUDIO_PEAK
    """Largest absolute value, where 1 is full scale; louder floats are a wrong scale."""

    def __post_init__(self) -> None:
        """Check the rules."""
        for name in ("max_bytes", "max_seconds", "min_rate", "max_peak"):
            require(getattr(self, name) > 0, name, getattr(self, name), "above 0")
        require(self.max_rate >= self.min_rate, "max_rate", self.max_rate, "at least `min_rate`")


def read(data: bytes, config: Config | None = None) -> Reading[Sound]:
    """Decode a sound.

    Args:
        data: The whole file.
        config: Limits; the defaults when left out.

    Returns:
        The sound as one channel at its own rate, with the facts `rate`, `channels`, `frames`,
        `declared_frames` and `coding` as stored.

    Raises:
        Unreadable: With the reason, when it is no whole sound within the limits.
    """
    config = config or Config()
    mime = _checked_type(data, config)
    notes = set(structure.check(mime, data))
    decoded = _decode_apart(data, config) if mime in _ODD_TYPES else decode(data, config)
    _check_length(decoded, len(decoded.frames), notes)
    peak = float(np.abs(decoded.frames).max())
    if not np.isfinite(peak):
        raise Unreadable("audio/not_finite")
    if peak > config.max_peak:
        raise Unreadable("audio/out_of_range", peak=f"{peak:.4g}")
    if peak == 0:
        notes.add("audio/silent")
    sound = Sound(_one_channel(decoded.frames, notes), decoded.rate)
    return Reading(
        value=sound,
        mime=mime,
        hasher=content_hash,
        notes=tuple(sorted(notes)),
        meta=_facts(decoded),
    )


def content_hash(sound: Sound) -> str:
    """Hash what is heard: equal sounds have equal hashes, however they were packed.

    Args:
        sound: One channel and its rate.
    """
    digest = hashlib.sha256(f"audio {sound.rate} ".encode())
    digest.update(np.ascontiguousarray(sound.samples).data)
    return digest.hexdigest()


class _Memory(io.BytesIO):
    """Bytes as a file that does not raise: the decoder would print a traceback and go on."""

    def seek(self, place: int, whence: int = 0, /) -> int:
        """Stay where it is when a damaged header sends it before the beginning."""
        try:
            return super().seek(place, whence)
        except (ValueError, OverflowError):
            return self.tell()


class Decoded(NamedTuple):
    """Samples with what the header says of them.

    Attributes:
        frames: `[T, C]` float32.
        rate: Samples per second.
        declared: How many the header announces.
        coding: Container and codec, as facts.
    """

    frames: NDArray[np.float32]
    rate: int
    declared: int
    coding: str


def _checked_type(data: bytes, config: Config) -> str:
    if not data:
        raise Unreadable("file/empty")
    if len(data) > config.max_bytes:
        raise Unreadable("file/too_large", size=len(data), cap=config.max_bytes)
    mime = sniff(data[:HEAD])
    if mime in _MEDIA_TYPES and not find_module("av").is_installed:
        raise Unreadable("audio/needs_media", found=mime)
    if not mime.startswith("audio/"):
        raise Unreadable("audio/not_recognised", found=mime)
    return mime


def _decode_apart(data: bytes, config: Config) -> Decoded:
    answer = apart.ask("audio", data, asdict(config))
    try:
        found = answer.facts
        rate, channels = int(found["rate"]), int(found["channels"])
        frames = np.frombuffer(answer.data, np.float32).reshape(-1, channels)
        decoded = Decoded(frames, rate, int(found["declared"]), str(found["coding"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("file/reader_crashed", how="its answer made no sense") from error
    check_promises(channels, rate, decoded.declared, config)
    return decoded


def decode(data: bytes, config: Config) -> Decoded:
    """Decode in the process this is called in: by libsndfile, unless there is nothing to decode.

    Args:
        data: The whole file, its structure checked.
        config: The limits.

    Raises:
        Unreadable: When libsndfile refuses, or a limit is passed.
    """
    if plain := pcm.look(data):
        check_promises(plain.channels, plain.rate, plain.frames, config)
        return Decoded(pcm.samples(data, plain), plain.rate, plain.frames, f"WAV {plain.kind}")
    try:
        with soundfile.SoundFile(_Memory(data)) as file:
            check_promises(file.channels, file.samplerate, file.frames, config)
            # A header may lie, so no more than the cap is ever read.
            most = int(config.max_seconds * file.samplerate) + 1
            if file.format == "FLAC":
                whole = np.asarray(file.read(most, "int32", always_2d=True), np.int32)
                _check_flac_hash(data, whole)
                frames = whole.astype(np.float32) / np.float32(1 << 31)
            else:
                frames = np.asarray(file.read(most, "float32", always_2d=True), np.float32)
            facts = (file.samplerate, file.frames, f"{file.format} {file.subtype}")
    except Unreadable:
        raise
    except Exception as error:  # hostile bytes make decoders raise nearly anything
        # libsndfile's message names the object it read from, which says nothing to anyone.
        text = str(error).rpartition(">: ")[2].rstrip(".")
        raise Unreadable("audio/damaged", error=text or type(error).__name__) from error
    rate, declared, coding = facts
    if len(frames) == most:
        raise Unreadable(
            "audio/too_long", seconds=f"over {config.max_seconds:g}", cap=f"{config.max_seconds:g}"
        )
    return Decoded(frames, rate, declared, coding)


def check_promises(channels: int, rate: int, frames: int, config: Config) -> None:
    """Compare what a header says with the limits, before a sample is decoded.

    Args:
        channels: How many.
        rate: Samples per second.
        frames: Samples of each channel; 0 when the header does not say.
        config: The limits.

    Raises:
        Unreadable: When one is passed.
    """
    if not 1 <= channels <= 2:
        raise Unreadable("audio/channels", channels=channels)
    if not config.min_rate <= rate <= config.max_rate:
        raise Unreadable("audio/odd_rate", rate=rate, least=config.min_rate, most=config.max_rate)
    if frames / rate > config.max_seconds:
        seconds = f"{frames / rate:.0f}"
        raise Unreadable("audio/too_long", seconds=seconds, cap=f"{config.max_seconds:g}")


def _check_flac_hash(data: bytes, frames: NDArray[np.int32]) -> None:
    """Compare the MD5 that the encoder wrote of its samples; libsndfile does not look at it.

    Source: RFC 9639, section 8.2.
    """
    written = data[26:42]
    if data[:4] != b"fLaC" or data[4] & 0x7F or not any(written):
        return
    bits = (data[20] & 1) << 4 | data[21] >> 4
    depth = bits + 1
    width = (depth + 7) // 8
    lowest = (frames >> (32 - depth)).astype("<i4")
    packed = lowest.view(np.uint8).reshape(*lowest.shape, 4)[..., :width]
    if hashlib.md5(packed.tobytes(), usedforsecurity=False).digest() != written:
        raise Unreadable("audio/damaged", error="its samples do not fit the hash beside them")


def _check_length(decoded: Decoded, held: int, notes: set[str]) -> None:
    """A stream may not know its length; everything else must hold what it declares."""
    if not held:
        raise Unreadable("audio/empty")
    if "audio/length_unknown" not in notes and held < decoded.declared - _CODEC_FRAMES:
        promised, rate = decoded.declared / decoded.rate, decoded.rate
        raise Unreadable(
            "audio/truncated", promised=f"{promised:.2f} seconds", held=f"{held / rate:.2f}"
        )


def _one_channel(frames: NDArray[np.float32], notes: set[str]) -> NDArray[np.float32]:
    """Mix `[T, C]` to `[T]`."""
    if frames.shape[1] == 1:
        return np.ascontiguousarray(frames[:, 0])
    mixed = frames.mean(axis=1)
    powers = np.square(frames, dtype=np.float64).mean(axis=0)
    if np.square(mixed, dtype=np.float64).mean() < CANCELLED * powers.mean():
        notes.add("audio/anti_phase")
        return np.ascontiguousarray(frames[:, int(powers.argmax())])
    return mixed


def _facts(decoded: Decoded) -> dict[str, Any]:
    held, channels = decoded.frames.shape
    return {
        "rate": decoded.rate,
        "channels": channels,
        "frames": held,
        "declared_frames": decoded.declared,
        "seconds": round(held / decoded.rate, 6),
        "coding": decoded.coding,
    }
