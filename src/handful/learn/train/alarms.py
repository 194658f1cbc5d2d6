"""What is wrong with a pretraining while it can still be stopped: sentences with an action."""
# n vectors, D numbers

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_COLLAPSED = 0.02
"""Variance of targets over tokens, which is near 1 while they differ."""
_LOW_RANK = 0.04
_WAITING = 0.3


def rank_of(vectors: NDArray[np.floating]) -> float:
    """How many directions vectors really use: e to the entropy of the shares of variance.

    Args:
        vectors: `[n, D]`, two or more.

    Source: effective rank, Roy and Vetterli 2007; RankMe, arXiv 2210.02885 eq. 1, centred here.
    """
    values = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False) ** 2
    shares = values[values > 0] / max(values.sum(), 1e-30)
    return float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else 0.0


def alarms(curve: Sequence[Mapping[str, Any]], width: int) -> list[str]:
    """What the last lines of a curve say.

    Args:
        curve: Lines of `log.jsonl`: `step`, `steps`, figures such as `contrastive.loss`, `rank`,
            `waited` (the share of time spent waiting for data).
        width: Numbers per vector.
    """
    if not curve:
        return []
    last, said = curve[-1], []
    share = last["step"] / last["steps"]
    if last.get("latent_prediction.spread", 1.0) < _COLLAPSED:
        said.append(
            f"Collapse: targets vary by {last['latent_prediction.spread']:.3f} where 1 is usual, "
            "so everything looks alike to the network. Stop it, and halve the learning rate."
        )
    if share > 0.3 and "rank" in last and last["rank"] < _LOW_RANK * width:
        said.append(
            f"Low rank: vectors use {last['rank']:.1f} of {width} directions. More varied files "
            "help, and a smaller size; a longer training alone does not."
        )
    temperature = last.get("contrastive.temperature")
    if temperature is not None and temperature <= 0.0101:
        said.append(
            "The temperature has fallen to its least value, 0.01: few pairs decide everything. "
            "Add files, or train for less long."
        )
    said += _plateau(curve, share)
    if last.get("waited", 0.0) > _WAITING:
        said.append(
            f"{last['waited']:.0%} of the time goes into waiting for data. Close other programs, "
            "or put the project on a quicker disk."
        )
    return said


def _plateau(curve: Sequence[Mapping[str, Any]], share: float) -> list[str]:
    last = curve[-1]
    loss, chance = last.get("contrastive.loss"), last.get("contrastive.chance")
    if loss is None or chance is None or share < 0.5 or loss < 0.97 * chance:
        return []
    return [
        f"Plateau: the contrastive loss is {loss:.2f} and guessing gives {chance:.2f}, so nothing "
        "is learned from pairs yet. Such a plateau often ends by itself; a larger budget is what "
        "it needs."
    ]
