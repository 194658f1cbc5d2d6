"""Files to add, and clocks."""

from __future__ import annotations

import io
import resource
import time
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from handful.data.modalities import apart

RUNS = 3


def seconds(act: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def cpu_seconds(act: Callable[[], object]) -> float:
    """CPU seconds of one call, those of the processes that read odd files included."""
    apart.close()
    start = _cpu()
    act()
    apart.close()  # their time counts once they have ended
    return _cpu() - start


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def write_notes(folder: Path, count: int) -> None:
    """Small text files, a hundred to a folder."""
    for place in range(count):
        path = folder / f"{place // 100:04}" / f"{place:06}.txt"
        if place % 100 == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"the note number {place}, of a cup that is blue or green", "utf-8")


def write_clips(folder: Path, count: int) -> None:
    """Half a second of sound each, 16 bits at 8,000 samples a second, as spoken digits have."""
    dice = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(count):
        samples = np.clip(dice.normal(0, 3_000, 4_000), -32_000, 32_000).astype("<i2")
        with wave.open(str(folder / f"{place:05}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8_000)
            file.writeframes(samples.tobytes())


def photo(width: int, dice: np.random.Generator) -> bytes:
    """A JPEG of soft shapes with the grain of a camera, three high for four wide."""
    height = width * 3 // 4
    coarse = Image.fromarray(dice.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    large = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    grain = dice.normal(0, 6, (height, width, 1)).astype(np.float32)
    file = io.BytesIO()
    Image.fromarray(np.clip(large + grain, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()


def write_photos(folder: Path, count: int, width: int) -> None:
    """Photos of one size; each file is another one, made of eight that were drawn."""
    dice = np.random.default_rng(0)
    drawn = [photo(width, dice) for _ in range(min(count, 8))]
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(count):
        data = drawn[place % len(drawn)]
        mark = f"number {place}".encode()
        comment = b"\xff\xfe" + (len(mark) + 2).to_bytes(2, "big") + mark
        (folder / f"{place:05}.jpg").write_bytes(data[:2] + comment + data[2:])


def unpack_photos(archive: Path, folder: Path, count: int) -> None:
    """The first photos of an archive, beside each other."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as members:
        names = [name for name in members.namelist() if name.lower().endswith((".jpg", ".jpeg"))]
        for place, name in enumerate(names[:count]):
            (folder / f"{place:05}.jpg").write_bytes(members.read(name))


def sizes_of(folder: Path) -> str:
    """How large photos are, in words."""
    paths = sorted(folder.iterdir())
    sides = []
    for path in paths[:200]:
        with Image.open(path) as image:
            sides.append(max(image.size))
    held = sum(path.stat().st_size for path in paths) / len(paths)
    return f"long side {min(sides)} to {max(sides)} px, {held / 1000:.0f} kB each"
