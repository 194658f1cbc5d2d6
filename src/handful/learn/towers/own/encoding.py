"""Pooled vectors of kept values, from an own network."""
# n values, D numbers

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from handful.learn.model.packed.segments import mean
from handful.learn.model.packed.tokens import pack
from handful.learn.model.packed.transformer import PackedTransformer, Read, norm
from handful.learn.towers.own.reading import Reading, piece

_MOST_TOKENS = 8192


def pooled(
    network: PackedTransformer,
    modality: str,
    values: Sequence[NDArray[Any]],
    reading: Reading,
    precision: Callable[[], AbstractContextManager[Any]] = nullcontext,
    layers: Sequence[int | None] = (None,),
) -> NDArray[np.float32]:
    """One vector per value and layer: the mean of its tokens.

    Args:
        network: That reads.
        modality: Of the values.
        values: What `reading.kept` gave, one or more.
        reading: As there.
        precision: What is computed in.
        layers: 0 for what enters the first layer, 1 for what leaves it, None for the output.

    Returns:
        `[n, D]` of the output, or `[n, layers * D]` side by side.
    """
    tokens = pack([piece(modality, row, value, reading) for row, value in enumerate(values)])
    found = np.zeros((len(values), len(layers) * network.shape.width), np.float32)
    device = next(network.parameters()).device
    for part in tokens.cut(_MOST_TOKENS):
        with torch.no_grad(), precision():
            read = network(part.to(device))
        rows = [_layer(read, layer) for layer in layers]
        found[list(part.rows)] = torch.cat(rows, dim=1).float().cpu().numpy()
    return found


def _layer(read: Read, layer: int | None) -> torch.Tensor:
    if layer is None:
        return read.pooled_SD()
    return mean(norm(read.entered_TD if layer == 0 else read.left[layer - 1]), read.segments)
