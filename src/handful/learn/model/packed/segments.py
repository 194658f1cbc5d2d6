"""Which packed tokens see each other: segments, in order of length.

Tokens of many values lie in one row, without padding. A segment is a stretch of tokens that see
each other and nothing else: one value where modalities are read apart, all values of an item where
they are read together. Segments lie in order of length, so those of one length form a block that
is a view of the tokens: no token is ever copied to be attended to.
"""
# T tokens, S segments

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor


class Run(NamedTuple):
    """Segments of one length that lie side by side.

    Attributes:
        count: How many.
        length: Tokens of each.
    """

    count: int
    length: int


@dataclass(frozen=True, eq=False)
class Segments:
    """How `T` packed tokens fall into `S` segments.

    Attributes:
        lengths: `S` tokens of each, ascending, all 1 or more.
    """

    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        assert self.lengths, "at least one segment"
        assert self.lengths[0] >= 1, "no segment is empty"
        pairs = zip(self.lengths, self.lengths[1:], strict=False)
        assert all(first <= second for first, second in pairs), "segments lie in order of length"

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def tokens(self) -> int:
        """T."""
        return sum(self.lengths)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Blocks of segments of one length, in order."""
        return tuple(Run(len(list(same)), length) for length, same in groupby(self.lengths))

    @property
    def longest(self) -> int:
        """Tokens of the longest."""
        return self.lengths[-1]

    @property
    def span(self) -> float:
        """Tokens that a token sees, on average over tokens."""
        return sum(length**2 for length in self.lengths) / self.tokens

    @property
    def padding(self) -> float:
        """Share of tokens that a rectangle as long as the longest would waste."""
        return 1 - self.tokens / (len(self) * self.longest)

    def bounds(self, device: torch.device | None = None) -> Tensor:
        """`[S + 1]` int32 where each segment begins, and the end.

        Args:
            device: Where the tensor shall lie.
        """
        ends = torch.tensor((0, *self.lengths), dtype=torch.int32).cumsum(0, dtype=torch.int32)
        return ends.to(device) if device else ends

    def owners(self) -> Tensor:
        """`[T]` which segment each token is of."""
        return torch.repeat_interleave(torch.arange(len(self)), torch.tensor(self.lengths))

    def cut(self, most: int) -> list[tuple[int, int]]:
        """Neighbouring segments, as many as have room, as pairs of first and one past the last.

        Args:
            most: Tokens per piece; a longer segment is a piece of its own.
        """
        pieces, start, held = [], 0, 0
        for place, length in enumerate(self.lengths):
            if held and held + length > most:
                pieces.append((start, place))
                start, held = place, 0
            held += length
        return [*pieces, (start, len(self))]


def mean(tokens_TD: Tensor, segments: Segments) -> Tensor:
    """`[S, D]` the mean of each segment's tokens.

    Args:
        tokens_TD: Packed.
        segments: How they are packed.
    """
    parts, start = [], 0
    for count, length in segments.runs:
        stop = start + count * length
        parts.append(tokens_TD[start:stop].unflatten(0, (count, length)).mean(dim=1))
        start = stop
    return torch.cat(parts)


def order_of(lengths: Sequence[int]) -> list[int]:
    """Places of segments in order of length; those of one length stay as they came.

    Args:
        lengths: In any order.
    """
    return sorted(range(len(lengths)), key=lambda place: lengths[place])
