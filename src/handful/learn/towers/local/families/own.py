"""Own towers: what `handful pretrain` made from the project's files."""
# n values, D numbers

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handful.foundation.errors import UsageError, require
from handful.learn.towers.local.encoder import Encoder, Rows
from handful.learn.towers.local.families.base import (
    About,
    Family,
    number,
    require_modality,
    require_shapes,
)
from handful.learn.towers.local.folder import ModelFolder
from handful.learn.towers.local.networks import Arithmetic, require_finite
from handful.learn.towers.local.taps import Tap
from handful.learn.towers.local.weights import read_weights


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How much is read at once."""

    values: int = 256
    """Values per batch, at most."""

    def __post_init__(self) -> None:
        require(self.values >= 1, "values", self.values, "1 or more")


class Own(Family):
    """Folders whose config says `own`."""

    libraries: ClassVar[tuple[str, ...]] = ()

    def look(self, folder: ModelFolder) -> About:
        """Describe a folder; see `Family.look`."""
        weights = read_weights(folder.path)
        width = number(folder, "network", "shape", "width")
        layers = number(folder, "network", "shape", "layers")
        kinds = {name: f"kinds.{name}" for name in ("text", "image", "audio")}
        known = [name for name, tensor in kinds.items() if tensor in weights.shapes]
        last = f"trunk.blocks.{layers - 1}.out.weight"
        require_shapes(folder, weights, {last: (width, width)})
        return About(
            widths=dict.fromkeys(known, width),
            layers=dict.fromkeys(known, layers),
            weights=weights,
        )

    def load(self, folder: ModelFolder, modality: str, arithmetic: Arithmetic) -> Encoder:
        """Load the network; see `Family.load`."""
        from handful.learn.towers.own.folder import load

        network, reading = load(folder.config, folder.path)
        require_modality(network.modalities, modality, folder)
        require_finite(network, folder.path)
        return _Values(network, reading, modality, arithmetic, self.config.values)


class _Values(Encoder):
    """Values of one modality, packed."""

    def __init__(
        self, network: Any, reading: Any, modality: str, arithmetic: Arithmetic, values: int
    ) -> None:
        self._network, self._reading, self._modality = network, reading, modality
        self._arithmetic, self._values = arithmetic, values

    def encode(self, values: Sequence[Any], taps: Collection[Tap]) -> Rows:
        order = list(taps)
        for tap in order:
            if tap.pooling == "first":
                raise UsageError(
                    "An own tower has no first token that stands for the rest.",
                    f"`{tap.layer}` for the mean of the tokens of that layer",
                )
        parts = [
            self._some(values[start : start + self._values], order)
            for start in range(0, len(values), self._values)
        ]
        rows = np.concatenate(parts)
        wide = self._network.shape.width
        return {tap: rows[:, n * wide : (n + 1) * wide] for n, tap in enumerate(order)}

    def _some(self, values: Sequence[Any], taps: Sequence[Tap]) -> Any:
        from handful.learn.towers.own.encoding import pooled
        from handful.learn.towers.own.reading import kept

        arrays = [kept(self._modality, value, self._reading)[0] for value in values]
        layers = [tap.layer for tap in taps]
        return pooled(self._network, self._modality, arrays, self._reading, self._precision, layers)

    def _precision(self) -> AbstractContextManager[Any]:
        import torch

        if self._arithmetic == "float32":
            return nullcontext()
        return torch.autocast("cpu", torch.bfloat16)
