"""Latents of a batch: the operator that follows `data.operators`, for whoever runs a cluster.

Routes encode through a cache and in the same way; this is the part that needs neither project nor
library. The tower is fitted already and travels with the function.
Adds: for each view of the tower a list of float32, null where a row has no value of its modality.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa

from handful.data.operators.base import need, values_of, with_columns
from handful.learn.towers.base import Tower

PREFIX = "latent_"
"""Before the view's name, in the name of its column."""


def columns(tower: Tower[Any], only: Collection[str] | None = None) -> pa.Schema:
    """What `encode` adds.

    Args:
        tower: Any.
        only: Views; all when left out.
    """
    views = sorted(tower.fingerprints() if only is None else only)
    return pa.schema([(PREFIX + view, pa.list_(pa.float32())) for view in views])


def encode(
    batch: pa.RecordBatch, tower: Tower[Any], only: Collection[str] | None = None
) -> pa.RecordBatch:
    """Encode the rows of a batch that have the tower's modality.

    Args:
        batch: What `canonicalise` made.
        tower: Fitted.
        only: Views; all when left out.

    Returns:
        The batch with the columns that `columns` names.

    Raises:
        UsageError: When a column is missing, the tower is not fitted, or a view is unknown.
    """
    need(batch, "modality")
    schema = columns(tower, only)
    kinds = batch.column("modality").to_pylist()
    values = values_of(batch)
    rows = [
        row
        for row, value in enumerate(values)
        if value is not None and kinds[row] == tower.modality
    ]
    found: dict[str, list[np.ndarray | None]] = {
        name: [None] * batch.num_rows for name in schema.names
    }
    views = tower.encode([values[row] for row in rows], only=only) if rows else {}
    for view, latents in views.items():
        for row, latent in zip(rows, latents, strict=True):
            found[PREFIX + view][row] = latent
    return with_columns(batch, schema, found)
