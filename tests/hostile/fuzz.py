"""Read many spoiled files under limits on memory and time, and count what became of them.

    python -m hostile.fuzz COUNT SEED

spoils the whole files of `images`, `sounds` and `texts` in turn, so many times in all, and prints
one line of JSON. A file that takes longer than `PATIENCE_S`, an error that is no `Unreadable`, and
memory beyond `MEMORY` end it with a traceback.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from handful.data.modalities import child
from handful.data.modalities.audio import read as audio
from handful.data.modalities.image import read as image
from handful.data.modalities.reading import Reading, Unreadable
from handful.data.modalities.text import read as text
from hostile import images, sounds, texts

PATIENCE_S = 20
MEMORY = 1_500_000_000

_TELLING = [0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
"""Numbers at which arithmetic tends to go wrong."""


def spoil(data: bytes, dice: np.random.Generator, other: bytes) -> bytes:
    """Change a file in one to four ways."""
    copy = bytearray(data)
    for _ in range(int(dice.integers(1, 5))):
        if len(copy) < 8:
            break
        place, far = sorted(int(each) for each in dice.integers(0, len(copy), 2))
        way = int(dice.integers(0, 8))
        if way == 0:
            copy[place] ^= 1 << int(dice.integers(0, 8))
        elif way == 1:
            copy[place] = int(dice.integers(0, 256))
        elif way == 2:
            number, width = (
                _TELLING[int(dice.integers(0, len(_TELLING)))],
                int(dice.choice([1, 2, 4])),
            )
            order = "big" if dice.integers(0, 2) else "little"
            copy[place : place + width] = (number % 256**width).to_bytes(width, order)
        elif way == 3:
            del copy[far:]
        elif way == 4:
            del copy[place : min(far, place + 64)]
        elif way == 5:
            copy[place:place] = copy[place : min(far, place + 64)]
        elif way == 6:
            start = int(dice.integers(0, max(len(other) - 64, 1)))
            copy[place:place] = other[start : start + 64]
        else:
            count = int(dice.integers(1, 64))
            copy[place : place + count] = dice.bytes(min(count, len(copy) - place))
    return bytes(copy)


def whole() -> list[tuple[str, bytes, Callable[[bytes], Reading[Any]]]]:
    """Every whole file with its reader, limits low enough that spoiled headers cost little."""
    pixels = image.Config(max_pixels=4_000_000)
    seconds = audio.Config(max_seconds=60)
    return [
        *((name, data, lambda d: image.read(d, pixels)) for name, data in images.whole().items()),
        *((name, data, lambda d: audio.read(d, seconds)) for name, data in sounds.whole().items()),
        *((name, data, text.read) for name, data in texts.whole().items()),
    ]


def run(count: int, seed: int) -> dict[str, Any]:
    """Read spoiled files; see the top of this file."""
    child.limit_memory(MEMORY)
    signal.signal(signal.SIGALRM, _too_slow)
    dice = np.random.default_rng(seed)
    kinds = whole()
    verdicts: Counter[str] = Counter()
    crashed: list[str] = []
    slowest = (0.0, "")
    for number in range(count):
        name, data, reader = kinds[number % len(kinds)]
        spoiled = spoil(data, dice, kinds[int(dice.integers(0, len(kinds)))][1])
        start = time.monotonic()
        signal.alarm(PATIENCE_S)
        try:
            verdicts["repaired" if reader(spoiled).repair else "ok"] += 1
        except Unreadable as fault:
            verdicts[fault.reason] += 1
            if fault.reason.startswith("file/reader"):
                crashed.append(f"{number} {name}: {fault.what}")
        signal.alarm(0)
        slowest = max(slowest, (time.monotonic() - start, name))
    return {
        "files": count,
        "kinds": len(kinds),
        "verdicts": verdicts,
        "crashed": crashed,
        "slowest": slowest,
    }


def _too_slow(*_: object) -> None:
    raise TimeoutError(f"a file took more than {PATIENCE_S} s")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))) + "\n")
