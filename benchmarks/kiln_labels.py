"""What a handful of labels is worth in the potter's workshop, and what pairs without labels save.

    python benchmarks/kiln_labels.py [--scratch FOLDER]      about ten minutes on two cores

600 pieces, five folds that keep firings whole; in each fold the labels are drawn five times (`kind`
three times) from the other firings. `grade` is complementary: with 5 labels per class every
modality alone stands beside all together, and beside a small network from scratch that gets ten
times the labels. `kind` is shared: photos alone are learned from and asked about, once with the
what photos tell of the taps and notes of other pieces (pairs, no labels) and once
without; how many labels the second needs to reach the first is the saving.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

import handful as hd
from common import Row, report
from handful.data.samples import make_kiln
from handful.learn.routes import ladder
from handful.learn.routes.arms import OURS
from handful.learn.rungs.base import Evidence
from real_cells import Answering, Part, candidates, situation
from real_kept import unpack
from real_sets import TASK, RealSet, Thing

ITEMS, SEED, FOLDS = 600, 0, 5
ALL = ("text", "image", "audio")
COUNTS = (1, 2, 5, 10, 20, 40)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--scratch", type=Path, help="keep the sample and the encoded items there")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        scratch = chosen.scratch or Path(temporary)
        kiln = scratch / "kiln"
        if not kiln.exists():
            make_kiln(kiln, items=ITEMS, seed=SEED, workers=2)
        rows = grade(parts_of("grade", kiln, scratch)) + kind(parts_of("kind", kiln, scratch))
    report(
        "kiln-labels",
        rows,
        note="accuracy on firings that nothing was learned from, mean over 5 folds and draws",
        seeds=[0, 1, 2, 3, 4],
    )


def parts_of(label: str, kiln: Path, scratch: Path) -> list[Part]:
    """The sample as a project, encoded once per fold; towers see the other firings only."""
    with (kiln / "pieces.csv").open(encoding="utf-8", newline="") as file:
        pieces = [row for row in csv.DictReader(file) if row[label]]
    firings = np.random.default_rng(SEED).permutation(sorted({row["firing"] for row in pieces}))
    fold_of = {str(name): f"fold {place % FOLDS + 1}" for place, name in enumerate(firings)}
    project = hd.project(scratch / f"project-{label}")
    table = kiln / f"{label}.jsonl"
    table.write_text("".join(_line(row, label, kiln) for row in pieces), encoding="utf-8")
    columns = {"image": ["image"], "audio": ["audio"], "text": ["text"], "id": "id"}
    columns |= {"labels": [TASK], "group": "group", "split": "", "licence": ""}
    project.add(table, columns=columns)
    held = {item.key for item in project.items.items()}
    things = [
        Thing(id=row["id"], label=row[label], group=row["firing"], part=fold_of[row["firing"]])
        for row in pieces
        if row["id"] in held
    ]
    found = RealSet(name=f"kiln {label}", things=things, archives={}, simple={}, about="")
    return [Part(found, project.items, part, project.cache / "latents") for part in found.parts]


def _line(row: dict[str, str], label: str, kiln: Path) -> str:
    def path(name: str) -> str:
        return str(kiln / name) if name else ""

    note = row["note"]
    if note.startswith("notes/"):
        note = (kiln / note).read_text(encoding="utf-8", errors="replace")
    line = {"id": row["id"], "image": path(row["photo"]), "audio": path(row["tap"]), "text": note}
    return json.dumps({**line, TASK: row[label], "group": row["firing"]}) + "\n"


def grade(parts: Sequence[Part]) -> list[Row]:
    """Five labels per class: all modalities, each alone, and a network with fifty."""
    found: dict[str, list[float]] = {}
    for part in parts:
        for seed in range(5):
            asked = Answering(part, situation(part, ALL, 5, seed), with_network=False)
            asked._ours()
            for modality in ALL:
                asked._alone(modality)
            for name in (OURS, *(f"{modality} alone" for modality in ALL)):
                found.setdefault(name, []).append(_right(asked, name))
            print(f"grade, {part.about.part}, seed {seed}: {_right(asked, OURS):.3f}", flush=True)
        many = Answering(part, situation(part, ALL, 50, 0), with_network=True)
        many._ours()
        many._network()
        found.setdefault("network", []).append(_right(many, "conv_scratch"))
        found.setdefault("ours, 50", []).append(_right(many, OURS))
    mean = {name: float(np.mean(values)) for name, values in found.items()}
    singles = {name: value for name, value in mean.items() if name.endswith("alone")}
    best = max(singles, key=lambda name: singles[name])
    rows = [_row(f"grade, 5 per class: {name}", values) for name, values in found.items()]
    rows[-2:] = [
        _row("grade, 50 per class: network from scratch", found["network"]),
        _row("grade, 50 per class: ours", found["ours, 50"]),
    ]
    ahead, over = 100 * (mean[OURS] - mean[best]), 100 * (mean[OURS] - mean["network"])
    return [
        *rows,
        Row(name=f"grade, 5 per class: ours above {best}", value=ahead, unit="pt", at_least=10),
        Row(
            name="grade: ours with 5 per class above a network with 50",
            value=over,
            unit="pt",
            at_least=0,
        ),
    ]


def kind(parts: Sequence[Part]) -> list[Row]:
    """Photos alone, with and without what pairs taught."""
    curves: dict[str, list[list[float]]] = {"with pairs": [], "without pairs": []}
    for count in COUNTS:
        for name in curves:
            curves[name].append(
                [_photo(part, count, seed, name) for part in parts for seed in range(3)]
            )
        print(f"kind, {count}: {[float(np.mean(c[-1])) for c in curves.values()]}", flush=True)
    rows = [
        _row(f"kind from photos, {count} per class: {name}", curve[place])
        for place, count in enumerate(COUNTS)
        for name, curve in curves.items()
    ]
    with_pairs, without = ([float(np.mean(each)) for each in curve] for curve in curves.values())
    saved = [_saving(with_pairs[place], COUNTS[place], without) for place in range(3)]
    for place, factor in enumerate(saved):
        note = "" if factor is not None else f"more than {COUNTS[-1]} labels per class are needed"
        value = COUNTS[-1] / COUNTS[place] if factor is None else factor
        name = f"kind: labels saved by pairs, at {COUNTS[place]} per class"
        rows.append(Row(name=name, value=value, unit="x", at_least=3, note=note))
    return rows


def _photo(part: Part, count: int, seed: int, name: str) -> float:
    """Accuracy of the ladder on photos of unseen firings."""
    asked = situation(part, ("image",), count, seed)
    lesson, unseen = asked.lesson, asked.unseen
    if name == "without pairs":
        lesson = replace(lesson, evidence=_plain(lesson.evidence))
        unseen = _plain(unseen)
    chosen = ladder.choose(candidates(), lesson, asked.groups)
    said = chosen.learned.head.probabilities(unseen)
    has = unseen.present("image")
    return float((said.argmax(axis=1) == asked.truth)[has].mean())


def _plain(evidence: Evidence) -> Evidence:
    """The same without what pairs have taught."""
    latents = {name: {"plain": blocks["plain"]} for name, blocks in evidence.latents.items()}
    return replace(evidence, latents=latents)


def _saving(reached: float, count: int, curve: Sequence[float]) -> float | None:
    """How many times the labels a curve needs to reach an accuracy; None when it never does."""
    for place, (low, high) in enumerate(pairwise(curve)):
        if curve[0] >= reached:
            return COUNTS[0] / count
        if low < reached <= high:
            share = (reached - low) / (high - low)
            needed = COUNTS[place] * (COUNTS[place + 1] / COUNTS[place]) ** share
            return float(needed / count)
    return None


def _right(asked: Answering, name: str) -> float:
    return float(unpack(asked.said[name], len(asked.part.test)).mean())


def _row(name: str, values: Sequence[float]) -> Row:
    low, high = np.quantile(values, (0.025, 0.975))
    return Row(
        name=name,
        value=float(np.mean(values)),
        low=float(low),
        high=float(high),
        note="95 % of folds and draws lie between",
    )


if __name__ == "__main__":
    main()
