"""The sound of MP3, MP4, M4A, MOV and bare AAC, in the process of its own.

MP3 is decoded by libsndfile, whose mpg123 tells of damage only on the terminal. The others need
the extra `media`: PyAV (BSD-3), whose wheels bundle FFmpeg. Of that only the two demuxers and
the audio decoders named here are used. FFmpeg calls its build LGPL-3; the same wheel also holds
libx264 and libx265, which are GPL-2 or later and are never called. AAC itself is patented in some
countries; FFmpeg's decoder is used.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from handful.data.modalities.apart import Answer
from handful.data.modalities.audio.read import Config, Decoded, check_promises, decode
from handful.data.modalities.overheard import overheard
from handful.data.modalities.reading import Unreadable
from handful.data.modalities.sniff import HEAD, sniff

_CODECS = ("aac", "alac", "mp3", "mp3float", "opus", "flac", "amrnb", "amrwb", "pcm_s16le")
"""What phones and recorders put into these containers."""


def read_here(data: bytes, request: Mapping[str, Any]) -> Answer:
    """Decode the first sound of a file.

    Args:
        data: The whole file.
        request: With the fields of `audio.read.Config`.

    Returns:
        `[T, C]` float32 with `rate`, `channels`, `declared` and `coding`.

    Raises:
        Unreadable: With the reason.
    """
    config = Config(**{field.name: request[field.name] for field in fields(Config)})
    found = sniff(data[:HEAD])
    return _listen(data, config) if found == "audio/mpeg" else _read_media(data, found, config)


def _listen(data: bytes, config: Config) -> Answer:
    """Decode an MP3, and take its decoder's complaints for what they are."""
    with overheard() as said:
        decoded = decode(data, config)
    for line in said:
        if "error:" in line:
            raise Unreadable("audio/damaged", error=line.rpartition("error:")[2].strip(" !."))
    return _answer(decoded)


def _answer(decoded: Decoded) -> Answer:
    facts = {
        "rate": decoded.rate,
        "channels": decoded.frames.shape[1],
        "declared": decoded.declared,
        "coding": decoded.coding,
    }
    return Answer(facts, np.ascontiguousarray(decoded.frames).tobytes())


def _read_media(data: bytes, found: str, config: Config) -> Answer:
    import av

    # A named format keeps FFmpeg from trying those that fetch other files, such as playlists.
    kind = "aac" if found == "audio/aac" else "mp4"
    try:
        with av.open(io.BytesIO(data), format=kind) as container:
            if not container.streams.audio:
                raise Unreadable("audio/no_sound")
            return _answer(_decode(container, config))
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # hostile bytes make it raise nearly anything
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Unreadable("audio/damaged", error=text.splitlines()[0]) from error


def _decode(container: Any, config: Config) -> Decoded:
    import av

    stream = container.streams.audio[0]
    context = stream.codec_context
    coding = context.name if context else "unknown"
    if coding not in _CODECS:
        raise Unreadable("audio/damaged", error=f"its coding is {coding}")
    context.options = {"err_detect": "explode"}
    rate, channels = context.sample_rate, context.channels
    declared = int(stream.duration * stream.time_base * rate) if stream.duration else 0
    check_promises(channels, rate, declared, config)
    most = int(config.max_seconds * rate) + 1
    turn = av.AudioResampler(format="flt")
    pieces, held = [], 0
    for packed in container.decode(stream):
        for frame in turn.resample(packed):
            if frame.sample_rate != rate or frame.layout.nb_channels != channels:
                raise Unreadable("audio/damaged", error="its kind changes in the middle")
            pieces.append(frame.to_ndarray().reshape(-1, channels))
            held += len(pieces[-1])
        if held >= most:
            cap = f"{config.max_seconds:g}"
            raise Unreadable("audio/too_long", seconds=f"over {cap}", cap=cap)
    if not pieces:
        raise Unreadable("audio/empty")
    frames = np.concatenate(pieces).astype(np.float32)
    coding = f"{container.format.name.split(',')[0].upper()} {coding}"
    return Decoded(frames, rate, declared, coding)
