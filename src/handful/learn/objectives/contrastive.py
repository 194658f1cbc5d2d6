"""Pull values of one item close, push those of other items apart.

Use when: items carry two modalities or more (photo and caption, clip and sound).
Needs: two modalities per item. Cost: B x B logits per step and pair of modalities; when the batch
is computed in pieces, one more forward pass.
Source: InfoNCE, arXiv 1807.03748 eq. 4; cached gradients, arXiv 2101.06983 section 3; dropped
patches, arXiv 2212.00794.

The batch may be larger than memory and still exact: all vectors are computed without a graph, the
loss of the whole batch gives each vector its gradient, and a second pass carries these into the
network piece by piece. Several processes do the same with the sum of their tables.
"""
# B items of the whole batch, E numbers per vector, S segments

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handful.foundation.errors import require
from handful.learn.model.packed.tokens import Tokens, pack
from handful.learn.model.packed.transformer import PackedTransformer
from handful.learn.objectives.base import Draw, Entry, Objective, Step
from handful.learn.towers.own.changing import changed
from handful.learn.towers.own.reading import Reading, count, piece

_PURPOSE = 1
_RANGE = (0.01, 0.5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How strict, and how much is seen."""

    temperature: float = 0.07
    """Where it starts; it is learned, within 0.01 and 0.5."""
    width: int = 128
    """Numbers of the vectors that are compared; 64 to 512."""
    keep: float = 0.5
    """Share of the tokens of pictures and sounds that are seen; 0.25 to 1."""
    keep_words: float = 0.85
    """Share of words that are seen."""

    def __post_init__(self) -> None:
        fits = _RANGE[0] <= self.temperature <= _RANGE[1]
        require(fits, "temperature", self.temperature, "in [0.01, 0.5]")
        require(self.width >= 2, "width", self.width, "2 or more")
        require(0 < self.keep <= 1, "keep", self.keep, "in (0, 1]")
        require(0 < self.keep_words <= 1, "keep_words", self.keep_words, "in (0, 1]")


class Prepared(NamedTuple):
    """The views of one process's part.

    Attributes:
        tokens: Packed, a segment per value; None when this process has none.
        items: B.
    """

    tokens: Tokens | None
    items: int


class Contrastive(Objective):
    """InfoNCE between every two modalities that items carry.

    Args:
        reading: How finely files are read.
        config: Temperature, width and dropping.
        network: Whose outputs are compared.
    """

    def __init__(self, reading: Reading, config: Config, network: PackedTransformer) -> None:
        super().__init__(reading)
        self.config = config
        self.heads = nn.ModuleDict(
            {
                name: nn.Linear(network.shape.width, config.width, bias=False)
                for name in network.modalities
            }
        )
        self.log_temperature = nn.Parameter(torch.tensor(config.temperature).log())
        self.is_whole = False
        """True at the end of a training, when nothing is dropped any more."""

    def prepare(self, draw: Draw) -> Prepared:
        """Draw one view per value; see `Objective.prepare`."""
        pieces = [self._piece(draw, entry) for entry in draw.entries]
        return Prepared(pack(pieces) if pieces else None, draw.items)

    def _piece(self, draw: Draw, entry: Entry) -> Any:
        dice = draw.dice(entry, _PURPOSE)
        value = entry.values[int(dice.integers(len(entry.values)))]
        value = changed(entry.modality, value, self.reading, dice)
        tokens = count(entry.modality, value, self.reading)
        share = self.config.keep_words if entry.modality == "text" else self.config.keep
        kept = tokens if self.is_whole else max(1, round(share * tokens))
        chosen = np.sort(dice.permutation(tokens)[:kept])
        return piece(entry.modality, entry.row, value, self.reading, chosen)

    def accumulate(self, prepared: Prepared, step: Step) -> dict[str, float]:
        """Add gradients of the whole batch's loss; see `Objective.accumulate`."""
        parts = prepared.tokens.cut(step.most_tokens) if prepared.tokens else []
        items = prepared.items
        if len(parts) == 1 and step.peers.size == 1:
            with step.precision():
                found = self.embed(step.student, parts[0])
            loss, said = self._loss(self._tables([found], items), step)
            if loss is not None:
                loss.backward()
            return said
        with torch.no_grad(), step.precision():
            first = [self.embed(step.student, part) for part in parts]
        tables = self._tables(first, items)
        whole = {
            name: Table(step.peers.sum(table.vectors_BE), step.peers.sum(table.counts_B))
            for name, table in tables.items()
        }
        leaves = {
            name: Table(table.vectors_BE.detach().requires_grad_(), table.counts_B)
            for name, table in whole.items()
        }
        loss, said = self._loss(leaves, step)
        if loss is None:
            return said
        loss.backward()
        if step.peers.rank and self.log_temperature.grad is not None:
            self.log_temperature.grad.zero_()  # every process has all of it; the first one counts
        for part in parts:
            with step.precision():
                again = self.embed(step.student, part)
            vectors, gradients = [], []
            for name, rows, vectors_nE in again:
                gradient_BE = leaves[name].vectors_BE.grad
                if gradient_BE is not None:
                    vectors.append(vectors_nE)
                    gradients.append(gradient_BE[rows])
            if vectors:
                torch.autograd.backward(vectors, gradients)
        return said

    def embed(self, network: PackedTransformer, tokens: Tokens) -> list[Embedded]:
        """Vectors of unit length, modality by modality.

        Args:
            network: That reads.
            tokens: Packed, a segment per value.
        """
        pooled_SD = network(tokens).pooled_SD()
        found = []
        for name, head in self.heads.items():
            places = [place for place, kind in enumerate(tokens.kinds) if kind == name]
            if places:
                vectors_nE = head(pooled_SD[places]).float()
                rows = torch.tensor([tokens.rows[place] for place in places])
                found.append(Embedded(name, rows, F.normalize(vectors_nE, dim=1)))
        return found

    def _tables(self, found: Sequence[Sequence[Embedded]], items: int) -> dict[str, Table]:
        """Vectors of all items, zero where an item lacks a modality, in float32."""
        tables = {}
        for name in self.heads:
            mine = [each for part in found for each in part if each.modality == name]
            device = self.log_temperature.device
            vectors_BE = torch.zeros(items, self.config.width, device=device)
            counts_B = torch.zeros(items, device=device)
            for _, rows, vectors_nE in mine:
                vectors_BE = vectors_BE.index_copy(0, rows.to(device), vectors_nE)
                counts_B[rows] = 1.0
            tables[name] = Table(vectors_BE, counts_B)
        return tables

    def _loss(self, tables: dict[str, Table], step: Step) -> tuple[Tensor | None, dict[str, float]]:
        """Mean over pairs of modalities; None when no two items carry both."""
        low, high = _RANGE
        temperature = self.log_temperature.exp().clamp(low, high)
        losses, hits, shown = [], 0.0, 0
        for first, second in combinations(tables.values(), 2):
            both = ((first.counts_B > 0) & (second.counts_B > 0)).nonzero()[:, 0]
            if len(both) < 2:
                continue
            logits_BB = first.vectors_BE[both] @ second.vectors_BE[both].T / temperature
            target_B = torch.arange(len(both), device=logits_BB.device)
            forth = F.cross_entropy(logits_BB, target_B)
            back = F.cross_entropy(logits_BB.T, target_B)
            losses.append((forth + back) / 2)
            hits += float((logits_BB.argmax(dim=1) == target_B).sum())
            shown += len(both)
        if not losses:
            return None, {}
        loss = torch.stack(losses).mean()
        said = {
            "loss": loss.item(),
            "temperature": temperature.item(),
            "chance": float(np.log(shown / len(losses))),
            "hits": hits / shown,
        }
        return loss * step.weight, said


class Embedded(NamedTuple):
    """Vectors of some values.

    Attributes:
        modality: Of the values.
        rows: `[n]` items.
        vectors_nE: Of unit length.
    """

    modality: str
    rows: Tensor
    vectors_nE: Tensor


class Table(NamedTuple):
    """One modality of the whole batch.

    Attributes:
        vectors_BE: Zero where an item lacks it.
        counts_B: 1 where an item has it.
    """

    vectors_BE: Tensor
    counts_B: Tensor
