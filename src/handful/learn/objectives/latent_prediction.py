"""Predict what a slow copy of the network sees, from a part of the tokens.

Use when: files of any kind lie there unlabelled, each by itself.
Needs: one modality. Cost: a teacher pass over all tokens, and several student passes over few.
Source: data2vec 2.0, arXiv 2212.07525 section 3 (visible tokens only, several masks per teacher
pass, mean of normalised top layers as the target, blocks kept instead of masked). The decoder is a
narrow transformer as in arXiv 2301.08243, and not convolutions: packed tokens lie on no grid.
"""
# T tokens of the batch, t those of all masks, D width, P width of the decoder, S segments

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from handful.foundation.errors import require
from handful.learn.model.packed.tokens import Piece, Tokens, pack
from handful.learn.model.packed.transformer import PackedTransformer, Trunk, norm
from handful.learn.model.sizes import Shape
from handful.learn.objectives.base import Draw, Objective, Step
from handful.learn.towers.own.changing import changed
from handful.learn.towers.own.reading import Reading, piece

_PURPOSE = 2
_HEAD = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How much is hidden, and how it is predicted."""

    masks: int = 4
    """Masks per teacher pass; 4 on a CPU, 8 to 16 on a GPU."""
    hidden_image: float = 0.75
    """Share of a picture that is predicted."""
    hidden_audio: float = 0.6
    """Share of a sound that is predicted."""
    hidden_text: float = 0.45
    """Share of a text that is predicted."""
    top: int = 4
    """Layers of the teacher whose mean is the target; at most all."""
    decoder_layers: int = 2
    """Blocks of the decoder."""

    def __post_init__(self) -> None:
        require(self.masks >= 1, "masks", self.masks, "1 or more")
        for name in ("hidden_image", "hidden_audio", "hidden_text"):
            require(0 < getattr(self, name) < 1, name, getattr(self, name), "between 0 and 1")
        require(self.top >= 1, "top", self.top, "1 or more")
        require(self.decoder_layers >= 1, "decoder_layers", self.decoder_layers, "1 or more")


class Prepared(NamedTuple):
    """The views of one process's part.

    Attributes:
        tokens: Whole values, packed; two tokens or more each.
        visible_MT: Which tokens each mask leaves.
    """

    tokens: Tokens
    visible_MT: Tensor


class LatentPrediction(Objective):
    """data2vec 2.0 on packed tokens.

    Args:
        reading: How finely files are read.
        config: Masks and decoder.
        network: Whose latents are predicted.
    """

    def __init__(self, reading: Reading, config: Config, network: PackedTransformer) -> None:
        super().__init__(reading)
        self.config = config
        width = network.shape.width
        heads = max(1, width // 2 // _HEAD)
        narrow = Shape(width=heads * _HEAD, layers=config.decoder_layers, heads=heads)
        self.enter = nn.Linear(width, narrow.width, bias=False)
        self.mask = nn.Parameter(torch.randn(narrow.width) * 0.02)
        self.decoder = Trunk(narrow)
        self.leave = nn.Linear(narrow.width, width)

    def prepare(self, draw: Draw) -> Prepared | None:
        """Draw one view per value, and its masks; see `Objective.prepare`."""
        pieces: list[Piece] = []
        masks: dict[tuple[int, str], NDArray[np.bool_]] = {}
        for entry in draw.entries:
            dice = draw.dice(entry, _PURPOSE)
            value = entry.values[int(dice.integers(len(entry.values)))]
            value = changed(entry.modality, value, self.reading, dice)
            found = piece(entry.modality, entry.row, value, self.reading)
            if len(found.raw) >= 2:
                pieces.append(found)
                masks[entry.row, entry.modality] = self._masks(found, dice)
        if not pieces:
            return None
        tokens = pack(pieces)
        order = zip(tokens.rows, tokens.kinds, strict=True)
        visible = np.concatenate([masks[key] for key in order], axis=1)
        return Prepared(tokens, torch.from_numpy(visible))

    def _masks(self, value: Piece, dice: np.random.Generator) -> NDArray[np.bool_]:
        """`[M, n]` what stays visible: the tokens nearest to one or two random ones."""
        tokens = len(value.raw)
        hidden = float(getattr(self.config, f"hidden_{value.modality}"))
        kept = min(tokens - 1, max(1, round((1 - hidden) * tokens)))
        visible = np.zeros((self.config.masks, tokens), bool)
        for row in visible:
            centres = value.places[dice.integers(0, tokens, 1 + int(tokens >= 16))]
            away = np.abs(value.places[:, None] - centres).max(axis=2).min(axis=1)
            row[np.argsort(away + dice.random(tokens))[:kept]] = True
        return visible

    def accumulate(self, prepared: Prepared | None, step: Step) -> dict[str, float]:
        """Add gradients of the mean over hidden tokens; see `Objective.accumulate`."""
        mine = float((~prepared.visible_MT).sum()) if prepared else 0.0
        total = step.peers.sum(torch.tensor([mine])).item()
        if not total:
            return {}
        sums = torch.zeros(1 + 2 * step.student.shape.width)
        for part, visible_MT in _cut(prepared, step.most_tokens) if prepared else ():
            loss, moments = self._piece(part, visible_MT, step)
            (loss * (step.weight / total)).backward()
            sums += torch.cat([loss.detach()[None], moments]).cpu()
        sums = step.peers.sum(sums)
        first_D, second_D = (sums[1:] / total).chunk(2)
        spread = (second_D - first_D.square()).mean().item()
        return {"loss": sums[0].item() / total, "spread": spread}

    def _piece(self, tokens: Tokens, visible_MT: Tensor, step: Step) -> tuple[Tensor, Tensor]:
        """Sums over hidden tokens: of the error, and of targets and their squares, `[2 D]`."""
        copies, source_t = self._copies(tokens)
        spans = _spans(tokens)
        flat = torch.cat([visible_MT[:, start:stop].flatten() for start, stop in spans])
        with torch.no_grad(), step.precision():
            target_TD = self.target(step.teacher, tokens)
        with step.precision():
            few, at = copies.keep(flat)
            seen = step.student(few).tokens_TD
            entered_tP = self.mask.to(seen.dtype).expand(len(copies), -1)
            entered_tP = entered_tP.index_copy(0, at.to(seen.device), self.enter(seen))
            left = self.decoder(entered_tP, self.decoder.turn(copies), copies.segments)[-1]
            hidden = (~flat).nonzero()[:, 0]
            guess_hD = self.leave(norm(left[hidden]))
        wanted_hD = target_TD[source_t[hidden]]
        error_h = (guess_hD.float() - wanted_hD).square().mean(dim=1)
        moments = torch.cat([wanted_hD.sum(dim=0), wanted_hD.square().sum(dim=0)])
        return error_h.sum(), moments

    def _copies(self, tokens: Tokens) -> tuple[Tokens, Tensor]:
        """Every segment once per mask, side by side, and which token each one is."""
        masks = self.config.masks
        spans = [torch.arange(start, stop) for start, stop in _spans(tokens)]
        chosen = torch.cat([span for span in spans for _ in range(masks)])
        lengths = [length for length in tokens.segments.lengths for _ in range(masks)]
        of = [place for place in range(len(tokens.segments)) for _ in range(masks)]
        return tokens.choose(chosen, lengths, of)

    def target(self, teacher: PackedTransformer, tokens: Tokens) -> Tensor:
        """`[T, D]` the mean of the teacher's normalised top layers, normalised itself.

        Args:
            teacher: The slow copy.
            tokens: Whole values.
        """
        left = teacher(tokens).left[-self.config.top :]
        width = (teacher.shape.width,)
        mean_TD = torch.stack([F.layer_norm(each.float(), width) for each in left]).mean(dim=0)
        return F.layer_norm(mean_TD, width)


def _cut(prepared: Prepared, most: int) -> Iterator[tuple[Tokens, Tensor]]:
    """Pieces of the batch with their masks."""
    start = 0
    for part in prepared.tokens.cut(most):
        yield part, prepared.visible_MT[:, start : start + len(part)]
        start += len(part)


def _spans(tokens: Tokens) -> list[tuple[int, int]]:
    bounds = tokens.segments.bounds().tolist()
    return list(pairwise(bounds))
