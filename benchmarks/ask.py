"""How much sooner a model is right when it may choose what it is told.

    python benchmarks/ask.py [--scratch FOLDER]      about a quarter of an hour on one core

The workshop of 600 pieces, `grade` and `kind`, five folds that keep firings whole. A person answers
fifteen pieces at a time: those that `handful ask` would ask about next (every third drawn by
chance), or pieces drawn by chance alone; the first fifteen are drawn by chance for both. After each
fifteen the ladder learns from all answers, and is asked about firings it has never seen. Logistic
regression on the same latents, taught by chance, stands beside them. The bar is half the answers:
as right as 120 answers drawn by chance, after 60.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from common import Row, report
from handful.data.samples import make_kiln
from handful.learn.routes import ladder
from handful.numerics.decide.worth import choose, doubt, typical
from handful.use.explore.asking import EVERY, rows_of
from kiln_labels import ALL, ITEMS, SEED, parts_of
from real_cells import Part, candidates, situation

STEP, MOST = 15, 120
ASKED, CHANCE, LINE = "asked", "by chance", "by chance, logistic regression"
TASKS = ("grade", "kind")
BAR = 0.5
Places = NDArray[np.intp]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--scratch", type=Path, help="keep the sample and the encoded items there")
    chosen = parser.parse_args()
    rows: list[Row] = []
    factors = []
    with tempfile.TemporaryDirectory() as temporary:
        scratch = chosen.scratch or Path(temporary)
        kiln = scratch / "kiln"
        if not kiln.exists():
            make_kiln(kiln, items=ITEMS, seed=SEED, workers=2)
        for task in TASKS:
            curves = _curves(parts_of(task, kiln, scratch), task)
            rows += _rows(task, curves)
            factors.append(_share(curves[ASKED], curves[CHANCE]))
    mean = float(np.exp(np.mean(np.log(factors))))
    rows.append(
        Row(
            name="answers needed, of those drawn by chance",
            value=mean,
            unit="x",
            at_most=BAR,
            note=f"geometric mean of {' and '.join(TASKS)}; as right as {MOST} by chance",
        )
    )
    report("ask", rows, note="accuracy on unseen firings, mean of 5 folds", seeds=[0])


def _curves(parts: Sequence[Part], task: str) -> dict[str, NDArray[np.float64]]:
    """Arm to `[steps]` accuracy after each fifteen answers."""
    found: dict[str, list[list[float]]] = {name: [] for name in (ASKED, CHANCE, LINE)}
    for fold, part in enumerate(parts):
        start = time.process_time()
        for name, picks in ((ASKED, True), (CHANCE, False)):
            ours, line = _sitting(part, np.random.default_rng([SEED, fold]), picks=picks)
            found[name].append(ours)
            if not picks:
                found[LINE].append(line)
        said = {name: [round(value, 3) for value in each[-1]] for name, each in found.items()}
        print(f"{task}, fold {fold + 1}, {time.process_time() - start:.0f} s: {said}", flush=True)
    return {name: np.mean(each, axis=0) for name, each in found.items()}


def _sitting(
    part: Part, dice: np.random.Generator, *, picks: bool
) -> tuple[list[float], list[float]]:
    """One person at work: accuracy of the ladder, and of a straight line, after each step."""
    drawn = list(dice.permutation(len(part.train)))
    answered = [drawn.pop() for _ in range(STEP)]
    ours, line = [], []
    while True:
        asked = situation(part, ALL, 0, 0, answered=np.array(answered, dtype=np.intp))
        head = ladder.choose(candidates(), asked.lesson, asked.groups).learned.head
        said = head.probabilities(asked.unseen)
        ours.append(float((said.argmax(axis=1) == asked.truth).mean()))
        line.append(_line(part, np.array(answered)))
        if len(answered) >= MOST:
            return ours, line
        count = STEP - STEP // EVERY if picks else 0
        if picks:
            assert asked.pool is not None
            answered += _teaching(part, head.probabilities(asked.pool), answered, count)
        rest = [row for row in drawn if row not in set(answered)]
        answered += rest[: STEP - count]
        drawn = rest[STEP - count :]


def _teaching(
    part: Part, said: NDArray[np.float64], answered: Sequence[int], count: int
) -> list[int]:
    rows = _latents(part, is_test=False)
    return choose(
        typical(rows) * doubt(said), rows, count, answered=np.array(answered, dtype=np.intp)
    )


def _latents(part: Part, *, is_test: bool) -> NDArray[np.float32]:
    heard = part.heard(False)
    return rows_of(heard.test_latents if is_test else heard.train_latents)


def _line(part: Part, answered: Places) -> float:
    labels = part.train_labels[answered]
    if len(set(labels.tolist())) < 2:
        return float((part.test_labels == labels[0]).mean())
    line = LogisticRegression(C=10.0, max_iter=1000)
    line.fit(_latents(part, is_test=False)[answered], labels)
    said = line.predict(_latents(part, is_test=True))
    return float((said == part.test_labels).mean())


def _share(asked: NDArray[np.float64], chance: NDArray[np.float64]) -> float:
    """Answers until the asked are as right as the last by chance, as a share of all those."""
    places = np.arange(1, len(asked) + 1) * STEP
    reached = np.maximum.accumulate(asked)
    above = np.flatnonzero(reached >= chance[-1])
    if not len(above):
        return 1 + 1 / len(asked)  # one step more at least
    at = int(above[0])
    if at == 0:
        return float(places[0] / places[-1])
    low, high = reached[at - 1], reached[at]
    needed = places[at - 1] + STEP * (chance[-1] - low) / (high - low)
    return float(needed / places[-1])


def _rows(task: str, curves: dict[str, NDArray[np.float64]]) -> list[Row]:
    rows = [
        Row(name=f"{task}, {STEP * (place + 1)} answers: {name}", value=float(curve[place]))
        for place in (1, 3, 5, 7)
        for name, curve in curves.items()
    ]
    share = _share(curves[ASKED], curves[CHANCE])
    name = f"{task}: answers needed, of {MOST} drawn by chance"
    return [*rows, Row(name=name, value=share, unit="x", at_most=1.0, note="never more")]


if __name__ == "__main__":
    main()
