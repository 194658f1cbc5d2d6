"""Ways to join two modalities that learn by gradient: small, and all from the same latents.

tensor       low-rank tensor fusion, arXiv 1806.00064: a product of both sides, in eight terms
bottleneck   attention bottlenecks, arXiv 2107.00135: each side attends to itself and to four tokens
             through which alone it hears of the other
central      CentralNet, arXiv 1808.07275: a third column takes in a weighed part of either side's
             layers, and each of the three columns answers

A side that is missing is a learned row, which is also shown for one side in five while training.
Each stops by the accuracy on pairs of one training speaker who is left out, and keeps its best.
"""
# B pairs, D numbers of a side, H hidden

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

CLASSES, HIDDEN, EPOCHS, PATIENCE = 10, 96, 60, 10


class TensorProduct(nn.Module):
    """Low-rank tensor fusion."""

    def __init__(self, widths: tuple[int, int], rank: int = 8) -> None:
        super().__init__()
        self.sides = nn.ModuleList(
            nn.Sequential(nn.Linear(width, HIDDEN), nn.ReLU(), nn.Dropout(0.3)) for width in widths
        )
        size = (rank, HIDDEN + 1, HIDDEN)
        self.factors = nn.ParameterList(
            nn.Parameter(torch.randn(size) / HIDDEN**0.5) for _ in widths
        )
        self.answer = nn.Linear(HIDDEN, CLASSES)

    def forward(self, sides: list[Tensor]) -> list[Tensor]:
        """From two of `[B, D]` to one or more `[B, 10]`, the answer first."""
        joint = torch.ones(1)
        for net, factor, side_BD in zip(self.sides, self.factors, sides, strict=True):
            hidden_BH = net(side_BD)
            one_B1 = torch.ones(len(hidden_BH), 1)
            joint = joint * torch.einsum("bh,rho->bro", torch.cat([hidden_BH, one_B1], 1), factor)
        return [self.answer(joint.sum(dim=1))]


class Bottleneck(nn.Module):
    """Attention through a few tokens."""

    def __init__(self, widths: tuple[int, int], tokens: int = 8, layers: int = 2) -> None:
        super().__init__()
        self.tokens, size = tokens, 48
        self.into = nn.ModuleList(nn.Linear(width, tokens * size) for width in widths)
        self.shared = nn.Parameter(torch.randn(1, 4, size) * 0.02)
        self.sides, self.depth = len(widths), layers
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(size, 4, 2 * size, 0.2, batch_first=True)
            for _ in range(layers * len(widths))
        )
        self.answer = nn.Linear(size, CLASSES)

    def forward(self, sides: list[Tensor]) -> list[Tensor]:
        """From two of `[B, D]` to one or more `[B, 10]`, the answer first."""
        held = [
            net(side).reshape(len(side), self.tokens, -1)
            for net, side in zip(self.into, sides, strict=True)
        ]
        shared = self.shared.expand(len(held[0]), -1, -1)
        for layer in range(self.depth):
            heard = []
            for place in range(self.sides):
                both = self.layers[layer * self.sides + place](
                    torch.cat([held[place], shared], dim=1)
                )
                held[place] = both[:, : self.tokens]
                heard.append(both[:, self.tokens :])
            shared = torch.stack(heard).mean(dim=0)
        pooled = torch.cat([*held, shared], dim=1).mean(dim=1)
        return [self.answer(pooled)]


class Central(nn.Module):
    """A column between two columns."""

    def __init__(self, widths: tuple[int, int], layers: int = 2) -> None:
        super().__init__()
        self.sides = nn.ModuleList(
            nn.Linear(HIDDEN if layer else width, HIDDEN)
            for layer in range(layers)
            for width in widths
        )
        self.centre = nn.ModuleList(nn.Linear(HIDDEN, HIDDEN) for _ in range(layers))
        self.weights = nn.Parameter(torch.full((layers + 1, 3), 1 / 3))
        self.answers = nn.ModuleList(nn.Linear(HIDDEN, CLASSES) for _ in range(3))
        self.drop = nn.Dropout(0.3)

    def forward(self, sides: list[Tensor]) -> list[Tensor]:
        """From two of `[B, D]` to one or more `[B, 10]`, the answer first."""
        held = list(sides)
        middle = torch.zeros(len(sides[0]), HIDDEN)
        for layer, net in enumerate(self.centre):
            held = [
                self.drop(functional.relu(self.sides[layer * len(sides) + place](side)))
                for place, side in enumerate(held)
            ]
            own, *theirs = self.weights[layer]
            both = own * middle + sum(w * side for w, side in zip(theirs, held, strict=True))
            middle = self.drop(functional.relu(net(both)))
        return [answer(each) for answer, each in zip(self.answers, [middle, *held], strict=True)]


ARMS: dict[str, Callable[[tuple[int, int]], nn.Module]] = {
    "low-rank tensor fusion": TensorProduct,
    "bottleneck attention": Bottleneck,
    "CentralNet": Central,
}


class Fitted:
    """A trained way to join two sides.

    Args:
        net: Trained.
        absent: Per side `[D]`, what stands for one that is missing.
        scales: Per side mean and deviation.
    """

    def __init__(
        self,
        net: nn.Module,
        absent: nn.ParameterList,
        scales: list[tuple[NDArray[np.float32], NDArray[np.float32]]],
    ) -> None:
        self._net = net
        self._absent = absent
        self._scales = scales

    def says(self, sides: list[NDArray[np.floating]], mask: NDArray[np.bool_]) -> NDArray[np.intp]:
        """`[B]` answers.

        Args:
            sides: Two of `[B, D]`.
            mask: `[B, 2]` what is there.
        """
        self._net.eval()
        with torch.no_grad():
            given = [_scaled(side, scale) for side, scale in zip(sides, self._scales, strict=True)]
            shown = _hidden(given, torch.from_numpy(mask), self._absent)
            return self._net(shown)[0].argmax(dim=1).numpy()


def train(
    name: str,
    sides: list[NDArray[np.floating]],
    mask: NDArray[np.bool_],
    digits: NDArray[np.integer],
    held: NDArray[np.bool_],
    seed: int,
) -> Fitted:
    """Train one way.

    Args:
        name: One of `ARMS`.
        sides: Two of `[N, D]`.
        mask: `[N, 2]` what is there.
        digits: `[N]`.
        held: `[N]` pairs that decide when to stop.
        seed: Everything random follows from it.
    """
    torch.manual_seed(seed)
    net = ARMS[name]((sides[0].shape[1], sides[1].shape[1]))
    scales = []
    for place, side in enumerate(sides):
        rows = side[~held & mask[:, place]].astype(np.float32)
        scales.append((rows.mean(axis=0), np.full(1, rows.std(), np.float32)))
    absent = nn.ParameterList(nn.Parameter(torch.zeros(side.shape[1])) for side in sides)
    given = [_scaled(side, scale) for side, scale in zip(sides, scales, strict=True)]
    there, labels = torch.from_numpy(mask), torch.from_numpy(digits.astype(np.int64))
    steps = torch.optim.AdamW([*net.parameters(), *absent.parameters()], 2e-3, weight_decay=0.01)
    rows, out = np.flatnonzero(~held), np.flatnonzero(held)
    best, kept, waited = -1.0, {}, 0
    rest: list[Tensor] = []
    for _ in range(EPOCHS):
        net.train()
        for some in torch.from_numpy(rows)[torch.randperm(len(rows))].split(128):
            shown = there[some].clone()
            drop, side = torch.rand(len(some)) < 0.2, torch.randint(2, (len(some),))
            drop &= shown.all(dim=1)
            shown[drop, side[drop]] = False
            said = net(_hidden([each[some] for each in given], shown, absent))
            loss = torch.stack([functional.cross_entropy(s, labels[some]) for s in said]).sum()
            steps.zero_grad()
            loss.backward()
            steps.step()
        fitted = Fitted(net, absent, scales)
        right = float((fitted.says([s[out] for s in sides], mask[out]) == digits[out]).mean())
        if right > best:
            best, waited = right, 0
            kept = {key: value.clone() for key, value in net.state_dict().items()}
            rest = [each.detach().clone() for each in absent]
        else:
            waited += 1
            if waited == PATIENCE:
                break
    net.load_state_dict(kept)
    return Fitted(net, nn.ParameterList(map(nn.Parameter, rest)), scales)


def _scaled(
    side: NDArray[np.floating], scale: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> Tensor:
    middle, size = scale
    return torch.from_numpy((np.asarray(side, np.float32) - middle) / size)


def _hidden(sides: list[Tensor], there: Tensor, absent: nn.ParameterList) -> list[Tensor]:
    return [
        torch.where(there[:, place : place + 1], side, absent[place])
        for place, side in enumerate(sides)
    ]
