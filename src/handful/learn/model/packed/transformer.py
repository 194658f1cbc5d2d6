"""The transformer that text, pictures and sound share.

Pre-norm blocks with RMSNorm without weights, queries and keys of unit mean square (so attention
logits stay bounded at any learning rate), squared ReLU, and outputs that start at zero, so that a
fresh block passes its input on. Nothing is random in a pass: the same tokens give the same vectors,
which exact cached gradients and exact resuming rest on.

Source: pre-norm and RMSNorm, arXiv 1910.07467 eq. 4; QK-norm, arXiv 2010.04245; squared ReLU,
arXiv 2109.08668; zero-initialised outputs, arXiv 1901.09321.
"""
# T tokens, S segments, D width, H heads, d numbers per head

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handful.learn.model.packed import rotary
from handful.learn.model.packed.attention import attend
from handful.learn.model.packed.rotary import Turn
from handful.learn.model.packed.segments import Segments, mean
from handful.learn.model.packed.stems import WindowStem, WordStem
from handful.learn.model.packed.tokens import AXES, Tokens
from handful.learn.model.sizes import MLP, Shape

Windows = Mapping[str, tuple[int, int, int]]
"""Modality of windows to their channels, height and width."""


def norm(x: Tensor) -> Tensor:
    """Divide each vector by its root mean square.

    Args:
        x: `[..., D]`.
    """
    return F.rms_norm(x, (x.shape[-1],))


class Block(nn.Module):
    """Attention within segments, then a feed-forward part.

    Args:
        shape: Of the transformer.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, MLP * width, bias=False)
        self.down = nn.Linear(MLP * width, width, bias=False)
        for line in (self.qkv, self.up):
            nn.init.normal_(line.weight, std=width**-0.5)
        for line in (self.out, self.down):
            nn.init.zeros_(line.weight)

    def forward(self, x_TD: Tensor, turn: Turn, segments: Segments) -> Tensor:
        """`[T, D]`.

        Args:
            x_TD: What entered.
            turn: Where the tokens stand.
            segments: Which see each other.
        """
        q, k, v = self.qkv(norm(x_TD)).unflatten(-1, (3, self.heads, -1)).unbind(1)
        q, k = rotary.turned(norm(q), turn), rotary.turned(norm(k), turn)
        x_TD = x_TD + self.out(attend(q, k, v.to(q.dtype), segments).flatten(1))
        return x_TD + self.down(F.relu(self.up(norm(x_TD))).square())


class Trunk(nn.Module):
    """Blocks one after another.

    Args:
        shape: Width, layers and heads.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        for axes in (1, 2):
            speeds = rotary.rates(shape.head_width, axes)
            self.register_buffer(f"rates_{axes}", speeds, persistent=False)

    def turn(self, tokens: Tokens) -> Turn:
        """Where tokens stand, for all blocks.

        Args:
            tokens: Packed.
        """
        angles = tokens.places_T2 @ self.get_buffer("rates_1")
        for name, held in tokens.held.items():
            if AXES[name] == 2:
                angles[held] = tokens.places_T2[held] @ self.get_buffer("rates_2")
        return rotary.turn_of(angles)

    def forward(self, x_TD: Tensor, turn: Turn, segments: Segments) -> list[Tensor]:
        """What leaves each block, `layers` times `[T, D]`.

        Args:
            x_TD: What enters the first.
            turn: Where the tokens stand.
            segments: Which see each other.
        """
        left = []
        for block in self.blocks:
            x_TD = block(x_TD, turn, segments)
            left.append(x_TD)
        return left


@dataclass(frozen=True, eq=False)
class Read:
    """What the model made of some tokens.

    Attributes:
        entered_TD: What the stems gave.
        left: What left each block, `[T, D]`.
        segments: How the tokens are packed.
    """

    entered_TD: Tensor
    left: Sequence[Tensor]
    segments: Segments

    @property
    def tokens_TD(self) -> Tensor:
        """The model's own output, one vector per token, of unit mean square."""
        return norm(self.left[-1])

    def pooled_SD(self) -> Tensor:
        """One vector per segment: the mean of its tokens."""
        return mean(self.tokens_TD, self.segments)


class PackedTransformer(nn.Module):
    """Stems for the modalities and the trunk that they share.

    Args:
        shape: Of the trunk.
        windows: Modalities of windows, with their windows.
        has_text: Whether words are read too.
    """

    def __init__(self, shape: Shape, windows: Windows, has_text: bool) -> None:
        super().__init__()
        self.shape, self.windows, self.has_text = shape, dict(windows), has_text
        stems: dict[str, nn.Module] = {"text": WordStem(shape.width)} if has_text else {}
        stems |= {name: WindowStem(window, shape.width) for name, window in windows.items()}
        self.stems = nn.ModuleDict(stems)
        # What a token is of: without it nothing tells a word from a patch in a joined segment.
        self.kinds = nn.ParameterDict(
            {name: nn.Parameter(torch.randn(shape.width) * 0.02) for name in stems}
        )
        self.trunk = Trunk(shape)

    @property
    def modalities(self) -> tuple[str, ...]:
        """What it reads."""
        return tuple(self.stems)

    def forward(self, tokens: Tokens) -> Read:
        """Read packed tokens.

        Args:
            tokens: Of modalities that it reads.
        """
        entered = self.enter(tokens)
        left = self.trunk(entered, self.trunk.turn(tokens), tokens.segments)
        return Read(entered, left, tokens.segments)

    def enter(self, tokens: Tokens) -> Tensor:
        """`[T, D]` what the stems make of raw tokens.

        Args:
            tokens: Of modalities that it reads.
        """
        parts = {
            name: norm(self.stems[name](raw)) + self.kinds[name] for name, raw in tokens.raw.items()
        }
        if len(parts) == 1:
            return next(iter(parts.values()))
        first = next(iter(parts.values()))
        entered = first.new_zeros(len(tokens), self.shape.width)
        for name, part_nD in parts.items():
            entered = entered.index_copy(0, tokens.held[name], part_nD.to(entered.dtype))
        return entered

    def as_dict(self) -> dict[str, Any]:
        """What `from_dict` needs to make the same network."""
        windows = {name: list(window) for name, window in self.windows.items()}
        return {"shape": self.shape.as_dict(), "windows": windows, "has_text": self.has_text}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The network that `as_dict` described, with fresh weights.

        Args:
            data: Plain data.
        """
        windows = {name: tuple(window) for name, window in data["windows"].items()}
        return cls(Shape(**data["shape"]), windows, data["has_text"])
