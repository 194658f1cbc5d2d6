"""Hostile sounds."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from hostile.cases import REPAIRED, Case, bad, cuts, good, sound, spoiled, spoken, wave

KINDS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "aiff": ("AIFF", "PCM_16"),
}
UNSOUND = ("audio/truncated", "audio/damaged", "audio/empty", "audio/not_recognised")


def whole() -> dict[str, bytes]:
    """One whole sound of each kind that is installed, by ending."""
    found = {ending: sound(*kind) for ending, kind in KINDS.items()}
    try:
        found |= {"m4a": spoken("ipod"), "mp4": spoken("mp4"), "mov": spoken("mov")}
        found["aac"] = spoken("adts")
    except ImportError:
        pass
    return found


def sounds() -> Iterator[Case]:
    yield from _whole_and_cut()
    yield from _lying_headers()
    yield from _damaged()
    yield from _values()
    yield from _not_sounds()


def _needs(ending: str) -> str:
    return "" if ending in KINDS else "av"


def _whole_and_cut() -> Iterator[Case]:
    for ending, data in whole().items():
        needs = _needs(ending)
        yield good(f"whole.{ending}", data, needs=needs)
        yield bad(f"empty.{ending}", b"", "file/empty")
        for where, cut in cuts(data):
            yield bad(f"cut-{where}.{ending}", cut, *UNSOUND, needs=needs)


def _lying_headers() -> Iterator[Case]:
    data = sound()
    yield bad("header-alone.wav", data[:44], *UNSOUND)
    yield bad("length-0.wav", _length(data, 0), "audio/empty")
    yield Case("length-4-gb.wav", _length(data, 2**32 - 1), REPAIRED, ("audio/length_unknown",))
    yield bad("length-double.wav", _length(data, 2 * len(data)), "audio/truncated")
    yield bad("no-rate.wav", _rate(data, 0), *UNSOUND, "audio/odd_rate")
    yield bad("a-million-a-second.wav", _rate(data, 1_000_000), "audio/odd_rate")
    yield bad("eight-channels.wav", sound(samples=wave(channels=8)), "audio/channels")
    mp3 = sound("MP3", "MPEG_LAYER_III", wave(5.0))
    at = mp3.index(b"Xing") + 8
    for name, count in (("double", 200), ("a-tenth", 7)):
        lying = mp3[:at] + struct.pack(">I", count) + mp3[at + 4 :]
        yield bad(f"length-{name}.mp3", lying, "audio/truncated", "audio/damaged")
    hours = np.zeros((36_000, 1), "f4")
    slow = sound("FLAC", "PCM_16", np.tile(hours, (600, 1))[: 2000 * 3600], 2000)
    yield bad("an-hour.flac", slow, "audio/too_long")
    flac = bytearray(sound("FLAC"))
    flac[21] = flac[21] & 0xF0 | 0x0F  # the top bits of how many samples there are
    yield bad("length-of-years.flac", bytes(flac), "audio/too_long", *UNSOUND)


def _length(data: bytes, length: int) -> bytes:
    at = data.index(b"data") + 4
    return data[:at] + struct.pack("<I", length) + data[at + 4 :]


def _rate(data: bytes, rate: int) -> bytes:
    return data[:24] + struct.pack("<I", rate) + data[28:]


def _damaged() -> Iterator[Case]:
    for ending in ("flac", "ogg", "opus", "mp3"):
        for seed in range(4):
            broken = spoiled(whole()[ending], 0.4, 600, seed)
            yield bad(f"random-bytes-{seed}.{ending}", broken, *UNSOUND)
    one = bytearray(whole()["ogg"])
    one[int(0.7 * len(one))] ^= 4
    yield bad("one-bit.ogg", bytes(one), "audio/damaged")
    hashed = bytearray(whole()["flac"])
    hashed[30] ^= 1
    yield bad("other-hash.flac", bytes(hashed), "audio/damaged")


def _values() -> Iterator[Case]:
    for name, value, reason in (
        ("not-a-number", np.nan, "audio/not_finite"),
        ("infinite", -np.inf, "audio/not_finite"),
        ("far-too-loud", 1e30, "audio/out_of_range"),
    ):
        values = wave()
        values[700] = value
        yield bad(f"{name}.wav", sound(coding="FLOAT", samples=values), reason)
    yield good("silence.wav", sound(samples=np.zeros((800, 1), "f4")), "audio/silent")
    yield good("clipped.wav", sound(samples=np.sign(wave()) * 0.999))
    yield good("offset.wav", sound(samples=wave() * 0.2 + 0.5))
    yield good("24-bits.wav", sound(coding="PCM_24"))
    yield good("32-bits.wav", sound(coding="PCM_32"))
    left = wave()
    opposite = np.concatenate([left, -left], axis=1)
    yield good("opposite-channels.wav", sound(samples=opposite), "audio/anti_phase")


def _not_sounds() -> Iterator[Case]:
    yield bad("words.wav", b"these are words and no sound", "audio/not_recognised")
    yield bad("tag-alone.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10), "audio/damaged")
    yield bad("page.mp3", b"<!DOCTYPE html><p>Not found", "audio/not_recognised")
    yield good("wav-in-disguise.mp3", sound(), "file/wrong_suffix")
    yield bad("playlist.m4a", b"#EXTM3U\nfile:///etc/passwd\n", "audio/not_recognised")
    try:
        film = spoken("mp4", with_sound=False)
    except ImportError:
        return
    yield bad("film-without-sound.mp4", film, "audio/no_sound", needs="av")
