"""How many labels pairs without labels save: every way to learn at equal accuracy, in one table.

    python benchmarks/labels.py --data DIR [--full] [--scratch FOLDER]

DIR holds `emoji` and `stamps_trimodal`. Nothing of a test group is learned from: unseen families of
concepts for emoji, whose words are in eight languages, five folds of unseen families for stamps. Of
the training items 1 to 40 per class get a label, drawn five times (for stamps once per fold); all
of them teach, unlabelled, what modalities tell of each other. Emoji are labelled and asked by their
picture alone, stamps by sentence, picture and speech.

Arms that use no pairs: majority; logistic regression and boosting on the plain latents of all
modalities; each modality alone and all together by our ladder without what pairs teach; late fusion
and concatenation. Arms that use pairs: a linear probe (logistic regression) on all of the same
latents; ours, the ladder. The label factor says how many times the labels the best arm without
pairs needs, at each accuracy, to be as right as ours; where it never is, within 40 per class, the
factor is given as the least it can be. Intervals come from draws and folds drawn anew.

Not here: SimCLR, FuseMix and SAIL trained from scratch, and encoders with pretrained weights.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from common import Row, report
from handful.data.library.library import Library
from handful.foundation.errors import HandfulError
from handful.learn.model.latent_logistic import fit_logistic
from handful.learn.routes import ladder
from handful.learn.rungs.base import Evidence, Lesson
from handful.numerics.linear.blocks import Block
from real_cells import Part, Situation, candidates, situation
from real_sets import RealSet, build, lines, read
from retrieval import words

DRAWS = 5
COUNTS = (1, 2, 5, 10, 20, 40)
ASKED = {"emoji": ("image",), "stamps": ("text", "image", "audio")}
OURS, PROBE = "ours", "same latents, linear probe"
AT = (1, 5, 10)
"""Labels per class at which ours is held against the rest."""

Curves = Mapping[str, NDArray[np.float64]]
"""Arm to `[R, C]` accuracy, one row per fold and draw, one column per count."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--full", action="store_true", help="every draw on every fold of a set")
    parser.add_argument("--scratch", type=Path, help="keep projects and finished cells there")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        scratch = chosen.scratch or Path(temporary)
        jobs = []
        for name in ASKED:
            found = read(name, chosen.data)
            if name == "emoji":
                found = in_more_languages(found, chosen.data)
            library = build(found, scratch / name).library
            for place, part in enumerate(found.parts):
                every = chosen.full or len(found.parts) == 1
                seeds = range(DRAWS) if every else [place % DRAWS]
                jobs.append(_Job(found, library, part, seeds, scratch))
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            cells = [cell for done in pool.map(measure, jobs) for cell in done]
    curves = {name: _curves([cell for cell in cells if cell["set"] == name]) for name in ASKED}
    report(
        "labels",
        rows_of(curves),
        note="accuracy on groups that nothing was learned from, labels drawn "
        f"{', '.join(f'{len(each[OURS])} times for {name}' for name, each in curves.items())}",
        seeds=list(range(DRAWS)),
        extra={"tables": [table(name, each) for name, each in curves.items()]},
    )


def in_more_languages(found: RealSet, data: Path) -> RealSet:
    """Emoji with names and keywords in eight languages instead of one."""
    folder = data / "emoji"
    concepts = {each["concept"]: words(each) for each in lines(folder / "concepts.jsonl")}
    shown = {each["image"]: each["concept"] for each in lines(folder / "images.jsonl")}
    things = [replace(thing, words=concepts[shown[thing.id]]) for thing in found.things]
    return replace(found, things=things)


class _Job(NamedTuple):
    """One part of a set, for one process."""

    found: RealSet
    library: Path
    part: str
    seeds: Sequence[int]
    scratch: Path


def measure(job: _Job) -> list[dict[str, Any]]:
    """Every arm on one part, for all counts and draws; finished cells are kept."""
    path = job.scratch / f"cells-{job.found.name}-{job.part.replace(' ', '-')}.jsonl"
    kept = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    cells = [json.loads(line) for line in kept]
    known = {(cell["seed"], cell["count"]) for cell in cells}
    wanted = [(seed, count) for seed in job.seeds for count in COUNTS if (seed, count) not in known]
    if not wanted:
        return cells
    library = Library.open(job.library)
    part = Part(job.found, library, job.part, job.scratch / "latents")
    for seed, count in wanted:
        start = time.process_time()
        asked = situation(part, ASKED[job.found.name], count, seed)
        right = {name: round(value, 5) for name, value in arms(asked).items()}
        cell = {"set": job.found.name, "part": job.part, "seed": seed, "count": count}
        cells.append({**cell, "right": right})
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(cells[-1]) + "\n")
        spent = time.process_time() - start
        print(job.found.name, job.part, seed, count, f"{spent:.0f} CPU s", right[OURS], flush=True)
    return cells


# ---------------------------------------------------------------- arms


def arms(asked: Situation) -> dict[str, float]:
    """Every arm's share of right answers."""
    plain, unseen = _without_pairs(asked.lesson), asked.unseen.without_pairs()
    found = {}
    rungs = {rung.name: rung for rung in ladder.rungs(baselines=True)}
    for name, title in (
        ("majority", "majority"),
        ("boosting", "boosting"),
        ("late_fusion", "late fusion"),
        ("concatenation", "concatenation"),
    ):
        try:
            head = rungs[name].learn(plain).head
        except HandfulError:  # such as late fusion of one modality
            continue
        found[title] = _right(head.probabilities(unseen), asked)
    found["logistic regression"] = _logistic(plain, unseen, ("plain",), asked)
    found[PROBE] = _logistic(asked.lesson, asked.unseen, ("plain", "shared", "predicted"), asked)
    modalities = asked.lesson.evidence.modalities
    for modality in modalities if len(modalities) > 1 else ():
        lesson, held = plain.of(modality)
        able = [rung for rung in candidates() if not rung.needs_several]
        head = ladder.choose(able, lesson, asked.groups[held]).learned.head
        everyone = np.arange(len(unseen))
        said = head.probabilities(unseen.alone(modality).take(everyone, held))
        found[f"{modality} alone"] = _right(said, asked)
    head = ladder.choose(candidates(), plain, asked.groups).learned.head
    found["ladder without pairs"] = _right(head.probabilities(unseen), asked)
    head = ladder.choose(candidates(), asked.lesson, asked.groups).learned.head
    found[OURS] = _right(head.probabilities(asked.unseen), asked)
    return found


def _without_pairs(lesson: Lesson) -> Lesson:
    return replace(lesson, evidence=lesson.evidence.without_pairs())


def _logistic(lesson: Lesson, unseen: Evidence, kinds: Sequence[str], asked: Situation) -> float:
    def blocks(evidence: Evidence) -> dict[str, Block]:
        return {
            f"{modality} {kind}": named[kind]
            for modality, named in evidence.latents.items()
            for kind in kinds
            if kind in named
        }

    fit = fit_logistic(blocks(lesson.evidence), lesson.labels, lesson.folds, lesson.prior)
    return _right(fit.model.probabilities(blocks(unseen)), asked)


def _right(said: NDArray[np.float64], asked: Situation) -> float:
    return float((said.argmax(axis=1) == asked.truth).mean())


# ---------------------------------------------------------------- telling


def _curves(cells: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[np.float64]]:
    keys = sorted({(cell["part"], cell["seed"]) for cell in cells})
    at = {(cell["part"], cell["seed"], cell["count"]): cell["right"] for cell in cells}
    names = [name for name in cells[0]["right"] if all(name in each for each in at.values())]
    return {
        name: np.array([[at[*key, count][name] for count in COUNTS] for key in keys])
        for name in names
    }


class Factor(NamedTuple):
    """Labels the other curve needs over ours; the least it can be when it never gets there."""

    value: float
    is_least: bool


def factor(ours: float, count: int, others: NDArray[np.float64]) -> Factor:
    """Compare at equal accuracy.

    Args:
        ours: Accuracy that is to be reached.
        count: Labels per class that it took.
        others: `[C]` the best accuracy of the other arms at `COUNTS`.
    """
    reached = np.maximum.accumulate(others)
    if ours <= reached[0]:
        return Factor(COUNTS[0] / count, False)
    for place, (low, high) in enumerate(pairwise(reached)):
        if low < ours <= high:
            share = (ours - low) / (high - low)
            needed = COUNTS[place] * (COUNTS[place + 1] / COUNTS[place]) ** share
            return Factor(float(needed / count), False)
    return Factor(COUNTS[-1] / count, True)


def _factor(curves: Curves, arms: Sequence[str], count: int, rows: NDArray[np.intp]) -> Factor:
    place = COUNTS.index(count)
    best = np.max([curves[name][rows].mean(axis=0) for name in arms], axis=0)
    return factor(float(curves[OURS][rows, place].mean()), count, best)


def rows_of(curves: Mapping[str, Curves]) -> list[Row]:
    """Factors per set and their geometric means."""
    rows = []
    dice = np.random.default_rng(0)
    for kind, bar, least in (("without pairs", 5.0, 1.0), (PROBE, 1.5, None)):
        every, drawn = [], []
        for name, each in curves.items():
            arms = [PROBE] if kind == PROBE else [arm for arm in each if arm not in (OURS, PROBE)]
            count_rows = len(each[OURS])
            resampled = dice.integers(count_rows, size=(500, count_rows))
            for count in AT:
                found = _factor(each, arms, count, np.arange(count_rows))
                values = [_factor(each, arms, count, some).value for some in resampled]
                low, high = np.quantile(values, (0.025, 0.975))
                every.append(found.value)
                drawn.append(values)
                note = "the least it can be" if found.is_least else ""
                title = f"{name}, {count} per class: labels over {_over(kind)}"
                rows.append(
                    Row(
                        name=title,
                        value=found.value,
                        unit="x",
                        at_least=least,
                        low=float(low),
                        high=float(high),
                        note=note,
                    )
                )
        means = np.exp(np.log(np.array(drawn)).mean(axis=0))
        rows.append(
            Row(
                name=f"geometric mean over {' and '.join(curves)}: labels over {_over(kind)}",
                value=float(np.exp(np.log(every).mean())),
                unit="x",
                at_least=bar,
                low=float(np.quantile(means, 0.025)),
                high=float(np.quantile(means, 0.975)),
            )
        )
    return rows


def _over(kind: str) -> str:
    return "the best arm without pairs" if kind == "without pairs" else f"the {PROBE}"


def table(name: str, curves: Curves) -> dict[str, object]:
    """Mean accuracy of every arm at every count."""
    means = {arm: each.mean(axis=0) for arm, each in curves.items()}
    told = [[arm, *(f"{value:.3f}" for value in mean)] for arm, mean in means.items()]
    return {
        "title": f"{name}: share right by labels per class",
        "columns": ["arm", *map(str, COUNTS)],
        "rows": told,
    }


if __name__ == "__main__":
    main()
