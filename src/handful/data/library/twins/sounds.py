"""Sounds that are the same recording: louder, re-encoded, resampled, cut at the start or the end.

A recording is known by its loudest moments in time and pitch, taken in pairs: two pitches and the
time between them. Two recordings are the same when many pairs agree on one shift in time. Equal
notes of one instrument share single pairs, but hardly ever many with one shift.

Source: Wang, An industrial-strength audio search algorithm (ISMIR 2003).
"""
# T moments of 16 ms, F pitches, M pairs of one sound

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from handful.data.modalities.base import Sound

LEAST_PAIRS = 10
"""Sounds that agree in fewer pairs are not called the same, and those with fewer have no print."""

LEAST_SHARE = 0.1
"""Of the pairs of the shorter one. In 398 sounds of ESC-10 no two recordings shared more than 8
pairs or 1.4 %; the same one cut, resampled, at a third of the volume or coded as Vorbis shares 11
or more and 10 % at least."""

MANY_PAIRS = 40
"""So many are enough whatever their share: two long recordings that overlap a little."""

LEAST_MOMENTS = 4
"""The pairs must begin at so many different moments: one click is like every other."""

_SHIFTS = 1 << 20
_RATE, _WINDOW, _HOP = 8000, 512, 128
_MOST_SECONDS = 60
_AHEAD, _SOON = 5, 64
_MOST_IN_BUCKET = 64


def print_of(sound: Sound) -> bytes:
    """What is kept of a sound for comparing; empty when too little happens in it.

    Args:
        sound: Any.
    """
    down_T, pitch_T = _peaks(_spectrum(sound))
    marks, times = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint32)]
    for ahead in range(1, min(_AHEAD, len(down_T) - 1) + 1):
        between = down_T[ahead:] - down_T[:-ahead]
        mark = pitch_T[:-ahead] << 15 | pitch_T[ahead:] << 6 | between
        soon = between < _SOON
        marks.append(mark[soon].astype(np.uint32))
        times.append(down_T[:-ahead][soon].astype(np.uint32))
    pairs = np.stack([np.concatenate(marks), np.concatenate(times)])
    tells = pairs.shape[1] >= LEAST_PAIRS and len(np.unique(pairs[1])) >= LEAST_MOMENTS
    return pairs.tobytes() if tells else b""


def twins(prints: Sequence[bytes], new: int) -> Iterator[tuple[int, int]]:
    """Find pairs of the same recording.

    Args:
        prints: All that are to be compared, none empty.
        new: The place of the first one that was not compared yet.

    Yields:
        Places of both, the earlier one first.
    """
    if new >= len(prints):
        return
    pairs = [np.frombuffer(each, np.uint32).reshape(2, -1).astype(np.int64) for each in prints]
    lengths = np.array([each.shape[1] for each in pairs])
    mark, time = np.concatenate(pairs, axis=1)
    owner = np.repeat(np.arange(len(pairs)), lengths)
    order = np.argsort(mark, kind="stable")
    mark, time, owner = mark[order], time[order], owner[order]
    for one in range(new, len(pairs)):
        asked_M, asked_time_M = pairs[one]
        low = np.searchsorted(mark, asked_M, side="left")
        size = np.minimum(np.searchsorted(mark, asked_M, side="right") - low, _MOST_IN_BUCKET)
        within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        met = np.repeat(low, size) + within
        earlier = owner[met] < one
        met, when = met[earlier], np.repeat(asked_time_M, size)[earlier]
        agreed = owner[met] * _SHIFTS + (when - time[met] + _SHIFTS // 2)
        shifts, count = np.unique(agreed, return_counts=True)
        least = np.maximum(
            LEAST_PAIRS, LEAST_SHARE * np.minimum(lengths[shifts // _SHIFTS], lengths[one])
        )
        found = {
            int(shift // _SHIFTS)
            for shift in shifts[count >= np.minimum(least, MANY_PAIRS)]
            if len(np.unique(when[agreed == shift])) >= LEAST_MOMENTS
        }
        for other in sorted(found):
            yield other, one


def _spectrum(sound: Sound) -> NDArray[np.float32]:
    """`[T, F]`: how loud each pitch is, as a logarithm."""
    samples = sound.samples[: int(_MOST_SECONDS * sound.rate)]
    if sound.rate != _RATE:
        samples = soxr.resample(samples, sound.rate, _RATE)
    samples = np.pad(samples, (0, max(0, _WINDOW - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP]
    waves = np.fft.rfft(frames * np.hanning(_WINDOW).astype(np.float32), axis=1)
    return np.log(np.abs(waves[:, 4:]).astype(np.float32) + 1e-6)


def _peaks(loud_TF: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """When and where it is louder than all around, down to 52 dB below the loudest."""
    is_top = loud_TF == maximum_filter(loud_TF, size=(15, 21))
    is_top &= (loud_TF > loud_TF.max() - 6.0) & (loud_TF > -9.0)
    down, pitch = np.nonzero(is_top)
    return down, pitch
