"""Whether "sure" keeps its word: on groups never seen, on others' files, on a class held out.

    python benchmarks/sure.py --data DIR [--sets NAME ...]      about 25 minutes on one core

DIR holds `grocery`, `stamps_trimodal`, `emoji`, `esc10` and `avmnist_parts/fsdd`; the workshop of
600 pieces is made. Each run learns as `handful train` does: labels of one part of a set are drawn
(some 400 in all, 20 per class at least where there are as many), the ladder is climbed, the judge
takes its thresholds from held-out answers, and the model is asked about the other part, whose
groups took no part in anything. Kiln, stamps, esc10 and fsdd are left out one fold or person at a
time; grocery and emoji have one official test part, so each run draws one half of the groups on
either side.

A promise is kept when at most 5 % of the answers called sure are wrong; a run that promises nothing
keeps it, and is counted apart. The sure pile is compared with the largest that any threshold on
the test labels would have held at that error. Off-topic are items of another set that share a
modality; items of a class that was taken out of the learning part altogether (encoders excepted,
which learn from no label); and, where a task needs several modalities, items that lack one.
"Fairly sure" counts as not set aside. The calibration error is taken over all unseen answers of a
set, in bins of equal mass, less what chance explains.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from common import Row, report, show
from handful.data.samples import make_kiln
from handful.foundation.goal import Goal
from handful.foundation.predictor import Answer, Level
from handful.learn.model import latents as latent_room
from handful.learn.model.latents import Latents
from handful.learn.model.unlike import Unlike
from handful.learn.routes.adapt import climb
from handful.learn.routes.encode import encode
from handful.learn.routes.gathering import draw
from handful.learn.routes.lesson import LessonKernels, lean_views, views_of, with_kernels
from handful.learn.routes.model import Model
from handful.learn.routes.quieting import choose_quiet
from handful.learn.routes.towers import Recipe
from handful.learn.routes.verdict import Judge
from handful.learn.rungs.base import Lesson
from handful.learn.towers.latents import LatentCache
from handful.numerics.decide.calibrate import calibration_error, subset_name
from handful.numerics.linear.kernels import Blocks
from kiln_labels import ITEMS, SEED, parts_of
from real_cells import Part
from real_sets import RealSet, build, read

ERROR, LABELS, FEWEST, STRANGERS = 0.05, 400, 20, 100
GOAL = Goal()
ALL = ("text", "image", "audio")
Places = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One question to one set.

    Attributes:
        set: Which set, or `kiln`.
        modalities: What items show.
        strangers: Sets whose items are off-topic here.
        runs: How often it is learned; parts take turns.
        halves: Whether each run draws half the groups, where there is only one part.
        without: Whether a class is held out; grades are steps of one thing and have no outsider.
        lacks: Whether the task needs several modalities, so that one alone must not be sure.
    """

    set: str
    modalities: tuple[str, ...]
    strangers: tuple[str, ...]
    runs: int = 5
    halves: bool = False
    without: bool = True
    lacks: bool = False


TASKS: dict[str, Task] = {
    "esc10": Task(set="esc10", modalities=("audio",), strangers=("fsdd",)),
    "fsdd": Task(set="fsdd", modalities=("audio",), strangers=("esc10",), runs=6),
    "kiln grade": Task(
        set="kiln", modalities=ALL, strangers=("esc10", "emoji"), without=False, lacks=True
    ),
    "kiln kind": Task(set="kiln", modalities=ALL, strangers=("esc10", "emoji")),
    "stamps": Task(set="stamps", modalities=ALL, strangers=("esc10", "emoji")),
    "emoji": Task(set="emoji", modalities=("text", "image"), strangers=("grocery",), halves=True),
    "grocery": Task(set="grocery", modalities=("image",), strangers=("emoji",), halves=True),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One run: what was promised, and how the answers of unseen groups turned out.

    Attributes:
        part: What was asked.
        labels: Labels learned from.
        promised: Whether anything may be called sure.
        sentence: What the judge says of it.
        confidence: Of each answer.
        right: Whether it was.
        sure: Whether it was called sure.
        aside: Kind of off-topic item to how many were not sure, of how many.
    """

    part: str
    labels: int
    promised: bool
    sentence: str
    confidence: list[float]
    right: list[bool]
    sure: list[bool]
    aside: dict[str, tuple[int, int]]

    @property
    def error(self) -> float:
        """Share of the sure answers that were wrong; 0 without any."""
        right = np.array(self.right)[np.array(self.sure)]
        return float(1 - right.mean()) if len(right) else 0.0

    @property
    def pile(self) -> int:
        """How many were called sure."""
        return sum(self.sure)

    @property
    def best_pile(self) -> int:
        """The most that any threshold would hold at the error that is allowed."""
        order = np.argsort(-np.array(self.confidence), kind="stable")
        wrong = np.cumsum(~np.array(self.right)[order])
        counts = np.arange(1, len(order) + 1)
        last = np.append(np.diff(np.array(self.confidence)[order]) != 0, True)
        held = counts[(wrong <= ERROR * counts) & last]
        return int(held.max(initial=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--sets", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--runs", type=int, help="fewer or more repetitions of each")
    parser.add_argument("--kept", type=Path, help="keep finished tasks there, and start from them")
    scratch = Path(tempfile.gettempdir()) / "handful-real"
    parser.add_argument("--scratch", type=Path, default=scratch, help="files and encoded items")
    chosen = parser.parse_args()
    found: dict[str, list[Asked]] = {}
    for name in chosen.sets:
        kept = chosen.kept / f"{name.replace(' ', '-')}.json" if chosen.kept else None
        if kept and kept.exists():
            found[name] = [Asked(**each) for each in json.loads(kept.read_text(encoding="utf-8"))]
            continue
        found[name] = _runs(name, chosen.data, chosen.scratch, chosen.runs or TASKS[name].runs)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps([asdict(each) for each in found[name]]), encoding="utf-8")
    rows = [row for name, runs in found.items() for row in _rows(name, runs)]
    rows += _rows_of_all(found)
    if len(found) < len(TASKS) or chosen.runs:
        show(rows)
        print("\nNot all was measured, so no result was written.")
        return
    note = f"groups never seen; some {LABELS} labels, {FEWEST} per class at least where there are"
    report("sure", rows, note=note, seeds=list(range(max(task.runs for task in TASKS.values()))))


# ---------------------------------------------------------------- running


def _runs(name: str, data: Path, scratch: Path, count: int) -> list[Asked]:
    task = TASKS[name]
    parts = _parts(name, data, scratch)
    strangers = {other: _Strangers(other, data, scratch) for other in task.strangers}
    found = []
    for seed, part in zip(range(count), _forever(parts), strict=False):
        start = time.process_time()
        asked = _one(task, part, strangers, scratch, seed)
        found.append(asked)
        print(
            f"{name}, {part.about.part}, {asked.labels} labels, "
            f"{time.process_time() - start:.0f} CPU s: sure {asked.pile} of {len(asked.sure)}, "
            f"best {asked.best_pile}, error {asked.error:.3f}, right {np.mean(asked.right):.3f}, "
            f"aside {asked.aside}. {asked.sentence}",
            flush=True,
        )
    return found


def _forever(parts: Sequence[Part]) -> Iterator[Part]:
    while True:
        yield from parts


def _parts(name: str, data: Path, scratch: Path) -> list[Part]:
    task = TASKS[name]
    if task.set == "kiln":
        kiln = scratch / "kiln"
        if not kiln.exists():
            make_kiln(kiln, items=ITEMS, seed=SEED, workers=2)
        return parts_of(name.split()[1], kiln, scratch)
    found = read(task.set, data)
    library = build(found, scratch / task.set).items
    return [Part(found, library, part, scratch / "latents") for part in found.parts]


class _Strangers:
    """Some items of another set, to be encoded by the towers that are asked about them."""

    def __init__(self, name: str, data: Path, scratch: Path) -> None:
        found: RealSet = read(name, data)
        self.library = build(found, scratch / name).items
        keys = {thing.id for thing in found.things}
        items = [item for item in self.library.items() if item.key in keys]
        drawn = np.random.default_rng(0).permutation(len(items))[:STRANGERS]
        self.items = [items[place] for place in sorted(drawn)]

    def views(self, part: Part, cache: Path) -> Blocks:
        """Their views, in the modalities that the part's towers read."""
        kept = LatentCache(cache)
        return encode(self.library, self.items, part.towers, kept, is_fitted=True).views


def _one(
    task: Task, part: Part, strangers: Mapping[str, _Strangers], scratch: Path, seed: int
) -> Asked:
    known, asked = np.arange(len(part.train)), np.arange(len(part.test))
    if task.halves:
        known = _half(part.groups, seed)
        asked = _half(np.array(part.about.groups), seed)
    model, labels = _learned(task, part, known, seed)
    views = _only(part._raw[1], task.modalities, asked)
    answers = model.answer(model.evidence_of(views, len(asked)))
    place = {name: number for number, name in enumerate(part.classes)}
    said = np.array([place[answer.label] for answer in answers])
    aside = {}
    for name, others in strangers.items():
        seen = _only(others.views(part, scratch / "latents"), task.modalities)
        aside[f"items of {name}"] = _aside(model.answer(model.evidence_of(seen, len(others.items))))
    if task.lacks:
        for name in task.modalities:
            few = {name: views[name]}
            has = next(iter(few[name].values())).present
            said_few = model.answer(model.evidence_of(few, len(asked)))
            aside[f"{name} alone"] = _aside([a for a, p in zip(said_few, has, strict=True) if p])
    if task.without:
        aside["a class held out"] = _held_out(task, part, known, seed)
    assert model.judge
    fullest = model.judge.selections.get(subset_name(task.modalities))
    return Asked(
        part=part.about.part,
        labels=labels,
        promised=bool(fullest and fullest.promises[0].holds),
        sentence=model.judge.sentences()[0],
        confidence=[answer.confidence for answer in answers],
        right=(said == part.test_labels[asked]).tolist(),
        sure=[answer.level == Level.SURE for answer in answers],
        aside=aside,
    )


def _held_out(task: Task, part: Part, known: Places, seed: int) -> tuple[int, int]:
    """Learn without one class, and ask about it."""
    number = int(np.random.default_rng(seed).integers(len(part.classes)))
    known = known[part.train_labels[known] != number]
    model, _ = _learned(task, part, known, seed)
    asked = np.flatnonzero(part.test_labels == number)
    views = _only(part._raw[1], task.modalities, asked)
    return _aside(model.answer(model.evidence_of(views, len(asked))))


def _aside(answers: Sequence[Answer]) -> tuple[int, int]:
    return sum(answer.level == Level.NOT_SURE for answer in answers), len(answers)


def _half(groups: NDArray[Any], seed: int) -> Places:
    """Items of a random half of the groups."""
    names = np.unique(groups)
    drawn = np.random.default_rng(seed).permutation(len(names))[: len(names) // 2]
    return np.flatnonzero(np.isin(groups, names[drawn]))


def _only(views: Blocks, modalities: Sequence[str], rows: Places | None = None) -> Blocks:
    return {
        name: {view: b if rows is None else b.take(rows) for view, b in views[name].items()}
        for name in modalities
        if name in views
    }


# ---------------------------------------------------------------- learning as `train` does


def _learned(task: Task, part: Part, known: Places, seed: int) -> tuple[Model, int]:
    """A model of some labels of the known items, and how many labels these were."""
    present = sorted(set(part.train_labels[known].tolist()))
    labels = np.searchsorted(present, part.train_labels[known]).astype(np.intp)
    classes = tuple(part.classes[number] for number in present)
    groups = part.groups[known]
    loud = _only(part.train_views, task.modalities, known)
    rows = draw(labels, groups, max(FEWEST, LABELS // len(classes)), seed)
    size = {"classes": len(classes), "seed": seed}
    quiet = choose_quiet(loud, part.towers, groups, rows, labels[rows], **size)
    views = quiet.of(loud)
    space = Latents.fit(views, latent_room.Config(), groups=groups, seed=seed)
    fewer = lean_views(views)
    lean = Latents.fit(fewer, latent_room.Config(), groups=groups, seed=seed) if fewer else None
    shown = views_of(views, rows)
    kernels = LessonKernels.fit(shown, part.towers, seed)
    base = Model(
        name=part.about.part,
        task="answer",
        classes=classes,
        recipe=Recipe.of("default", latent_room.in_order(set(task.modalities))),
        towers={name: part.towers[name] for name in task.modalities},
        latents=space,
        kernels=None,
        rung="",
        head=None,
        judge=None,
    )
    evidence = base.evidence_of(shown, len(rows))
    if lean:
        few = replace(base, latents=lean).evidence_of(shown, len(rows))
        evidence = replace(evidence, lean_latents=few.latents)
    evidence = with_kernels(evidence, kernels)
    lesson = Lesson(evidence=evidence, labels=labels[rows], classes=classes, folds=None, seed=seed)
    climbed = climb(lesson, groups[rows], with_baselines=False)
    model = replace(
        base,
        latents=lean if lean and climbed.lean else space,
        kernels=kernels.chosen(climbed.lean) if climbed.rung.needs_kernels else None,
        rung=climbed.rung.name,
        head=climbed.learned.head,
        temperature=climbed.temperature,
        quiet=quiet,
    )
    looked_at = {
        modality: {name: block for name, block in named.items() if name in needed}
        for modality, named in loud.items()
        if (needed := model.needed_views.get(modality))
    }
    unlike = Unlike.fit(looked_at, groups, seed=seed)
    look = unlike.look_at_known(looked_at).take(rows)
    has = {name: evidence.present(name) for name in evidence.latents}
    judge = Judge.fit(climbed, lesson.labels, groups[rows], has, GOAL, {}, look)
    return replace(model, judge=judge, unlike=unlike), len(rows)


# ---------------------------------------------------------------- telling


def _rows(name: str, runs: Sequence[Asked]) -> list[Row]:
    said = [run for run in runs if run.promised]
    errors = ", ".join(f"{run.error:.3f}" for run in said)
    rows = [
        Row(
            name=f"{name}: runs whose sure answers were at most 5 % wrong",
            value=float(np.mean([run.error <= ERROR for run in runs])),
            at_least=0.9,
            note=f"{len(runs) - len(said)} of {len(runs)} promised nothing; errors {errors}",
        ),
        Row(
            name=f"{name}: sure pile over the best that a threshold could hold",
            value=_share_of_best(said),
            at_least=0.6,
            note=f"runs with a promise; {sum(r.pile for r in runs)} of all "
            f"{sum(len(r.sure) for r in runs)} answers were sure",
        ),
    ]
    kinds = sorted({kind for run in runs for kind in run.aside})
    for kind in kinds:
        aside, total = _aside_of(runs, kind)
        title = f"{name}: {kind} set aside as not sure"
        rows.append(Row(name=title, value=aside / total, at_least=0.8, note=f"of {total}"))
    confidence = np.concatenate([run.confidence for run in runs])
    right = np.concatenate([run.right for run in runs])
    rows.append(
        Row(
            name=f"{name}: calibration error",
            value=calibration_error(confidence, right),
            at_most=0.03,
            note=f"{len(right)} answers, {right.mean():.3f} right, "
            f"mean confidence {confidence.mean():.3f}",
        )
    )
    return rows


def _share_of_best(runs: Sequence[Asked]) -> float | None:
    best = sum(run.best_pile for run in runs)
    return sum(run.pile for run in runs) / best if best else None


def _aside_of(runs: Sequence[Asked], kind: str) -> tuple[int, int]:
    counts = [run.aside[kind] for run in runs if kind in run.aside]
    return sum(aside for aside, _ in counts), max(1, sum(total for _, total in counts))


def _rows_of_all(found: Mapping[str, Sequence[Asked]]) -> list[Row]:
    """All runs together: a promise at 90 % assurance may fail in one run of ten, not of five."""
    runs = [run for each in found.values() for run in each]
    said = [run for run in runs if run.promised]
    return [
        Row(
            name="all: runs whose sure answers were at most 5 % wrong",
            value=float(np.mean([run.error <= ERROR for run in runs])),
            at_least=0.9,
            note=f"{len(runs) - len(said)} of {len(runs)} promised nothing",
        ),
        Row(
            name="all: the same of the runs that promised",
            value=float(np.mean([run.error <= ERROR for run in said])) if said else None,
            at_least=0.9,
        ),
        Row(
            name="all: sure pile over the best that a threshold could hold",
            value=_share_of_best(said),
            at_least=0.6,
        ),
        Row(
            name="all: off-topic items set aside as not sure",
            value=_all_aside(runs),
            at_least=0.8,
            note="mean of the kinds in each run",
        ),
    ]


def _all_aside(runs: Sequence[Asked]) -> float:
    return float(np.mean([a / max(1, t) for run in runs for a, t in run.aside.values()]))


if __name__ == "__main__":
    main()
