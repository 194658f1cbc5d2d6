"""Train the head: steps from a budget, looks at held-out groups on the way, then all labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from handful.foundation.errors import InputError
from handful.learn.rungs.attention_fusion import Config
from handful.learn.rungs.attention_fusion.answering import Weights, answer_scores
from handful.learn.rungs.attention_fusion.network import Network, plain_weights
from handful.learn.rungs.attention_fusion.tokens import Inputs, Scales
from handful.learn.rungs.base import Lesson
from handful.learn.train.loop import batches, seeded
from handful.numerics.linear.folds import Folds

_STEP_MS = 13.0
"""What a step costs besides, measured on a busy core with AVX-512: 16 ms with a batch of 64."""
_ITEM_MS = 0.03
"""What every item of a batch adds, at a width of 48 and ten tokens."""
_MOST_EPOCHS = 60
"""Passes after which a handful of items has nothing more to give."""
_LOOKS = (0.08, 0.16, 0.3, 0.5, 0.75, 1.0)
"""Shares of the steps after which held-out groups are asked."""


def looks_of(items: int, folds: Folds | None, scales: Scales, config: Config) -> list[int]:
    """Steps after which to look, the last of them the most that the budget allows.

    Args:
        items: Labelled ones.
        folds: To hold out one after the other.
        scales: Of the inputs.
        config: Budget and batch.

    Raises:
        InputError: When the budget does not buy the fewest passes.
    """
    fits = 1 + (folds.count if folds is not None else 0)
    batch = min(config.batch, items)
    step_ms = _STEP_MS * config.layers + batch * _ITEM_MS * (1 + scales.numbers / 600)
    allowed = config.budget_s * 1000 / fits / step_ms
    passes = min(allowed * batch / items, _MOST_EPOCHS)
    if passes < config.fewest_passes:
        needed = config.budget_s * config.fewest_passes / passes
        raise InputError(
            f"{config.budget_s:g} s buy {passes:.1f} passes over {items} items, and attention "
            f"learns nothing in fewer than {config.fewest_passes}.",
            f"give it {math.ceil(needed)} s, by a larger --budget",
        )
    steps = round(passes * items / batch)
    return sorted({max(1, round(steps * share)) for share in _LOOKS})


def held_out_path(
    given: Inputs, lesson: Lesson, looks: Sequence[int], config: Config
) -> NDArray[np.float64]:
    """Scores of every item, had its fold been left out, after every look.

    Args:
        given: The lesson's items.
        lesson: Labels and folds.
        looks: Steps.
        config: Of the head.

    Returns:
        `[L, N, K]`, 0 for items with nothing.
    """
    assert lesson.folds is not None
    path = np.zeros((len(looks), len(lesson), len(lesson.classes)))
    has_any = given.has_any
    for train, test in lesson.folds:
        rows, asked = train[has_any[train]], test[has_any[test]]
        if not len(asked) or not len(rows):
            continue
        for place, weights in enumerate(fit(given, rows, lesson, looks, config)):
            path[place, asked] = answer_scores(weights, given.take(asked))
    return path


def fit(
    given: Inputs,
    rows: NDArray[np.intp],
    lesson: Lesson,
    looks: Sequence[int],
    config: Config,
) -> list[Weights]:
    """One training.

    Args:
        given: The lesson's items.
        rows: Those to learn from, each with at least one modality.
        lesson: Labels and seed.
        looks: Steps after which to keep the weights, in order.
        config: Of the head.

    Returns:
        The weights at each look.
    """
    kept: list[Weights] = []
    noise = np.random.default_rng(lesson.seed)
    queue = batches(rows, config.batch, lesson.seed)
    values = {name: torch.from_numpy(each) for name, each in given.rows.items()}
    labels = torch.from_numpy(lesson.labels)
    with seeded(lesson.seed):
        network = Network(
            {name: each.shape[1] for name, each in given.rows.items()},
            len(lesson.classes),
            width=config.width,
            heads=config.heads,
            layers=config.layers,
            tokens=config.tokens,
            bottlenecks=config.bottlenecks,
        )
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=0.05
        )
        rising = max(1, min(20, looks[-1] // 10))
        for step in range(1, looks[-1] + 1):
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * min(1.0, step / rising)
            chosen = next(queue)
            network.train()
            shown = _shown(given, chosen, config.hidden, noise)
            said = network({name: each[chosen] for name, each in values.items()}, shown)
            loss = F.cross_entropy(said, labels[chosen], label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if step in looks:
                kept.append(plain_weights(network))
    return kept


def _shown(
    given: Inputs, rows: NDArray[np.intp], hidden: float, noise: np.random.Generator
) -> dict[str, Tensor]:
    """Which modalities of a batch are shown: some are hidden, but never all of an item."""
    kinds: dict[str, list[str]] = {}
    for name in given.present:
        kinds.setdefault(name.split("/")[0], []).append(name)
    held = {
        m: np.any([given.present[n][rows] for n in names], axis=0) for m, names in kinds.items()
    }
    # The draws are made for every modality, so that who lacks one changes nothing for the others.
    draws = {m: noise.random(len(rows)) for m in kinds}
    kept = {m: held[m] & (draws[m] >= hidden) for m in kinds}
    nothing = ~np.any(list(kept.values()), axis=0)
    return {
        name: torch.from_numpy(given.present[name][rows] & (kept[m] | nothing))
        for m, names in kinds.items()
        for name in names
    }
