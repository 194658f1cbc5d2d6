"""Train: encode every item, learn without labels what the modalities share, climb the ladder.

Everything slow is kept as soon as it is made (latents in the cache), so a run that was stopped
goes on where it was when the same command is given again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from handful.data.library.library import Library
from handful.data.library.twins.look import Twins
from handful.data.modalities.base import MODALITIES
from handful.foundation import config as settings
from handful.foundation.components import make
from handful.foundation.errors import InputError, UsageError, require, storage
from handful.foundation.goal import Goal
from handful.foundation.hardware import (
    Meter,
    Tariff,
    choose_threads,
    load_now,
    look_at_processor,
)
from handful.foundation.hardware.extras import find_module
from handful.foundation.project.atomic import replacing, write_text
from handful.foundation.project.manifest import write_manifest
from handful.learn.model import latents as latent_room
from handful.learn.model.latents import Latents
from handful.learn.model.quiet import Quiet
from handful.learn.model.unlike import Unlike
from handful.learn.model.wording import Config as WordingConfig
from handful.learn.model.wording import Wording
from handful.learn.routes import table as tables
from handful.learn.routes.adapt import Climb, climb
from handful.learn.routes.answering import answer_times
from handful.learn.routes.arms import OURS
from handful.learn.routes.doubts import Doubt, doubts
from handful.learn.routes.doubts import sentence as doubts_sentence
from handful.learn.routes.encode import Encoded, encode
from handful.learn.routes.gathering import Labelled, gather
from handful.learn.routes.ladder import ROOM
from handful.learn.routes.lesson import (
    LessonKernels,
    inputs_of,
    lean_views,
    names_of,
    views_of,
    with_kernels,
)
from handful.learn.routes.local import places_near, with_local
from handful.learn.routes.model import Model
from handful.learn.routes.planning import Question, plan
from handful.learn.routes.quieting import choose_quiet
from handful.learn.routes.run import Run
from handful.learn.routes.seen import write_seen
from handful.learn.routes.towers import Profile, Recipe, build, sides_of
from handful.learn.routes.verdict import ASKS, Judge
from handful.learn.rungs.base import Evidence, Lesson, Rung
from handful.learn.towers.latents import LatentCache
from handful.learn.train.costs import attention_s, network_s
from handful.numerics.linear.inflation import inflation
from handful.numerics.linear.kernels import Blocks
from handful.numerics.linear.stack import Stack

_MANY_LABELS = 1500
"""Products of fewer labels than this wait for each other on several threads: on a busy two-core
machine a training on 463 labels took 300 s of core time on two threads and 80 s on one."""

_STAMP = "%Y%m%d-%H%M%S"

OnStage = Callable[[str, int, int], None]
"""Called with the stage in words, steps done and steps in all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """One training."""

    labels: str = ""
    """The task to learn, such as `grade`; empty to learn without labels."""
    budget_s: float = 300.0
    """How long it may take, in seconds; it decides the profile of the towers."""
    profile: Profile | None = None
    """`fast` or `default` towers; chosen by the budget when left out."""
    folds: int = 5
    """Groups are dealt into this many folds to measure on."""
    baselines: bool = True
    """Fill the table with what people would use instead."""
    names: tuple[str, ...] = ()
    """Answers that are possible, such as `bowl` and `mug`: with these and no label at all, items
    are told apart by what the answers are called."""
    per_class: int | None = None
    """Use only so many labels per class, drawn by the seed; for asking what fewer would give."""
    seed: int = 0
    """Everything random follows from it."""
    towers: tuple[str, ...] = ()
    """Model folders that read as well, such as `image=FOLDER`; see `handful towers`."""
    latents: latent_room.Config = field(default_factory=latent_room.Config)
    """How compact latents are made."""

    def __post_init__(self) -> None:
        require(self.budget_s > 0, "budget_s", self.budget_s, "above 0")
        require(self.folds >= 2, "folds", self.folds, "2 or more")
        allowed = self.per_class is None or self.per_class >= 1
        require(allowed, "per_class", self.per_class, "1 or more, or left out")


def train(
    library: Library,
    runs: Path,
    cache: Path,
    config: Config,
    *,
    goal: Goal | None = None,
    tariff: Tariff | None = None,
    asks: dict[str, str] | None = None,
    predicted: dict[str, Any] | None = None,
    twins: Twins | None = None,
    picked: Collection[str] = (),
    on_stage: OnStage = lambda stage, done, total: None,
) -> Run:
    """Train one model and write its run.

    Args:
        library: The items.
        runs: The project's `runs`.
        cache: The project's `cache`.
        config: What to learn.
        goal: What mistakes cost; all alike when left out.
        tariff: What energy and time cost.
        asks: Modality to what to say when it is missing, such as `Tap it`.
        predicted: What the plan said it would cost, to stand beside what it did.
        twins: Contents that are the same thing, so that copies are never on both sides.
        picked: Ids of items that were labelled because they teach; what is promised does not
            rest on them.
        on_stage: Told about progress.

    Returns:
        The finished run.

    Raises:
        UsageError: When no item has an answer to the task; known ones are offered.
        InputError: When the labels are too few.
        StorageError: When the disk refuses; what was encoded is kept.
    """
    goal, start = goal or Goal(), time.monotonic()
    learned = gather(
        library,
        config.labels,
        twins=twins,
        per_class=config.per_class,
        seed=config.seed,
        names=config.names,
    )
    config = _resolved(Question(library, learned, config, runs, cache))
    folder = _new_folder(runs, config.labels or "unlabelled")
    record = _record(library, learned, config, predicted)
    write_text(folder / "config.toml", settings.to_toml(config))
    write_seen(folder, (item.id for item in learned.items))
    write_manifest(folder, "run", {**record, "state": "started"})
    threads = 1
    if len(learned.rows) >= _MANY_LABELS:
        threads = choose_threads(look_at_processor(), load_now()).value
    with Meter(tariff or Tariff()) as meter, threadpool_limits(threads):
        try:
            wanted = _Wanted(config, goal, asks or {}, picked, on_stage)
            outcome = _learn(library, learned, cache, wanted)
            outcome.model.save(folder / "model")
            if outcome.wording:
                outcome.wording.save(folder)
            outcome.clock.done("save")
        except KeyboardInterrupt:
            write_manifest(folder, "run", {**record, "state": "interrupted"})
            raise
    if outcome.climb and outcome.climb.arms:
        record["doubts"] = [doubt.as_dict() for doubt in outcome.doubts]
        _write_answers(folder, outcome, learned)
        record["table"] = [line.as_dict() for line in outcome.table]
    record["sentences"] = outcome.sentences
    record["cost"] = meter.cost.as_dict()
    record["stages"] = outcome.clock.seconds
    record["stages_cpu_s"] = outcome.clock.cpu_s
    record["seconds"] = time.monotonic() - start
    write_manifest(folder, "run", {**record, "state": "done"})
    return Run.open(folder)


class _Wanted(NamedTuple):
    """What was asked of a training; see `train`."""

    config: Config
    goal: Goal
    asks: dict[str, str]
    picked: Collection[str]
    on_stage: OnStage


class _Outcome(NamedTuple):
    model: Model
    climb: Climb | None
    table: list[tables.Line]
    sentences: list[str]
    clock: _Stages
    doubts: list[Doubt]
    wording: Wording | None = None


def _learn(library: Library, learned: Labelled, cache: Path, wanted: _Wanted) -> _Outcome:
    config, on_stage, clock = wanted.config, wanted.on_stage, _Stages()
    held = [name for name in MODALITIES if any(name in item.modalities for item in learned.items)]
    assert config.profile
    recipe = Recipe.of(config.profile, held, sides_of(learned.items))
    recipe = with_local(recipe, config.towers, cache, held)
    encoded = encode(
        library,
        learned.items,
        build(recipe, places_near(cache)),
        LatentCache(cache / "latents"),
        seed=config.seed,
        on_items=lambda name, done, total: on_stage(f"encoding {name}", done, total),
    )
    clock.done("encode")
    on_stage("finding what the modalities share", 0, 1)
    quiet = choose_quiet(
        encoded.views,
        encoded.towers,
        learned.groups,
        learned.rows,
        learned.labels,
        classes=len(learned.classes),
        seed=config.seed,
    )
    loud, encoded = encoded.views, replace(encoded, views=quiet.of(encoded.views))
    space = Latents.fit(encoded.views, config.latents, groups=learned.groups, seed=config.seed)
    wording = Wording.fit(encoded.views, WordingConfig(), groups=learned.groups, seed=config.seed)
    clock.done("align")
    recipe = recipe.serving(encoded.towers)
    sentences = [
        *learned.sentences(),
        *encoded.lost,
        *quiet.sentences(),
        *space.sentences(),
        *(wording.sentences() if wording else []),
    ]
    base = Model(
        name=config.labels or "unlabelled",
        task=config.labels,
        classes=learned.classes,
        recipe=recipe,
        towers=encoded.towers,
        latents=space,
        kernels=None,
        rung="",
        head=None,
        judge=None,
        quiet=quiet,
    )
    if not config.labels:
        return _Outcome(base, None, [], sentences, clock, [], wording)
    if not len(learned.rows):
        model = _by_name(base, encoded, loud, learned, wanted, sentences)
        return _Outcome(model, None, [], sentences, clock, [], wording)
    found = _with_labels(library, base, encoded, loud, learned, wanted, clock, sentences)
    return found._replace(wording=wording)


def _with_labels(
    library: Library,
    base: Model,
    encoded: Encoded,
    loud: Blocks,
    learned: Labelled,
    wanted: _Wanted,
    clock: _Stages,
    sentences: list[str],
) -> _Outcome:
    config, goal, on_stage = wanted.config, wanted.goal, wanted.on_stage
    views = views_of(encoded.views, learned.rows)
    kernels = LessonKernels.fit(views, base.towers, config.seed)
    evidence = _evidence(base, base.latents, views, learned)
    lean = _lean_latents(encoded, learned, config)
    if lean:
        fewer = _evidence(base, lean, views, learned)
        evidence = replace(evidence, lean_latents=fewer.latents)
    clock.done("align")
    evidence = with_kernels(evidence, kernels)
    labelled = [learned.items[row] for row in learned.rows]
    if config.baselines and find_module("torch").is_installed:
        on_stage("reading files for the network from scratch", 0, 1)
        evidence = replace(evidence, inputs=inputs_of(library, labelled))
    lesson = Lesson(
        evidence=evidence,
        labels=learned.labels,
        classes=learned.classes,
        folds=None,
        seed=config.seed,
        names=names_of(learned.classes, base.latents, base.towers, base.quiet),
        lean_names=names_of(learned.classes, lean, base.towers, base.quiet) if lean else None,
    )
    groups = learned.groups[learned.rows]
    climbed = climb(
        lesson,
        groups,
        count=config.folds,
        with_baselines=config.baselines,
        settings={
            "conv_scratch": {"budget_s": network_s(config.budget_s)},
            "attention_fusion": {"budget_s": attention_s(network_s(config.budget_s))},
        },
        on_step=on_stage,
    )
    clock.done("adapt")
    present = {name: lesson.evidence.present(name) for name in lesson.evidence.latents}
    model = Model(
        name=base.name,
        task=base.task,
        classes=base.classes,
        recipe=base.recipe,
        towers=base.towers,
        latents=lean if lean and climbed.lean else base.latents,
        kernels=kernels.chosen(climbed.lean) if climbed.rung.needs_kernels else None,
        rung=climbed.rung.name,
        head=climbed.learned.head,
        judge=None,
        temperature=climbed.temperature,
        quiet=base.quiet,
    )
    looked_at = _only(loud, model.needed_views)
    unlike = Unlike.fit(looked_at, learned.groups, seed=config.seed)
    look = unlike.look_at_known(looked_at).take(learned.rows)
    counts = np.array([item.id not in wanted.picked for item in labelled])
    judge = Judge.fit(climbed, learned.labels, groups, present, goal, wanted.asks, look, counts)
    model = replace(model, judge=judge, unlike=unlike)
    on_stage("timing single answers", 0, 1)
    times = answer_times(climbed.arms, library, labelled, model)
    lines = tables.lines(climbed.arms, learned.labels, learned.classes, groups, goal, times)
    ours = [arm.held_out for arm in climbed.arms if arm.name == OURS]
    doubted = doubts(ours[0], learned.labels, learned.classes, labelled) if ours else []
    sentences += [
        *climbed.notes,
        *_leak_sentences(lesson, groups, config),
        f"Chosen: {climbed.rung.name.replace('_', ' ')} ({climbed.learned.note}).",
        *tables.sentences(climbed.arms, learned.labels, groups),
        *judge.sentences(),
        *filter(None, [doubts_sentence(doubted, config.labels)]),
    ]
    clock.done("decide")
    return _Outcome(model, climbed, lines, sentences, clock, doubted)


def _by_name(
    base: Model,
    encoded: Encoded,
    loud: Blocks,
    learned: Labelled,
    wanted: _Wanted,
    sentences: list[str],
) -> Model:
    """A model that goes by what the classes are called, as no item shows what they look like.

    Raises:
        InputError: When the names say nothing, or words tell nothing of the other modalities.
    """
    names = names_of(learned.classes, base.latents, base.towers, base.quiet)
    if names is None:
        raise InputError(
            f'No item has an answer to "{base.task}", and words tell nothing here of photos or '
            "sounds, so names alone cannot answer.",
            f"handful label ITEM ANSWER --task {base.task}, some items of each",
        )
    evidence = replace(base, quiet=Quiet({})).evidence_of(encoded.views, len(learned.items))
    lesson = Lesson(
        evidence=evidence,
        labels=learned.labels,
        classes=learned.classes,
        folds=None,
        seed=wanted.config.seed,
        names=names,
    )
    rung: Rung = make(ROOM, "zero_shot", Rung)
    model = replace(
        base,
        rung=rung.name,
        head=rung.learn(lesson).head,
        judge=Judge({}, {}, {**ASKS, **wanted.asks}),
    )
    silent = [name for name, told in zip(learned.classes, names.present, strict=True) if not told]
    if silent:
        sentences.append(
            f"No text of the library says {', '.join(silent)}, so these are never the answer."
        )
    sentences.append(
        "No two answers have an example, so items are told apart by what the answers are called "
        "alone. Nothing could be measured and nothing is called sure; one label of each answer "
        "shows whether the names help."
    )
    looked_at = _only(loud, model.needed_views)
    return replace(model, unlike=Unlike.fit(looked_at, learned.groups, seed=wanted.config.seed))


def _only(views: Blocks, needed: Mapping[str, Collection[str]]) -> Blocks:
    """The views that a model looks at."""
    return {
        modality: {name: block for name, block in named.items() if name in needed[modality]}
        for modality, named in views.items()
        if needed.get(modality)
    }


def _evidence(base: Model, latents: Latents, views: Blocks, learned: Labelled) -> Evidence:
    """Of the labelled items, whose views are quiet already."""
    loud = replace(base, latents=latents, quiet=Quiet({}))
    return loud.evidence_of(views, len(learned.rows))


def _leak_sentences(lesson: Lesson, groups: NDArray[Any], config: Config) -> list[str]:
    """What a split at random would have promised on these latents, where that is too much."""
    plain = {name: named["plain"] for name, named in lesson.evidence.latents.items()}
    seen = {name: block for name, block in plain.items() if block.present.any()}
    rows = Stack.fit(seen).features(seen)
    found = inflation(rows, lesson.labels, groups, seed=config.seed)
    return [found.sentence(config.labels)] if found and found.is_certain else []


def _lean_latents(encoded: Encoded, learned: Labelled, config: Config) -> Latents | None:
    """Latents without the views that may mislead; None where no modality has such views."""
    views = lean_views(encoded.views)
    if not views:
        return None
    return Latents.fit(views, config.latents, groups=learned.groups, seed=config.seed)


class _Stages:
    """Seconds of each stage, by the clock on the wall and of all cores."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu_s: dict[str, float] = {}
        self._since, self._cpu_since = time.monotonic(), time.process_time()

    def done(self, stage: str) -> None:
        """Count what passed since the last stage towards one; it may come more than once."""
        now, cpu_now = time.monotonic(), time.process_time()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self.cpu_s[stage] = self.cpu_s.get(stage, 0.0) + cpu_now - self._cpu_since
        self._since, self._cpu_since = now, cpu_now


def _resolved(question: Question) -> Config:
    """The training with the profile that the budget allows, by a plan where none was chosen."""
    config = question.config
    return config if config.profile else replace(config, profile=plan(question).profile)


def _record(
    library: Library, learned: Labelled, config: Config, predicted: dict[str, Any] | None
) -> dict[str, Any]:
    counts = np.bincount(learned.labels, minlength=len(learned.classes))
    return {
        "labels": config.labels,
        "classes": list(learned.classes),
        "library": {"version": library.version, "digest": library.digest()},
        "items": len(learned.items),
        "groups": len(set(learned.groups[learned.rows].tolist())),
        "labelled": dict(zip(learned.classes, counts.tolist(), strict=True)),
        "predicted": predicted,
        "seed": config.seed,
        "profile": config.profile,
    }


def _write_answers(folder: Path, outcome: _Outcome, learned: Labelled) -> None:
    assert outcome.climb
    ours = next(arm for arm in outcome.climb.arms if arm.name == OURS)
    lines = []
    for row, truth, said in zip(learned.rows, learned.labels, ours.held_out, strict=True):
        item = learned.items[row]
        lines.append(
            json.dumps(
                {
                    "item": item.id,
                    "key": item.key,
                    "group": item.group,
                    "truth": learned.classes[truth],
                    "said": learned.classes[int(said.argmax())],
                    "probabilities": [round(float(share), 6) for share in said],
                },
                ensure_ascii=False,
            )
        )
    with replacing(folder / "answers.jsonl") as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _new_folder(runs: Path, name: str) -> Path:
    """A folder of its own, named by the time and the task."""
    plain = "".join(sign if sign.isalnum() else "-" for sign in name)[:40]
    now = datetime.now()
    taken = {path.name[: len(f"{now:{_STAMP}}")] for path in runs.glob("*")}
    while f"{now:{_STAMP}}" in taken:  # the newest run is the last one by name
        now += timedelta(seconds=1)
    stamp = f"{now:{_STAMP}}"
    for extra in ("", *(f"-{number}" for number in range(2, 100))):
        folder = runs / f"{stamp}-{plain}{extra}"
        try:
            with storage("make", folder):
                folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            continue
    raise UsageError("A hundred runs began in the same second.", "try again")
