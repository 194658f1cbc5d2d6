"""What class names are worth beside few labels, and without any.

    python benchmarks/names.py --data DIR [--scratch FOLDER]       about ten minutes on one core

Kinds of pots (the potter's workshop), emoji asked by their picture, and stamps; two parts of each
that nothing was learned from, three draws of labels. The class names are read by the library's own
text encoder; what items with words and something else have taught, unlabelled, puts them beside
photos and sounds. "without names" is the same ladder as if classes had no names. DIR holds `emoji`
and `stamps_trimodal`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from common import Row, report
from handful.data.library.library import Library
from handful.data.samples import make_kiln
from handful.learn.routes import ladder
from handful.learn.rungs.base import Head
from kiln_labels import ITEMS, SEED, parts_of
from labels import in_more_languages
from real_cells import Part, Situation, candidates, situation
from real_sets import build, read

ASKED = {
    "kiln kind": ("text", "image", "audio"),
    "stamps": ("text", "image", "audio"),
    "emoji": ("image",),
}
COUNTS, DRAWS, PARTS = (1, 2, 5), 3, 2
WITHOUT, WITH, ALONE = "ladder without names", "ladder", "names alone"
BY_NAME = ("prototypes", "zero_shot")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--scratch", type=Path, help="keep projects and encoded items there")
    chosen = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        scratch = chosen.scratch or Path(temporary)
        for name, modalities in ASKED.items():
            right: dict[tuple[int, str], list[float]] = {}
            for part in parts(name, chosen.data, scratch):
                for count in COUNTS:
                    for seed in range(DRAWS):
                        asked = situation(part, modalities, count, seed)
                        for arm, value in arms(asked).items():
                            right.setdefault((count, arm), []).append(value)
                    told = {a: round(v[-1], 3) for (c, a), v in right.items() if c == count}
                    print(name, part.about.part, count, told, flush=True)
            rows += rows_of(name, right)
    report(
        "names",
        rows,
        note="accuracy on groups that nothing was learned from, mean over parts and draws",
        seeds=list(range(DRAWS)),
    )


def parts(name: str, data: Path, scratch: Path) -> list[Part]:
    """The first parts of a set, encoded."""
    if name == "kiln kind":
        if not (scratch / "kiln").exists():
            make_kiln(scratch / "kiln", items=ITEMS, seed=SEED, workers=2)
        return parts_of("kind", scratch / "kiln", scratch)[:PARTS]
    found = read(name, data)
    if name == "emoji":
        found = in_more_languages(found, data)
    library = Library.open(build(found, scratch / name).library)
    return [Part(found, library, part, scratch / "latents") for part in found.parts[:PARTS]]


def arms(asked: Situation) -> dict[str, float]:
    """The ladder with and without names, and what names say alone."""

    def right(head: Head) -> float:
        return float((head.probabilities(asked.unseen).argmax(axis=1) == asked.truth).mean())

    without = [rung for rung in candidates() if rung.name not in BY_NAME]
    nameless = replace(asked.lesson, names=None, lean_names=None)
    chosen = ladder.choose(candidates(), asked.lesson, asked.groups)
    found = {
        WITHOUT: right(ladder.choose(without, nameless, asked.groups).learned.head),
        WITH: right(chosen.learned.head),
    }
    heads = {each.rung.name: each.learned.head for each in chosen.attempts}
    if "zero_shot" in heads:
        found[ALONE] = right(heads["zero_shot"])
    return found


def rows_of(name: str, right: Mapping[tuple[int, str], list[float]]) -> list[Row]:
    """Every arm at every count, and what names add to the ladder."""
    rows = []
    for (count, arm), values in right.items():
        if arm != ALONE:
            rows.append(Row(name=f"{name}, {count} per class: {arm}", value=float(np.mean(values))))
    alone = right.get((COUNTS[0], ALONE))
    if alone:
        rows.append(Row(name=f"{name}, no label: {ALONE}", value=float(np.mean(alone))))
    for count in COUNTS:
        gain = 100 * (np.array(right[count, WITH]) - np.array(right[count, WITHOUT]))
        error = 1.96 * float(gain.std(ddof=1)) / len(gain) ** 0.5
        rows.append(
            Row(
                name=f"{name}, {count} per class: what names add",
                value=float(gain.mean()),
                unit="pt",
                at_least=0,
                low=float(gain.mean()) - error,
                high=float(gain.mean()) + error,
            )
        )
    return rows


if __name__ == "__main__":
    main()
