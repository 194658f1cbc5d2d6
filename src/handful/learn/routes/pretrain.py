"""Pretrain: from the library's raw files, without labels, to a tower of one's own.

Files are read once into a corpus of one library version. A few steps are timed before the start,
so what is planned is what this machine does now. Where a training was stopped the same command goes
on; `torchrun` starts it on several processes.

runs/pretrain-NAME/pretraining.json   state, plan, what it took
                  /log.jsonl          the curve
                  /checkpoints/       where it stands
towers/NAME/                          the tower, once it is done
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from handful.data.batches.loader import Config as Loading
from handful.data.batches.loader import Loader
from handful.data.library.library import Library
from handful.data.modalities.base import MODALITIES
from handful.foundation.console.units import bytes_text, seconds_text
from handful.foundation.errors import UsageError, did_you_mean, require
from handful.foundation.hardware import (
    Cost,
    Meter,
    Tariff,
    choose_dtype,
    choose_threads,
    load_now,
    look_at_processor,
    resident_bytes,
)
from handful.foundation.project.atomic import write_json
from handful.learn.model.sizes import shape_of
from handful.learn.objectives.base import Peers
from handful.learn.towers.own.folder import write as write_tower
from handful.learn.towers.own.reading import Reading
from handful.learn.train.alarms import alarms
from handful.learn.train.corpus import Corpus, mark
from handful.learn.train.corpus import write as write_corpus
from handful.learn.train.distributed import joined
from handful.learn.train.pretraining import Config as Training
from handful.learn.train.pretraining import Pretraining

RECORD = "pretraining.json"
_FEWEST_STEPS = 50
"""Below so many nothing is learned that is worth a tower."""
_PROBED = 3
_SPARE = 0.95
"""Part of the budget that steps may take; the rest is for looking and writing."""

OnStage = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """One pretraining, by its dials."""

    name: str = "own"
    """Of the tower."""
    budget_s: float = 1800.0
    """How long it may take; decides the number of steps."""
    size: str = "3M"
    """`3M`, `22M`, `86M` or `300M`."""
    modalities: tuple[str, ...] = ()
    """What is learned from; all that the library has when left out."""
    batch: int = 128
    """Items per step."""
    learning_rate: float = 1e-3
    """3e-4 to 3e-3."""
    reading: Reading = field(default_factory=Reading)
    """How finely files are read."""
    seed: int = 0
    """Everything random follows from it."""

    def __post_init__(self) -> None:
        plain = bool(self.name) and all(c.isalnum() or c in "-_" for c in self.name)
        require(plain, "name", self.name, "letters, digits, `-` and `_`")
        require(self.budget_s > 0, "budget_s", self.budget_s, "above 0")
        shape_of(self.size)
        for name in self.modalities:
            if name not in MODALITIES:
                raise UsageError(f'There is no modality "{name}".', did_you_mean(name, MODALITIES))


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a pretraining will take."""

    steps: int
    """Steps that fit the budget."""
    wall_s: float
    """Predicted seconds on the wall."""
    step_s: float
    """Of one step, timed here."""
    peak_memory_bytes: int
    """The most memory held at once."""
    items: int
    """Items learned from."""
    tokens: float
    """Tokens of a batch before any is left out."""
    processes: int
    """That share each batch."""
    arithmetic: str
    """The number format, and why."""

    def sentence(self) -> str:
        """The plan in one sentence."""
        epochs = f"{self.steps} steps over {self.items} items"
        return (
            f"Predicted: {seconds_text(self.wall_s)} for {epochs} ({self.step_s:.2f} s each, timed "
            f"here), {bytes_text(self.peak_memory_bytes)} of memory; {self.arithmetic}."
        )


class Pretrained(NamedTuple):
    """A finished pretraining.

    Attributes:
        folder: Of the tower; None when only planned.
        record: Of the run: state, plan, cost, curve's last line.
        sentences: What is worth knowing.
    """

    folder: Path | None
    record: dict[str, Any]
    sentences: list[str]


def pretrain(
    library: Library,
    project: Path,
    config: Config,
    *,
    tariff: Tariff | None = None,
    only_plan: bool = False,
    on_plan: Callable[[Plan], None] = lambda plan: None,
    on_stage: OnStage = lambda stage, done, total: None,
) -> Pretrained:
    """Make a tower from the library's files.

    Args:
        library: The items; this version of it is read, whatever changes meanwhile.
        project: The project's folder.
        config: The dials.
        tariff: What energy and time cost.
        only_plan: Stop before the first step.
        on_plan: Told what it will take.
        on_stage: Told about progress.

    Raises:
        UsageError: When the budget is too small, there is a tower of this name, or a training of
            this name stopped half way and had other settings.
        BrokenLossError: When a loss is no number; the last checkpoint is kept.
    """
    folder = project / "runs" / f"pretrain-{config.name}"
    if not only_plan:
        _require_free(project / "towers" / config.name, _record(folder), config)
    with joined() as peers, _threads(peers):
        corpus = _corpus(library, project / "cache" / "pretrain", config, peers, on_stage)
        record = _record(folder)
        with Meter(tariff or Tariff()) as meter:
            dtype = choose_dtype(look_at_processor())
            common = _common(config, dtype.value == "bfloat16")
            if record.get("state") == "started" and _is_same(record, config):
                planned = Plan(**record["plan"])
            else:
                planned = _plan(corpus, config, common, peers, meter, dtype.sentence)
            on_plan(planned)
            if only_plan:
                return Pretrained(None, {"plan": asdict(planned)}, [])
            loop = Pretraining(corpus, replace(common, steps=planned.steps), folder, peers)
            return _run(_Ready(loop, planned, folder), config, project, record, meter, on_stage)


class _Ready(NamedTuple):
    loop: Pretraining
    plan: Plan
    folder: Path


def _run(
    ready: _Ready,
    config: Config,
    project: Path,
    record: dict[str, Any],
    meter: Meter,
    on_stage: OnStage,
) -> Pretrained:
    loop, folder = ready.loop, ready.folder
    is_first = loop.peers.rank == 0
    if is_first and record.get("state") != "started":  # of a training that came to its end
        for old in (folder / "checkpoints").glob("*.safetensors"):
            old.unlink()
        (folder / "log.jsonl").unlink(missing_ok=True)
    loop.peers.sum(torch.zeros(1))  # the others wait for the first
    started = loop.resume()
    begin = time.monotonic()
    record = {**record, "state": "started", "plan": asdict(ready.plan)}
    record["settings"] = asdict(config)
    if is_first:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / RECORD, record)
    loop.run(on_step=lambda step, said: on_stage("pretraining", step, loop.config.steps))
    curve = loop.curve()
    took_s = time.monotonic() - begin
    share = (loop.step - started) / loop.config.steps
    sentences = _sentences(ready.plan, meter.cost, took_s, share, started)
    sentences += alarms(curve, loop.config.shape.width)
    record |= {
        "state": "done",
        "cost": meter.cost.as_dict(),
        "steps_s": took_s,
        "last": curve[-1] if curve else {},
        "sentences": sentences,
    }
    tower = project / "towers" / config.name
    if is_first:
        write_tower(tower, loop.teacher, loop.corpus.reading, _card(config, ready.plan, record))
        write_json(folder / RECORD, record)
    return Pretrained(tower, record, sentences)


def _require_free(tower: Path, record: Mapping[str, Any], config: Config) -> None:
    """Refuse to make an encoder over one that runs may rest on, or over a training that stopped."""
    if (tower / "config.json").exists():
        raise UsageError(
            f'There is an encoder "{config.name}" already, and runs may rest on it.',
            "give another --name",
        )
    if record.get("state") == "started" and not _is_same(record, config):
        raise UsageError(
            f'A training of "{config.name}" stopped half way and had other settings.',
            "give the same settings to go on with it, or another --name",
        )


def _is_same(record: Mapping[str, Any], config: Config) -> bool:
    return record.get("settings") == json.loads(json.dumps(asdict(config)))


def _common(config: Config, bfloat16: bool) -> Training:
    """What the probe and the training share."""
    return Training(
        steps=10**6,
        batch=config.batch,
        shape=shape_of(config.size),
        learning_rate=config.learning_rate,
        bfloat16=bfloat16,
        seed=config.seed,
    )


def _plan(
    corpus: Corpus,
    config: Config,
    common: Training,
    peers: Peers,
    meter: Meter,
    arithmetic: str,
) -> Plan:
    """Time a few steps, and see how many fit."""
    probe = Pretraining(corpus, common, None, peers)
    took: list[float] = []
    for step in range(_PROBED + 1):
        start = time.perf_counter()
        probe.learn(probe.draw(step))
        took.append(time.perf_counter() - start)
    step_s = sorted(took[1:])[_PROBED // 2]
    step_s = peers.sum(torch.tensor(step_s)).item() / peers.size
    left_s = (config.budget_s - meter.cost.wall_s) * _SPARE
    steps = math.floor(left_s / step_s) if left_s > 0 else 0
    steps = round(peers.sum(torch.tensor(float(steps))).item() / peers.size)
    if steps < _FEWEST_STEPS:
        least = (meter.cost.wall_s + _FEWEST_STEPS * step_s / _SPARE) * 1.2
        minutes = max(1, math.ceil(least / 60))
        raise UsageError(
            f"A budget of {seconds_text(config.budget_s)} allows {steps} steps of {step_s:.2f} s, "
            f"and {_FEWEST_STEPS} are the fewest that make a tower.",
            f"--budget {minutes}min is the smallest that works here, or a smaller --batch",
        )
    return Plan(
        steps=steps,
        wall_s=steps * step_s + meter.cost.wall_s,
        step_s=step_s,
        peak_memory_bytes=max(resident_bytes() or 0, meter.cost.peak_memory_bytes or 0),
        items=len(corpus),
        tokens=sum(corpus.lengths) / len(corpus) * min(config.batch, len(corpus)),
        processes=peers.size,
        arithmetic=arithmetic,
    )


def _corpus(
    library: Library, cache: Path, config: Config, peers: Peers, on_stage: OnStage
) -> Corpus:
    """The library's values as the network reads them, decoded once."""
    names = config.modalities or MODALITIES
    loader = Loader(library, Loading(modalities=names))
    folder = cache / mark(library.digest(), config.reading, names)
    if peers.rank == 0 and not (folder / "index.json").is_file():
        write_corpus(folder, _values(loader, on_stage), config.reading, library.digest())
    peers.sum(torch.zeros(1))  # the others wait for the first
    corpus = Corpus(folder)
    if len(corpus) < 2:
        raise UsageError(
            f"{len(corpus)} items can be learned from, and a batch needs 2.", "add files"
        )
    return corpus


def _values(loader: Loader, on_stage: OnStage) -> Iterator[Mapping[str, Any]]:
    done = 0
    for batch in loader.epoch():
        for row in range(len(batch)):
            yield {name: values[row] for name, values in batch.values.items()}
        done += len(batch)
        on_stage("reading files", done, len(loader))


def _record(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class _threads:
    """All cores for one process, one for each of several."""

    def __init__(self, peers: Peers) -> None:
        chosen = choose_threads(look_at_processor(), load_now()).value
        self._wanted = 1 if peers.size > 1 else chosen

    def __enter__(self) -> None:
        self._before = torch.get_num_threads()
        torch.set_num_threads(self._wanted)

    def __exit__(self, *_: object) -> None:
        torch.set_num_threads(self._before)


def _sentences(plan: Plan, cost: Cost, took_s: float, share: float, started: int) -> list[str]:
    predicted_s = plan.step_s * plan.steps * share
    memory = bytes_text(cost.peak_memory_bytes or 0)
    said = [
        f"Steps took {seconds_text(took_s)} ({seconds_text(predicted_s)} predicted), memory "
        f"{memory} ({bytes_text(plan.peak_memory_bytes)} predicted)."
    ]
    return [f"Went on from step {started}.", *said] if started else said


def _card(config: Config, plan: Plan, record: Mapping[str, Any]) -> str:
    last: Mapping[str, Any] = record["last"]
    figures = [f"- {name}: {value:.4g}" for name, value in last.items()]
    kinds = ", ".join(_kinds(config.modalities))
    return "\n".join(
        [
            f"# {config.name}",
            "",
            f"Made by `handful pretrain` from {plan.items} unlabelled items ({kinds}), size "
            f"{config.size}, {plan.steps} steps of {config.batch}, seed {config.seed}.",
            "",
            "It has seen nothing but these files. Compare it before you rely on it:",
            "`handful towers compare`.",
            "",
            "## At the end of training",
            "",
            *figures,
            "",
        ]
    )


def _kinds(modalities: Collection[str]) -> Collection[str]:
    return modalities or MODALITIES
