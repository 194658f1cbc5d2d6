"""One small tower per modality and a line over their joined features, absent ones left out."""
# n items that have a modality, M items, W features per tower, K classes

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from handful.learn.rungs.conv_scratch.inputs import COLUMNS, Inputs

WIDTH = 128
_CHANNELS = (32, 64, 128, WIDTH)


class Network(nn.Module):
    """Towers whose features stand side by side, with a flag for each modality that is there.

    Args:
        modalities: Those that it learns from.
        classes: K.
    """

    def __init__(self, modalities: Sequence[str], classes: int) -> None:
        super().__init__()
        self.modalities = tuple(modalities)
        self.towers = nn.ModuleDict({name: _tower(name) for name in modalities})
        self.dropout = nn.Dropout(0.3)
        self.line = nn.Linear((WIDTH + 1) * len(self.modalities), classes)

    def forward(
        self, values: Mapping[str, Tensor], rows: Mapping[str, Tensor], items: int
    ) -> Tensor:
        """Scores `[M, K]`.

        Args:
            values: Modality to `[n, ...]` of the items that have it.
            rows: Modality to `[n]` which of the M items these are.
            items: M.
        """
        joined = []
        for name in self.modalities:
            place_MW = torch.zeros(items, WIDTH + 1)
            if name in values and len(values[name]):
                found_nW = self.dropout(self.towers[name](values[name]))
                flag_n1 = torch.ones(len(found_nW), 1)
                place_MW = place_MW.index_copy(0, rows[name], torch.cat([found_nW, flag_n1], 1))
            joined.append(place_MW)
        return self.line(torch.cat(joined, dim=1))


def scores(network: Network, given: Inputs, batch: int = 256) -> NDArray[np.float64]:
    """Scores of items.

    Args:
        network: Trained.
        given: `M` items.
        batch: How many go through at once.

    Returns:
        `[M, K]`.
    """
    network.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, given.items, batch):
            chosen = np.arange(start, min(start + batch, given.items))
            values, rows = pick(given, chosen, network.modalities)
            found.append(network(values, rows, len(chosen)).double().numpy())
    return np.concatenate(found)


def pick(
    given: Inputs, chosen: NDArray[np.intp], modalities: Sequence[str]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Values of some items and which of them have each modality, as tensors.

    Args:
        given: Items.
        chosen: `[m]` which ones, each once.
        modalities: Those that the network knows.
    """
    part = given.take(chosen)
    known = [name for name in modalities if name in part.values]
    values = {name: _tensor(name, part.values[name]) for name in known}
    return values, {name: torch.from_numpy(part.rows[name]) for name in known}


def _tensor(name: str, values: NDArray[np.generic]) -> Tensor:
    found = torch.from_numpy(values)
    if name == "image":
        return (found.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
    return found


def _tower(name: str) -> nn.Module:
    if name == "text":
        return nn.Sequential(nn.Dropout(0.2), nn.Linear(COLUMNS, WIDTH), nn.ReLU())
    layers: list[nn.Module] = []
    before = 3 if name == "image" else 1
    for channels in _CHANNELS:
        layers += [
            nn.Conv2d(before, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        ]
        before = channels
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten())
