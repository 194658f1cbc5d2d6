"""The trained head in numpy, so that a release answers without torch.

It computes what `network.py` does, to 1e-5; a test compares the two.
"""
# M items, T tokens (bottlenecks first), D numbers of a token, H heads, E = D / H, K classes

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from handful.learn.rungs.attention_fusion.tokens import Inputs

Weights = Mapping[str, NDArray[Any]]
"""Names as torch gives them, with `/` for `.`; `heads` besides."""
_EPSILON = 1e-5

Floats = NDArray[np.float32]


def answer_scores(weights: Weights, given: Inputs) -> Floats:
    """Scores of items.

    Args:
        weights: Of a trained head.
        given: `M` items, each with at least one modality.

    Returns:
        `[M, K]` float32.
    """
    heads, width = int(weights["heads"]), weights["bottlenecks"].shape[1]
    items = len(given.has_any)
    starts = np.broadcast_to(weights["bottlenecks"], (items, *weights["bottlenecks"].shape))
    tokens, present = [starts], [np.ones((items, starts.shape[1]), dtype=bool)]
    straight = np.tile(weights["bias"], (items, 1))
    # By name, as a sum of small numbers depends on its order.
    for name in sorted(given.rows):
        rows, held = given.rows[name], given.present[name]
        made = _linear(weights, f"embed/{name}", rows).reshape(items, -1, width)
        tokens.append(made)
        present.append(np.repeat(held[:, None], made.shape[1], axis=1))
        straight += np.where(held[:, None], rows @ weights[f"straight/{name}/weight"].T, 0)
    x_MTD = np.concatenate(tokens, axis=1)
    present_MT = np.concatenate(present, axis=1)
    layer = 0
    while f"layers/{layer}/mix/weight" in weights:
        x_MTD = _layer(weights, f"layers/{layer}", x_MTD, present_MT, heads)
        layer += 1
    gathered = _norm(weights, "last", x_MTD[:, : starts.shape[1]]).mean(axis=1)
    return (straight + gathered @ weights["head/weight"].T).astype(np.float32)


def _layer(
    weights: Weights, name: str, x_MTD: Floats, present_MT: NDArray[np.bool_], heads: int
) -> Floats:
    items, tokens, width = x_MTD.shape
    mixed = _linear(weights, f"{name}/mix", _norm(weights, f"{name}/before_mix", x_MTD))
    parts = mixed.reshape(items, tokens, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
    q_MHTE, k_MHTE, v_MHTE = parts
    alike = q_MHTE @ k_MHTE.transpose(0, 1, 3, 2) / np.float32((width // heads) ** 0.5)
    alike = np.where(present_MT[:, None, None, :], alike, -np.inf)
    alike = np.exp(alike - alike.max(axis=-1, keepdims=True))
    alike /= alike.sum(axis=-1, keepdims=True)
    gathered = (alike @ v_MHTE).transpose(0, 2, 1, 3).reshape(items, tokens, width)
    x_MTD = x_MTD + _linear(weights, f"{name}/out", gathered)
    wide = _linear(weights, f"{name}/wide", _norm(weights, f"{name}/before_wide", x_MTD))
    wide = wide * 0.5 * (1 + erf(wide / np.float32(2**0.5)))
    return x_MTD + _linear(weights, f"{name}/narrow", wide)


def _linear(weights: Weights, name: str, rows: Floats) -> Floats:
    found: Floats = rows @ weights[f"{name}/weight"].T + weights[f"{name}/bias"]
    return found


def _norm(weights: Weights, name: str, rows: Floats) -> Floats:
    centred = rows - rows.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
    found: Floats = centred / spread * weights[f"{name}/weight"] + weights[f"{name}/bias"]
    return found
