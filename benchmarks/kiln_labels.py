"""What a handful of labels is worth in the potter's workshop, and what pairs without labels save.

    python benchmarks/kiln_labels.py [--scratch FOLDER]      about twenty minutes on one core

600 pieces, five folds that keep firings whole; in each fold the labels are drawn five times (`kind`
three times) from the other firings. `grade` is complementary: with 5 labels per class every
modality alone stands beside all together, and beside a small network from scratch that gets ten
times the labels. `kind` is shared: it is learned from photos alone and from everything, with what
modalities tell of each other (pairs, no labels), without, and without turning down what tells
firings apart either. How many labels photos without pairs need to reach those with is the saving.
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
from real_cells import Answering, Part, candidates, situation
from real_kept import unpack
from real_sets import TASK, RealSet, Thing

ITEMS, SEED, FOLDS = 600, 0, 5
ALL = ("text", "image", "audio")
COUNTS = (1, 2, 5, 10, 20, 40)
WITH_PAIRS, WITHOUT_PAIRS = "with pairs", "without pairs"
AS_THEY_ARE = "without pairs, groups as they are"
ARMS = (WITH_PAIRS, WITHOUT_PAIRS, AS_THEY_ARE)


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
    """Photos alone, and all modalities, with and without what pairs and groups teach."""
    curves: dict[str, list[list[float]]] = {name: [] for name in ARMS}
    for count in COUNTS:
        for name in ARMS:
            curves[name].append(_told(parts, ("image",), count, name))
        print(f"kind, {count}: {[float(np.mean(c[-1])) for c in curves.values()]}", flush=True)
    rows = [
        _row(f"kind from photos, {count} per class: {name}", curve[place])
        for place, count in enumerate(COUNTS)
        for name, curve in curves.items()
    ]
    rows += [
        _row(f"kind from everything, {count} per class: {name}", _told(parts, ALL, count, name))
        for count in (1, 5)
        for name in ARMS
    ]
    with_pairs, without = (
        [float(np.mean(each)) for each in curves[name]] for name in (WITH_PAIRS, WITHOUT_PAIRS)
    )
    saved = [_saving(with_pairs[place], COUNTS[place], without) for place in range(3)]
    for place, factor in enumerate(saved):
        note = "" if factor is not None else f"more than {COUNTS[-1]} labels per class are needed"
        value = COUNTS[-1] / COUNTS[place] if factor is None else factor
        name = f"kind: labels saved by pairs, at {COUNTS[place]} per class"
        rows.append(Row(name=name, value=value, unit="x", at_least=3, note=note))
    return rows


def _told(parts: Sequence[Part], modalities: Sequence[str], count: int, arm: str) -> list[float]:
    """Accuracy of the ladder on unseen firings, for every fold and draw."""
    found = []
    for part in parts:
        for seed in range(3):
            may_quieten = arm != AS_THEY_ARE
            asked = situation(part, modalities, count, seed, may_quieten=may_quieten)
            lesson, unseen = asked.lesson, asked.unseen
            if arm != WITH_PAIRS:
                lesson = replace(lesson, evidence=lesson.evidence.without_pairs())
                unseen = unseen.without_pairs()
            chosen = ladder.choose(candidates(), lesson, asked.groups)
            said = chosen.learned.head.probabilities(unseen)
            found.append(float((said.argmax(axis=1) == asked.truth)[unseen.has_any].mean()))
    return found


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
