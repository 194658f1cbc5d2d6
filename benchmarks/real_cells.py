"""One part of a set: encode it, then learn from few labels in every way and ask the test items.

A cell is one task, part, count of labels per class and seed. Its answers are kept as soon as they
are there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.foundation.errors import HandfulError
from handful.foundation.hardware.extras import find_module
from handful.learn.model import latents as latent_room
from handful.learn.model.latent_logistic import fit_line
from handful.learn.model.latents import Latents
from handful.learn.model.quiet import Quiet
from handful.learn.routes import ladder
from handful.learn.routes.encode import encode
from handful.learn.routes.gathering import draw
from handful.learn.routes.lesson import (
    LessonKernels,
    inputs_of,
    lean_views,
    names_of,
    views_of,
    with_kernels,
)
from handful.learn.routes.quieting import choose_quiet
from handful.learn.routes.towers import Recipe, build, sides_of
from handful.learn.rungs.base import Evidence, Learned, Lesson, Rung, dealt_folds
from handful.learn.towers.latents import LatentCache
from handful.numerics.decide.calibrate import log_loss
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.kernels import Blocks, Parts
from real_kept import About, Answers, Cell, Kept, Said, pack
from real_sets import TASK, RealSet
from real_simple import features

OURS = "ours"
COUNTS = (1, 2, 5, 10, 20, 0)
"""Labels per class; 0 stands for all there are."""
CONV_COUNTS = (1, 5, 20, 0)
"""Labels per class with which the small network takes part, by the first seed only."""
CONV_SHARE, CONV_MOST_S = 1.2, 120.0
"""It may train somewhat longer than ours took, up to so many processor seconds."""
_WHOLE_BATCH = 32

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


# ---------------------------------------------------------------- before any label


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Training and test items: views, latents, and latents of fewer views."""

    train: Blocks
    test: Blocks
    train_latents: Blocks
    test_latents: Blocks
    train_lean: Blocks
    test_lean: Blocks
    names: Block | None
    lean_names: Block | None
    sentences: list[str]


class Part:
    """One part of a set, encoded; towers and latents saw the training items only.

    Args:
        found: The set.
        library: Its items; others may be in it too.
        part: What to test on.
        cache: Where encoded items are kept.
    """

    def __init__(self, found: RealSet, library: Library, part: str, cache: Path) -> None:
        self.found = found
        self.library = library
        part_of = {thing.id: thing.part for thing in found.things}
        items = [item for item in library.items() if item.key in part_of]
        self.train = [item for item in items if part_of[item.key] != part]
        self.test = [item for item in items if part_of[item.key] == part]
        self.classes = tuple(sorted({thing.label for thing in found.things}))
        self.train_labels = self._labels(self.train)
        self.test_labels = self._labels(self.test)
        self.groups = np.array([item.group or item.id for item in self.train])
        held = {name for item in items for name in item.modalities}
        recipe = Recipe.of("default", latent_room.in_order(held), sides_of(self.train))
        kept = LatentCache(cache)
        start = time.process_time()
        learned = encode(library, self.train, build(recipe), kept, seed=0)
        encoded_s = time.process_time()
        self.towers = learned.towers
        asked = encode(library, self.test, learned.towers, kept, is_fitted=True)
        asked_s = time.process_time()
        self._heard: dict[bool, Heard] = {}
        self._raw = learned.views, asked.views
        loud = self.heard(False)
        self.about = About(
            part=part,
            train=len(self.train),
            test=len(self.test),
            groups=[item.group or item.id for item in self.test],
            cpu_s={
                "fit towers and encode": encoded_s - start,
                "latents": time.process_time() - asked_s,
                "encode test items": asked_s - encoded_s,
            },
            sentences=[*learned.lost, *asked.lost, *loud.sentences],
        )
        self._decoded: dict[str, list[Any]] | None = None
        self._simple: dict[str, Floats] = {}
        self.pace = 0.0
        """Processor seconds that the small network takes here per second of its budget."""

    @property
    def train_views(self) -> Blocks:
        """What the towers say of the training items, nothing turned down."""
        return self._raw[0]

    def heard(self, is_quiet: bool) -> Heard:
        """All items, with what tells groups apart turned down or as they are.

        Args:
            is_quiet: Which of the two.
        """
        if is_quiet not in self._heard:
            found = Quiet.fit(self.train_views, self.groups, 0) if is_quiet else Quiet({})
            train, test = (found.of(views) for views in self._raw)
            space, fewer = self._space(train), lean_views(train)
            lean = self._space(fewer) if fewer else None
            self._heard[is_quiet] = Heard(
                train=train,
                test=test,
                train_latents=space.of(train),
                test_latents=space.of(test),
                train_lean=lean.of(train) if lean else {},
                test_lean=lean.of(test) if lean else {},
                names=names_of(self.classes, space, self.towers, found),
                lean_names=names_of(self.classes, lean, self.towers, found) if lean else None,
                sentences=space.sentences(),
            )
        return self._heard[is_quiet]

    def _space(self, views: Blocks) -> Latents:
        return Latents.fit(views, latent_room.Config(), groups=self.groups, seed=0)

    def _labels(self, items: Sequence[Item]) -> Places:
        place = {name: number for number, name in enumerate(self.classes)}
        return np.array([place[str(item.label(TASK))] for item in items], dtype=np.intp)

    def decoded(self) -> dict[str, list[Any]]:
        """Modality to the values of the training items, then of the test items."""
        if self._decoded is None:
            self._decoded = inputs_of(self.library, [*self.train, *self.test])
        return self._decoded

    def simple(self, modality: str) -> Floats:
        """The features a README would start from, of training items, then of test items."""
        if modality not in self._simple:
            values, train = self.decoded()[modality], np.arange(len(self.train))
            name = self.found.simple[modality]
            self._simple[modality] = features(name, values, train).astype(np.float64)
        return self._simple[modality]


# ---------------------------------------------------------------- with labels


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A lesson from few labels, and the test items it is asked about.

    Attributes:
        lesson: The labelled items, with folds to choose on where they can be held out.
        unseen: The test items.
        rows: Which training items are labelled.
        groups: Group of each labelled item.
        truth: The test items' classes.
        cpu_s: Processor seconds of making kernels, and of choosing which views they are of.
        pool: All training items, labelled or not; None unless they were wanted.
    """

    lesson: Lesson
    unseen: Evidence
    rows: Places
    groups: NDArray[Any]
    truth: Places
    cpu_s: float
    pool: Evidence | None = None


def situation(
    part: Part,
    modalities: Sequence[str],
    count: int,
    seed: int,
    *,
    may_quieten: bool = True,
    answered: Places | None = None,
) -> Situation:
    """Draw labels, and put together what a rung may see.

    Args:
        part: Encoded.
        modalities: What the labelled and the test items show.
        count: Labels per class; 0 for all.
        seed: Decides which items are labelled.
        may_quieten: Whether what tells groups apart may be turned down.
        answered: These training items are labelled, and the pool of all is wanted; drawn by
            `count` when left out.
    """
    rows = np.arange(len(part.train)) if answered is None else answered
    if count and answered is None:
        rows = draw(part.train_labels, part.groups, count, seed)
    labels, groups = part.train_labels[rows], part.groups[rows]
    start = time.process_time()
    is_quiet = False
    if may_quieten:
        shown = {name: part.train_views[name] for name in modalities}
        size = {"classes": len(part.classes), "seed": seed}
        quiet = choose_quiet(shown, part.towers, part.groups, rows, labels, **size)
        is_quiet = bool(quiet.views)
    heard = part.heard(is_quiet)
    views = views_of({name: heard.train[name] for name in modalities}, rows)
    kernels = LessonKernels.fit(views, part.towers, seed)
    nothing = Parts({}, {}, {})
    evidence = Evidence(
        kernels=nothing,
        latents=_take(heard.train_latents, modalities, rows),
        lean_latents=_take(heard.train_lean, modalities, rows),
        views=views,
    )
    lesson = Lesson(
        evidence=with_kernels(evidence, kernels),
        labels=labels,
        classes=part.classes,
        folds=dealt_folds(labels, groups, count=5, seed=seed),
        seed=seed,
        names=heard.names,
        lean_names=heard.lean_names,
    )
    lean = ladder.leaner_modalities(lesson)
    lesson = lesson.leaner(lean)
    unseen = _take(heard.test, modalities, None)
    latents = heard.test_lean if lean and heard.test_lean else heard.test_latents
    chosen = kernels.chosen(lean)
    pool = None
    if answered is not None:
        every = _take(heard.train, modalities, None)
        known = heard.train_lean if lean and heard.train_lean else heard.train_latents
        pool = Evidence(
            kernels=chosen.cross(chosen.known(every)),
            latents=_take(known, modalities, None),
            views=every,
        )
    return Situation(
        lesson=lesson,
        pool=pool,
        unseen=Evidence(
            kernels=chosen.cross(chosen.known(unseen)),
            latents=_take(latents, modalities, None),
            views=unseen,
        ),
        rows=rows,
        groups=groups,
        truth=part.test_labels,
        cpu_s=time.process_time() - start,
    )


def _take(blocks: Blocks, modalities: Sequence[str], rows: Places | None) -> dict[str, Any]:
    return {
        name: {
            view: block if rows is None else block.take(rows)
            for view, block in blocks[name].items()
        }
        for name in modalities
        if name in blocks
    }


class Answering:
    """Asks every way to learn about one situation.

    Args:
        part: Encoded.
        asked: What is learned from and asked.
        with_network: Whether the small network takes part.
    """

    def __init__(self, part: Part, asked: Situation, *, with_network: bool) -> None:
        self.part = part
        self.asked = asked
        self.with_network = with_network
        self.said: dict[str, Said] = {}

    def all(self) -> dict[str, Said]:
        """What every way said."""
        self._ours()
        modalities = self.asked.lesson.evidence.modalities
        for modality in modalities if len(modalities) > 1 else ():
            self._alone(modality)
        self._simple(modalities)
        for rung in ladder.rungs(baselines=True):
            if not rung.needs_inputs:
                self._baseline(rung, self.asked.lesson, self.asked.unseen)
        if self.with_network:
            self._network()
        return self.said

    def _keep(self, name: str, probabilities: Floats, start: float, note: str) -> None:
        right = probabilities.argmax(axis=1) == self.asked.truth
        cpu_s = round(time.process_time() - start, 3)
        self.said[name] = Said(right=pack(right), cpu_s=cpu_s, note=note)

    def _ours(self) -> None:
        asked = self.asked
        start = time.process_time() - asked.cpu_s
        chosen = ladder.choose(candidates(), asked.lesson, asked.groups)
        head = chosen.learned.head
        self._keep(OURS, head.probabilities(asked.unseen), start, chosen.rung.name)
        modalities = asked.lesson.evidence.modalities
        for modality in modalities if len(modalities) > 1 else ():
            start = time.process_time()
            said = head.probabilities(asked.unseen.only((modality,)))
            self._keep(f"ours asked by {modality}", said, start, chosen.rung.name)
        for attempt in chosen.attempts:
            start = time.process_time() - attempt.cpu_s
            said = attempt.learned.head.probabilities(asked.unseen)
            self._keep(attempt.rung.name, said, start, _promise(attempt.learned, asked.lesson))

    def _alone(self, modality: str) -> None:
        """The same ladder, taught and asked by one modality."""
        start = time.process_time()
        lesson, held = self.asked.lesson.of(modality)
        able = [rung for rung in candidates() if not rung.needs_several]
        chosen = ladder.choose(able, lesson, self.asked.groups[held])
        everyone = np.arange(len(self.asked.unseen))
        unseen = self.asked.unseen.alone(modality).take(everyone, held)
        said = chosen.learned.head.probabilities(unseen)
        self._keep(f"{modality} alone", said, start, chosen.rung.name)

    def _simple(self, modalities: Sequence[str]) -> None:
        """Logistic regression on simple features of each modality, and of all side by side."""
        columns = {name: self.part.simple(name) for name in modalities}
        if len(modalities) > 1:
            columns["all"] = np.concatenate(list(columns.values()), axis=1)
        lesson, count = self.asked.lesson, len(self.part.train)
        for name, rows in columns.items():
            start = time.process_time()
            known = rows[:count][self.asked.rows]
            fit = fit_line(known, lesson.labels, lesson.folds, lesson.prior)
            said = fit.line.probabilities(rows[count:])
            name = f"simple {name}" if len(modalities) > 1 else "simple"
            self._keep(name, said, start, f"penalty {fit.penalty:g}")

    def _baseline(self, rung: Rung, lesson: Lesson, unseen: Evidence) -> None:
        start = time.process_time()
        try:
            learned = rung.learn(lesson)
        except HandfulError as error:
            print(f"{rung.name} was left out. {error.what}", flush=True)
            return
        self._keep(rung.name, learned.head.probabilities(unseen), start, learned.note)

    def _network(self) -> None:
        """Rungs that learn from files get the time that ours took, encoding included."""
        lesson, count = self.asked.lesson, len(self.part.train)
        shown = {name: self.part.decoded()[name] for name in lesson.evidence.modalities}
        given = {name: [values[row] for row in self.asked.rows] for name, values in shown.items()}
        lesson = replace(lesson, evidence=replace(lesson.evidence, inputs=given))
        unseen = replace(
            self.asked.unseen, inputs={name: values[count:] for name, values in shown.items()}
        )
        if not self.part.pace and len(lesson) >= _WHOLE_BATCH:
            start = time.process_time()
            for rung in _networks(1.0):
                rung.learn(lesson)
            self.part.pace = time.process_time() - start
        cost = self.part.about.cpu_s
        ours_s = self.said[OURS].cpu_s + cost["fit towers and encode"] + cost["latents"]
        budget_s = min(CONV_SHARE * ours_s, CONV_MOST_S) / (self.part.pace or 1.0)
        for rung in _networks(budget_s):
            self._baseline(rung, lesson, unseen)


def _networks(budget_s: float) -> list[Rung]:
    made = ladder.rungs(baselines=True, settings={"conv_scratch": {"budget_s": budget_s}})
    return [rung for rung in made if rung.needs_inputs and find_module("torch").is_installed]


def _promise(learned: Learned, lesson: Lesson) -> str:
    """What a rung chose, and what its held-out answers said of it: the ladder decides on these."""
    if learned.held_out is None:
        return learned.note
    right = (learned.held_out.argmax(axis=1) == lesson.labels).mean()
    loss = log_loss(learned.held_out, lesson.labels)
    return f"{learned.note}; held out {right:.3f} right, log loss {loss:.3f}"


def candidates() -> list[Rung]:
    return [rung for rung in ladder.rungs(baselines=False) if not rung.needs_inputs]


def measure(
    found: RealSet,
    library: Library,
    tasks: Mapping[str, Sequence[str]],
    wanted: Sequence[Cell],
    kept: Kept,
    cache: Path,
) -> None:
    """Fill in the cells of one part that are not there yet.

    Args:
        found: The set.
        library: Its items.
        tasks: Task to modalities.
        wanted: Cells of one part.
        kept: What is there.
        cache: Where encoded items are kept.
    """
    missing = [cell for cell in wanted if cell not in kept.cells]
    if not missing:
        return
    part = Part(found, library, missing[0].part, cache)
    if kept.about is None:
        kept.add(part.about)
    else:  # what was encoded before costs nothing now, so the first run tells the cost
        part.about = kept.about
    for cell in missing:
        start = time.process_time()
        asked = situation(part, tasks[cell.task], cell.count, cell.seed)
        with_network = cell.seed == 0 and cell.count in CONV_COUNTS
        said = Answering(part, asked, with_network=with_network).all()
        kept.add(Answers(cell=cell, labels=len(asked.rows), said=said))
        print(
            f"{cell.task}, {cell.part}, {cell.count or 'all'} labels, seed {cell.seed}: "
            f"{time.process_time() - start:.1f} CPU s",
            flush=True,
        )
