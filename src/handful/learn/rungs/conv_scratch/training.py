"""Train the small network: steps from a budget, a held-out fold to stop on, then all labels."""
# m items of a batch that have a modality

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from handful.learn.rungs.base import Lesson
from handful.learn.rungs.conv_scratch import Config
from handful.learn.rungs.conv_scratch.inputs import Inputs
from handful.learn.rungs.conv_scratch.network import Network, pick, scores
from handful.learn.train.loop import batches, seeded
from handful.numerics.decide.calibrate import Temperature, log_loss
from handful.numerics.linear.logistic import softmax

_COST_MS = {"image": 0.75, "audio": 0.95, "text": 0.1}
"""Processor time of one value, there and back, measured on one core with AVX-512."""
_STEP_MS = 4.0
"""What a step costs besides."""
_LOOKS = 10
"""How often the held-out fold is looked at."""
_MOST_EPOCHS = 100
"""Passes after which even a handful of items has nothing more to give."""
_HIDDEN = 0.15
"""Share of values hidden in training, so that the network answers without them too."""
_NOBODY = np.zeros(0, dtype=np.intp)


class Trained(NamedTuple):
    """A network, the temperature of its scores, and how many steps it took."""

    network: Network
    temperature: float
    steps: int


def train(given: Inputs, lesson: Lesson, config: Config) -> Trained:
    """Find out on a held-out fold how long to train, then train that long on all labels.

    Args:
        given: The lesson's files.
        lesson: Labels and folds.
        config: Budget, batch and learning rate.
    """
    everything = np.arange(len(lesson))
    with seeded(lesson.seed):
        steps = _affordable_steps(given, config)
        if lesson.folds is None:
            return Trained(_fit(given, everything, lesson, config, steps).network, 1.0, steps)
        rows, left_out = next(iter(lesson.folds))
        known = left_out[np.isin(lesson.labels[left_out], lesson.labels[rows])]
        trial = _fit(given, rows, lesson, config, steps // 2, known)
        longer = round(trial.best_share * (steps // 2) * len(lesson) / len(rows))
        final = max(1, min(longer, steps - steps // 2))
        network = _fit(given, everything, lesson, config, final).network
        return Trained(network, trial.temperature, steps // 2 + final)


def _affordable_steps(given: Inputs, config: Config) -> int:
    """Steps that fit the budget, at most `_MOST_EPOCHS` passes."""
    shares = {name: len(rows) / given.items for name, rows in given.rows.items()}
    item_ms = sum(_COST_MS[name] * share for name, share in shares.items())
    batch = min(config.batch, given.items)
    steps = config.budget_s * 1000 / (_STEP_MS + batch * item_ms)
    return max(_LOOKS, round(min(steps, 2 * _MOST_EPOCHS * given.items / batch)))


class _Outcome(NamedTuple):
    """A trained network; the share of its steps after which the held-out fold was told best."""

    network: Network
    best_share: float
    temperature: float


def _fit(
    given: Inputs,
    rows: NDArray[np.intp],
    lesson: Lesson,
    config: Config,
    steps: int,
    held_out: NDArray[np.intp] = _NOBODY,
) -> _Outcome:
    """One training; how it does on `held_out` is looked at on the way."""
    network = Network(tuple(given.values), len(lesson.classes))
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _pace(step, steps))
    best, best_share, temperature = np.inf, 1.0, 1.0
    looks = {round(steps * look / _LOOKS) for look in range(1, _LOOKS + 1)}
    queue = batches(rows, config.batch, lesson.seed)
    noise = np.random.default_rng(lesson.seed)
    for step in range(1, steps + 1):
        chosen = next(queue)
        network.train()
        values, places = pick(given, chosen, network.modalities)
        _disturb(values, places, noise)
        wanted = torch.from_numpy(lesson.labels[chosen])
        loss = F.cross_entropy(network(values, places, len(chosen)), wanted, label_smoothing=0.1)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if len(held_out) and step in looks:
            found = _look(network, given, held_out, lesson.labels)
            if found.loss < best:
                best, best_share, temperature = found.loss, step / steps, found.temperature
    return _Outcome(network, best_share, temperature)


def _pace(step: int, steps: int) -> float:
    """Share of the learning rate: up over the first tenth, then down along a cosine."""
    rising = max(1, steps // 10)
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


class _Look(NamedTuple):
    loss: float
    temperature: float


def _look(
    network: Network, given: Inputs, rows: NDArray[np.intp], labels: NDArray[np.intp]
) -> _Look:
    """How probable the right classes of held-out items are at the best temperature."""
    found = scores(network, given.take(rows))
    temperature = Temperature.fit(found, labels[rows]).common
    return _Look(log_loss(softmax(found / temperature), labels[rows]), temperature)


def _disturb(
    values: dict[str, Tensor], places: dict[str, Tensor], noise: np.random.Generator
) -> None:
    """Hide some values, and shift, mirror and mask the others, in place."""
    for name in list(values):
        if len(values) > 1:
            kept = torch.from_numpy(noise.random(len(values[name])) >= _HIDDEN)
            values[name], places[name] = values[name][kept], places[name][kept]
        if name == "image":
            values[name] = _moved_pictures(values[name], noise)
        elif name == "audio":
            values[name] = _moved_sounds(values[name], noise)


def _moved_pictures(pictures: Tensor, noise: np.random.Generator) -> Tensor:
    """Crops of 7/8 to the whole, half of them mirrored, brighter or darker."""
    count, side = len(pictures), pictures.shape[-1]
    most = side // 8
    framed = F.pad(pictures, (most, most, most, most), mode="replicate")
    down, right = noise.integers(0, 2 * most + 1, (2, count))
    rows = torch.from_numpy(down)[:, None] + torch.arange(side)
    columns = torch.from_numpy(right)[:, None] + torch.arange(side)
    mirrored = torch.from_numpy(noise.random(count) < 0.5)[:, None]
    columns = torch.where(mirrored, columns.flip(1), columns)
    items = torch.arange(count)[:, None, None]
    moved = framed[items, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    gain = torch.from_numpy(noise.uniform(0.8, 1.2, (count, 1, 1, 1)).astype(np.float32))
    return (moved * gain).contiguous(memory_format=torch.channels_last)


def _moved_sounds(sounds: Tensor, noise: np.random.Generator) -> Tensor:
    """Shifted in time by up to an eighth, with a few bands and a few frames silenced."""
    frames, bands = sounds.shape[-2:]
    moved = sounds.clone()
    for row in range(len(sounds)):
        moved[row] = torch.roll(sounds[row], int(noise.integers(0, frames // 8 + 1)), dims=-2)
        first, wide = int(noise.integers(0, bands)), int(noise.integers(0, bands // 6 + 1))
        moved[row, :, :, first : first + wide] = -1
        first, wide = int(noise.integers(0, frames)), int(noise.integers(0, frames // 8 + 1))
        moved[row, :, first : first + wide] = -1
    return moved
