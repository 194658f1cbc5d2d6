"""Rows about speed: adding files strictly, adding them again, and reading them in batches."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from common import Row
from handful.data.batches.loader import Config as Reading
from handful.data.batches.loader import Loader
from handful.data.library.ingest import Config, ingest
from handful.data.library.library import Library
from handful.data.library.report import Progress
from handful.data.modalities.image import read as image
from handful.data.operators.base import Limits
from handful.foundation.hardware import choose_threads, look_at_processor
from library_files import (
    RUNS,
    cpu_seconds,
    seconds,
    sizes_of,
    unpack_photos,
    write_clips,
    write_notes,
    write_photos,
)

PHOTOS_PER_S = 200.0
CLIPS_PER_S = 5_000.0
FIRST_S = 5.0
"""At most, until the first thousand items are in the library."""
RESCAN_S = 1.0
"""At most, for every 10,000 files."""
TURNS = 7
"""In which the loader and the decoders follow each other; a machine that others use changes pace
between them, and a ratio of the best of each would compare two paces."""
BATCHES = 90.0
"""At least, in percent of what the decoder alone does."""


def adding(folder: Path, archive: Path | None) -> list[Row]:
    """Rows for adding photos and clips, on one thread, hash and thumbnail included."""
    small, large, clips = folder / "small", folder / "large", folder / "clips"
    if archive:
        unpack_photos(archive, small, 2_000)
    else:
        write_photos(small, 1_000, 350)
    write_photos(large, 24, 4_000)
    write_clips(clips, 5_000)
    once = Limits(image=image.Config(twice=False))
    kind = "photos" if archive else "generated photos"
    return [
        _added(f"{kind}, two decoders", small, Limits(), PHOTOS_PER_S),
        _added(f"{kind}, one decoder", small, once, PHOTOS_PER_S),
        _added("12 megapixel photos, two decoders", large, Limits(), None),
        _added("12 megapixel photos, one decoder", large, once, None),
        _added("clips of half a second", clips, Limits(), CLIPS_PER_S),
    ]


def _added(name: str, source: Path, limits: Limits, bar: float | None) -> Row:
    config = Config(threads=1, limits=limits)
    count = len(list(source.iterdir()))
    times = []
    for turn in range(TURNS if count > 2_000 else RUNS):
        library = Library.create(source.with_name(f"{source.name} {limits.image.twice} {turn}"))
        times.append(cpu_seconds(partial(ingest, library, source, config=config)))
        assert library.counts()["usable"] == count
    is_sound = next(source.iterdir()).suffix == ".wav"
    size = "8 kHz, 16 bits" if is_sound else sizes_of(source)
    return Row(
        name=f"strict adding: {name}",
        value=count / min(times),
        unit="per CPU s",
        at_least=bar,
        note=f"{count:,} files, {size}; hash and thumbnail included",
    )


def scanning(folder: Path, count: int) -> list[Row]:
    """Rows for adding a folder, and for adding it again."""
    source = folder / "notes"
    write_notes(source, count)
    library = Library.create(folder / "scanned")
    first: list[float] = []
    start = time.perf_counter()

    def told(progress: Progress) -> None:
        if progress.committed >= 1_000 and not first:
            first.append(time.perf_counter() - start)

    whole = seconds(lambda: ingest(library, source, on_progress=told))
    reports = []
    again = [seconds(lambda: reports.append(ingest(library, source))) for _ in range(RUNS)]
    assert all(each.items_unchanged == count and not each.items_changed for each in reports)
    every = f"every 10,000 of {count:,} files"
    return [
        Row(
            name="first 1,000 items listed",
            value=first[0],
            unit="s",
            at_most=FIRST_S,
            note=f"of {count:,} files, from the start of adding",
        ),
        Row(name="first add", value=whole * 1e4 / count, unit="s", note=every),
        Row(
            name="re-scan of unchanged files",
            value=min(again) * 1e4 / count,
            unit="s",
            at_most=RESCAN_S,
            note=every,
        ),
    ]


def batches(folder: Path) -> list[Row]:
    """Rows for reading pictures in batches, against the decoder alone on as many threads."""
    source = folder / "batched"
    write_photos(source, 800, 350)
    library = Library.create(folder / "read")
    ingest(library, source)
    threads = choose_threads(look_at_processor()).value
    paths = sorted(source.iterdir())
    plain = replace(image.Config(), twice=False)

    def ours(path: Path) -> None:
        image.read(path.read_bytes(), plain)

    def pillow(path: Path) -> None:
        with Image.open(path) as picture:
            picture.convert("RGB")

    loader = Loader(library, Reading(modalities=("image",), threads=threads))
    rates: list[tuple[float, float, float]] = []
    for epoch in range(TURNS + 1):
        read = seconds(lambda: [len(batch) for batch in loader.epoch(epoch)])  # noqa: B023
        with ThreadPoolExecutor(threads) as pool:
            alone = seconds(lambda: list(pool.map(ours, paths)))
            bare = seconds(lambda: list(pool.map(pillow, paths)))
        if epoch:  # the first one warms up
            rates.append((len(paths) / read, len(paths) / alone, len(paths) / bare))
    by_us, by_ours, by_pillow = np.median(rates, axis=0)
    against_ours, against_pillow = np.median([(us / o, us / p) for us, o, p in rates], axis=0)
    return [
        Row(
            name="reading in batches",
            value=100 * against_ours,
            unit="% of the strict decoder alone",
            at_least=BATCHES,
            note=f"{by_us:.0f} and {by_ours:.0f} pictures of 350 px a second, {threads} threads; "
            f"medians of {TURNS} turns",
        ),
        Row(
            name="reading in batches, against Pillow without any check",
            value=100 * against_pillow,
            unit="%",
            note=f"{by_pillow:.0f} pictures a second",
        ),
    ]
