"""What a careless annotator among three costs a model, with and without weighing who is right.

    python benchmarks/annotators.py --data DIR [--scratch FOLDER]    ten minutes on one core

Ten items per class are labelled by three people: two are wrong once in twenty answers, one is
wrong in 40 of 100, each mistake being any other answer. What counts is settled as `handful train`
does it (`data/library/answers.py`); items that stay open are not learned from. The ladder then
chooses its rung and answers the test part, beside the same ladder taught by the truth, by the most
votes (ties by chance), and by the careless one alone. DIR holds `emoji` and `stamps_trimodal`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from common import Row, report
from handful.data.library.answers import answers_of
from handful.data.library.items import Item, Label, LabelKind
from handful.data.library.library import Library
from handful.learn.routes import ladder
from handful.learn.routes.gathering import draw
from labels import in_more_languages
from real_cells import Part, candidates, situation
from real_sets import build, read

WRONG = {"ann": 0.05, "ben": 0.05, "careless": 0.4}
PER_CLASS, DRAWS, PARTS = 10, 5, 2
SETS = {"emoji": ("text", "image"), "stamps": ("text", "image", "audio")}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRUTH, SETTLED, VOTES, ALONE = "the truth", "what is settled", "most votes", "the careless one"

Told = Mapping[str, NDArray[np.intp]]
"""Annotator to `[N]` class numbers."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--scratch", type=Path, help="keep projects and encoded items there")
    chosen = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        scratch = chosen.scratch or Path(temporary)
        for name, modalities in SETS.items():
            found = read(name, chosen.data)
            if name == "emoji":
                found = in_more_languages(found, chosen.data)
            library = Library.open(build(found, scratch / name).library)
            right: dict[str, list[float]] = {}
            for place in found.parts[:PARTS]:
                part = Part(found, library, place, scratch / "latents")
                truth = part.train_labels
                for seed in range(DRAWS):
                    for arm, value in measure(part, modalities, truth, seed).items():
                        right.setdefault(arm, []).append(value)
                    print(name, place, seed, {a: round(v[-1], 3) for a, v in right.items()})
            rows += rows_of(name, right)
    report(
        "annotators",
        rows,
        note=f"accuracy on groups that nothing was learned from, {PER_CLASS} items per class",
        seeds=list(range(DRAWS)),
    )


def measure(
    part: Part, modalities: tuple[str, ...], truth: NDArray[np.intp], seed: int
) -> dict[str, float]:
    """Every arm's share of right answers, and how many of the settled labels are right."""
    rows = draw(truth, part.groups, PER_CLASS, seed)
    told = answered(truth[rows], len(part.classes), seed)
    kept, settled = settle(told)
    arms = {
        TRUTH: (rows, truth[rows]),
        SETTLED: (rows[kept], settled),
        VOTES: (rows, most_votes(told, len(part.classes), seed)),
        ALONE: (rows, told["careless"]),
    }
    found = {}
    for name, (taught, labels) in arms.items():
        part.train_labels = truth.copy()
        part.train_labels[taught] = labels
        asked = situation(part, modalities, 0, seed, answered=taught)
        head = ladder.choose(candidates(), asked.lesson, asked.groups).learned.head
        found[name] = float((head.probabilities(asked.unseen).argmax(axis=1) == asked.truth).mean())
    part.train_labels = truth
    found["labels right"] = float((settled == truth[rows[kept]]).mean())
    return found


def answered(truth: NDArray[np.intp], classes: int, seed: int) -> Told:
    """What each annotator says of every item."""
    dice = np.random.default_rng(1000 + seed)
    told = {}
    for name, wrong in WRONG.items():
        other = (truth + dice.integers(1, classes, len(truth))) % classes
        told[name] = np.where(dice.random(len(truth)) < wrong, other, truth).astype(np.intp)
    return told


def settle(told: Told) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The items that count, and what counts of them."""
    count = len(next(iter(told.values())))
    items = [
        Item(
            id=str(row),
            key=str(row),
            parts={},
            labels=tuple(
                Label(task="t", value=str(said[row]), annotator=n, kind=LabelKind.HUMAN, time=NOW)
                for n, said in told.items()
            ),
        )
        for row in range(count)
    ]
    counting = answers_of(items, "t").counting
    kept = np.array([row for row in range(count) if str(row) in counting], dtype=np.intp)
    return kept, np.array([int(counting[str(row)]) for row in kept], dtype=np.intp)


def most_votes(told: Told, classes: int, seed: int) -> NDArray[np.intp]:
    """What most say of each item, by chance where all differ."""
    votes = np.sum([np.eye(classes)[said] for said in told.values()], axis=0)
    chance = np.random.default_rng(seed).random(votes.shape) * 0.5
    return (votes + chance * (votes > 0)).argmax(axis=1).astype(np.intp)


def rows_of(name: str, right: Mapping[str, list[float]]) -> list[Row]:
    """The arms, and what is lost to the truth."""
    rows = []
    for arm, values in right.items():
        title = f"{name}: share of settled labels that are right"
        if arm != "labels right":
            title = f"{name}: taught by {arm}"
        low, high = np.quantile(values, (0.025, 0.975))
        note = "95 % of parts and draws lie between"
        rows.append(Row(name=title, value=float(np.mean(values)), low=low, high=high, note=note))
    for arm, bar in ((SETTLED, 2.0), (VOTES, None), (ALONE, None)):
        lost = 100 * (np.array(right[TRUTH]) - np.array(right[arm]))
        error = 1.96 * float(lost.std(ddof=1)) / len(lost) ** 0.5
        mean = float(lost.mean())
        rows.append(
            Row(
                name=f"{name}: lost to the truth, taught by {arm}",
                value=mean,
                unit="pt",
                at_most=bar,
                low=mean - error,
                high=mean + error,
            )
        )
    return rows


if __name__ == "__main__":
    main()
