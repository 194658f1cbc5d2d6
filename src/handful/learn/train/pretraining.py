"""The loop of pretraining, on a page: draw, learn, look, write down.

A batch follows from the seed and the step, and a pass has nothing random, so a training that was
killed goes on to the bit from its last checkpoint, on any number of processes.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from handful.foundation.errors import HandfulError, require
from handful.foundation.hardware import resident_bytes
from handful.foundation.project.atomic import append_line, read_lines
from handful.learn.model.packed.transformer import PackedTransformer
from handful.learn.model.sizes import SIZES, Shape
from handful.learn.objectives import contrastive, latent_prediction
from handful.learn.objectives.base import Alone, Draw, Objective, Peers, Step
from handful.learn.objectives.contrastive import Contrastive
from handful.learn.objectives.latent_prediction import LatentPrediction
from handful.learn.towers.own.encoding import pooled
from handful.learn.train import checkpoint
from handful.learn.train.alarms import rank_of
from handful.learn.train.checkpoint import State
from handful.learn.train.corpus import Corpus
from handful.learn.train.distributed import add_up, share

_MOST_HELD_OUT = 256
_DECAY = {"least": 0.98, "most": 0.9995}


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """One pretraining."""

    steps: int = 1000
    """Steps in all."""
    batch: int = 128
    """Items per step, all processes together."""
    shape: Shape = field(default_factory=lambda: SIZES["3M"])
    """Of the network."""
    pairs: float = 1.0
    """Weight of pulling the modalities of an item together; 0 leaves it out."""
    prediction: float = 1.0
    """Weight of latent prediction; 0 leaves it out."""
    contrastive: contrastive.Config = field(default_factory=contrastive.Config)
    """How modalities are pulled together."""
    latent: latent_prediction.Config = field(default_factory=latent_prediction.Config)
    """How latents are predicted."""
    learning_rate: float = 1e-3
    """At its highest; 3e-4 to 3e-3."""
    warm_up: float = 0.1
    """Share of steps in which it rises."""
    cool_down: float = 0.3
    """Share of steps in which it falls to zero, after being stable."""
    whole: float = 0.1
    """Share of steps at the end in which no token is dropped from pairs."""
    weight_decay: float = 0.05
    """Of matrices; 0 to 0.2."""
    most_tokens: int = 8192
    """Tokens of one pass, at most; larger batches are computed in pieces, with the same result."""
    bfloat16: bool = False
    """Compute in bfloat16; weights stay float32."""
    seed: int = 0
    """Everything random follows from it."""

    def __post_init__(self) -> None:
        require(self.steps >= 1, "steps", self.steps, "1 or more")
        require(self.batch >= 2, "batch", self.batch, "2 or more")
        require(self.pairs >= 0, "pairs", self.pairs, "0 or more")
        require(self.prediction >= 0, "prediction", self.prediction, "0 or more")
        learns = self.pairs + self.prediction > 0
        require(learns, "pairs + prediction", 0, "above 0")
        require(self.learning_rate > 0, "learning_rate", self.learning_rate, "above 0")
        require(self.most_tokens >= 1, "most_tokens", self.most_tokens, "1 or more")

    def pace(self, step: int) -> float:
        """Share of the learning rate: up, stable, down.

        Args:
            step: From 0.

        Source: warm-up, stable, decay, arXiv 2404.06395 section 4.2.
        """
        up = max(1.0, self.warm_up * self.steps)
        down = max(1.0, self.cool_down * self.steps)
        return min(1.0, (step + 1) / up, (self.steps - step) / down)

    def facts(self) -> dict[str, Any]:
        """What a checkpoint must agree with; how a batch is cut into pieces may differ."""
        return {k: v for k, v in asdict(self).items() if k not in ("most_tokens", "bfloat16")}


class Prepared(NamedTuple):
    """The views of one step.

    Attributes:
        views: Objective to what it prepared.
        took_s: Seconds that drawing took.
    """

    views: dict[str, Any]
    took_s: float


class BrokenLossError(HandfulError):
    """A loss was no number any more; the last checkpoint is from before."""


class Pretraining:
    """A network that learns from a corpus.

    Args:
        corpus: What it learns from.
        config: How.
        folder: For checkpoints and the curve; None keeps nothing.
        peers: Who else trains.
    """

    def __init__(
        self,
        corpus: Corpus,
        config: Config,
        folder: Path | None = None,
        peers: Peers | None = None,
    ) -> None:
        self.corpus, self.config, self.folder = corpus, config, folder
        self.peers = peers or Alone()
        reading, names = corpus.reading, corpus.modalities
        windows = {name: w for name, w in reading.windows.items() if name in names}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.student = PackedTransformer(config.shape, windows, "text" in names)
            self.objectives = self._objectives()
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.modules: dict[str, nn.Module] = {
            "student": self.student,
            "teacher": self.teacher,
            **self.objectives,
        }
        for module in self.modules.values():
            module.to(self.device)
        self.optimizer, self._names = self._optimizer()
        self.step, self.most_tokens = 0, config.most_tokens
        self.tokens, self.waited_s, self.spent_s = 0, 0.0, 0.0
        held = len(corpus) // 20 if len(corpus) >= 100 else 0
        order = np.random.default_rng((config.seed, 7)).permutation(len(corpus))
        cut = min(held, _MOST_HELD_OUT)
        self.held_out, self._rows = np.sort(order[:cut]), np.sort(order[cut:])
        self._batch = min(config.batch, len(self._rows))

    def _objectives(self) -> dict[str, Objective]:
        config, reading, found = self.config, self.corpus.reading, dict[str, Objective]()
        if config.pairs and self.corpus.carrying(2) >= 2:
            found["contrastive"] = Contrastive(reading, config.contrastive, self.student)
        if config.prediction or not found:
            found["latent_prediction"] = LatentPrediction(reading, config.latent, self.student)
        return found

    def _optimizer(self) -> tuple[torch.optim.Optimizer, list[str]]:
        learned = {
            f"{name}.{key}": parameter
            for name, module in self.modules.items()
            for key, parameter in module.named_parameters()
            if parameter.requires_grad
        }
        decayed = {k: p for k, p in learned.items() if p.ndim >= 2 and "grams" not in k}
        others = {k: p for k, p in learned.items() if k not in decayed}
        groups = [
            {"params": list(decayed.values()), "weight_decay": self.config.weight_decay},
            {"params": list(others.values()), "weight_decay": 0.0},
        ]
        made = torch.optim.AdamW(
            groups, lr=self.config.learning_rate, betas=(0.9, 0.98), fused=True
        )
        return made, [*decayed, *others]

    @property
    def state(self) -> State:
        """What a checkpoint holds."""
        return State(self.modules, self.optimizer, self._names)

    def resume(self) -> int:
        """Go on from the newest usable checkpoint.

        Returns:
            Steps done; 0 when there is none.

        Raises:
            UsageError: When it belongs to other settings.
        """
        assert self.folder
        found = checkpoint.checkpoints(self.folder / "checkpoints")
        if found:
            self.step = checkpoint.read(found[-1], self.state, self._facts())
        return self.step

    def save(self) -> None:
        """Write down where it stands; the first process does."""
        if self.folder and self.peers.rank == 0:
            checkpoint.write(self.folder / "checkpoints", self.step, self.state, self._facts())

    def _facts(self) -> dict[str, Any]:
        return {**self.config.facts(), "corpus": self.corpus.digest}

    def run(
        self,
        until: int | None = None,
        *,
        save_s: float = 60.0,
        looks: int = 20,
        on_step: Callable[[int, Mapping[str, float]], None] = lambda step, said: None,
    ) -> None:
        """Train; Ctrl-C writes a checkpoint first.

        Args:
            until: Stop after this step; the last one when left out.
            save_s: Seconds between checkpoints.
            looks: How often the held-out items are looked at.
            on_step: Told of every step.

        Raises:
            BrokenLossError: When a loss is no number.
        """
        last = min(until or self.config.steps, self.config.steps)
        saved, every = time.monotonic(), max(1, self.config.steps // looks)
        sums: list[dict[str, float]] = []
        try:
            for prepared in self._ahead(last):
                said = self.learn(prepared)
                sums.append(said)
                on_step(self.step, said)
                if self.step % every == 0 or self.step == self.config.steps:
                    self._note(sums)
                    sums = []
                # Every process would have to agree on the time, so several save by steps.
                due = time.monotonic() - saved > save_s if self.peers.size == 1 else not sums
                if due and self.step < last:
                    self.save()
                    saved = time.monotonic()
        except KeyboardInterrupt:
            self.save()
            raise
        self.save()

    def _ahead(self, last: int) -> Iterator[Prepared]:
        """The steps to come, each drawn while the one before is learned."""
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(self.draw, self.step) if self.step < last else None
            while coming:
                asked = time.perf_counter()
                prepared = coming.result()
                self.waited_s += time.perf_counter() - asked
                following = self.step + 1
                coming = pool.submit(self.draw, following) if following < last else None
                yield prepared
                self.spent_s += time.perf_counter() - asked

    def draw(self, step: int) -> Prepared:
        """The views of one step.

        Args:
            step: From 0.
        """
        start = time.perf_counter()
        items = self._items(step)
        mine = share([self.corpus.lengths[item] for item in items], self.peers)
        draw = Draw(
            entries=self.corpus.entries([items[place] for place in mine], mine),
            items=len(items),
            seed=self.config.seed,
            step=step,
        )
        for objective in self.objectives.values():
            if isinstance(objective, Contrastive):
                objective.is_whole = step >= (1 - self.config.whole) * self.config.steps
        views = {name: each.prepare(draw) for name, each in self.objectives.items()}
        return Prepared(views, time.perf_counter() - start)

    def _items(self, step: int) -> list[int]:
        """Items of a batch: every one about as often as every other."""
        per_epoch = len(self._rows) // self._batch
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng((self.config.seed, 3, epoch)).permutation(self._rows)
        return order[place * self._batch : (place + 1) * self._batch].tolist()

    def learn(self, prepared: Prepared) -> dict[str, float]:
        """One step.

        Args:
            prepared: Its views.

        Returns:
            Figures such as `contrastive.loss`.

        Raises:
            BrokenLossError: When a loss is no number; the weights are as they were.
        """
        try:
            said = self._gradients(prepared)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            is_memory = not isinstance(error, RuntimeError) or "memory" in str(error).lower()
            if not is_memory or self.most_tokens < self.config.most_tokens:
                raise
            self.most_tokens = max(1, self.most_tokens // 2)
            said = self._gradients(prepared)
        add_up((p for group in self.optimizer.param_groups for p in group["params"]), self.peers)
        if not all(math.isfinite(value) for value in said.values()):
            raise BrokenLossError(
                f"The loss of step {self.step + 1} is no number any more.",
                "give a new name and a lower learning rate; the last checkpoint is from before",
            )
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        said["gradient"] = float(nn.utils.clip_grad_norm_(parameters, 1.0))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * self.config.pace(self.step)
        self.optimizer.step()
        self._follow()
        self.step += 1
        return said

    def _gradients(self, prepared: Prepared) -> dict[str, float]:
        self.optimizer.zero_grad(set_to_none=True)
        weights = {"contrastive": self.config.pairs, "latent_prediction": self.config.prediction}
        said: dict[str, float] = {}
        for name, objective in self.objectives.items():
            step = Step(
                student=self.student,
                teacher=self.teacher,
                most_tokens=self.most_tokens,
                peers=self.peers,
                precision=self.precision,
                weight=weights[name] or 1.0,
            )
            views = prepared.views[name]
            found = objective.accumulate(views, step)
            self.tokens += len(views.tokens) if views and views.tokens else 0
            said |= {f"{name}.{key}": value for key, value in found.items()}
        return said

    def precision(self) -> AbstractContextManager[Any]:
        """What passes are computed in."""
        if not self.config.bfloat16:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    @torch.no_grad()
    def _follow(self) -> None:
        """The teacher goes after the student, more slowly as the training goes on."""
        share = self.step / self.config.steps
        decay = _DECAY["least"] + (_DECAY["most"] - _DECAY["least"]) * share
        pairs = zip(self.teacher.parameters(), self.student.parameters(), strict=True)
        for slow, fast in pairs:
            slow.lerp_(fast, 1 - decay)

    def _note(self, sums: Sequence[Mapping[str, float]]) -> None:
        """One line of the curve."""
        keys = sorted({key for said in sums for key in said})
        means = {k: float(np.mean([said[k] for said in sums if k in said])) for k in keys}
        line = {"step": self.step, "steps": self.config.steps, **means, **self.look()}
        line |= {
            "tokens_per_s": self.tokens / max(self.spent_s, 1e-9),
            "waited": self.waited_s / max(self.spent_s, 1e-9),
            "memory_bytes": resident_bytes() or 0,
        }
        if self.folder and self.peers.rank == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            append_line(self.folder / "log.jsonl", line)

    def curve(self) -> list[dict[str, Any]]:
        """The lines written so far."""
        return read_lines(self.folder / "log.jsonl") if self.folder else []

    @torch.no_grad()
    def look(self) -> dict[str, float]:
        """How well held-out items are found across modalities, and how many directions are used."""
        if len(self.held_out) < 8:
            return {}
        entries = self.corpus.entries(self.held_out.tolist(), range(len(self.held_out)))
        found: dict[str, float] = {}
        vectors = self.vectors(self.teacher, entries)
        found["rank"] = min(rank_of(rows) for _, rows in vectors.values() if len(rows) >= 8)
        objective = self.objectives.get("contrastive")
        if isinstance(objective, Contrastive):
            compared = {
                name: (rows, nn.functional.normalize(objective.heads[name](torch.tensor(v)), dim=1))
                for name, (rows, v) in vectors.items()
            }
            found |= _recall(compared)
        return found

    @torch.no_grad()
    def vectors(
        self, network: PackedTransformer, entries: Sequence[Any]
    ) -> dict[str, tuple[list[int], NDArray[np.float32]]]:
        """Modality to rows and `[n, D]` pooled vectors, nothing changed or dropped.

        Args:
            network: Student or teacher.
            entries: Of a corpus.
        """
        found = {}
        for name in network.modalities:
            mine = [entry for entry in entries if entry.modality == name]
            if mine:
                values = [entry.values[0] for entry in mine]
                rows = pooled(network, name, values, self.corpus.reading, self.precision)
                found[name] = ([entry.row for entry in mine], rows)
        return found


def _recall(compared: Mapping[str, tuple[list[int], torch.Tensor]]) -> dict[str, float]:
    """How often the other modality of an item is the nearest of all, both ways."""
    found, names = {}, list(compared)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            (rows, a), (others, b) = compared[first], compared[second]
            both = sorted(set(rows) & set(others))
            if len(both) < 8:
                continue
            one, two = (x[[r.index(row) for row in both]] for r, x in ((rows, a), (others, b)))
            nearest = (one @ two.T).argmax(dim=1) == torch.arange(len(both))
            found[f"recall_{first}_{second}"] = nearest.float().mean().item()
    return found
