"""Values of many items as one row of tokens: what the model reads.

A piece is one value: its raw tokens (words, windows of a picture, stretches of a sound), where they
stand, and whose they are. Packing lays pieces side by side in order of length, absent values leave
no trace, and any choice of tokens is packed again without being padded: the visible ones, several
masks of the same item, or the half that a schedule keeps.
"""
# T tokens, S segments, n tokens of one modality

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handful.data.modalities.base import MODALITIES
from handful.learn.model.packed.segments import Segments, order_of

AXES = {"text": 1, "image": 2, "audio": 1}
"""Modality to the coordinates of a token that count."""


class Piece(NamedTuple):
    """One value.

    Attributes:
        modality: Of the value.
        row: Which item of the batch it is of.
        raw: `[n, ...]` raw tokens, one or more.
        places: `[n, 2]` float32 coordinates of each.
    """

    modality: str
    row: int
    raw: NDArray[Any]
    places: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Tokens:
    """Packed tokens.

    Attributes:
        segments: Which see each other.
        rows: `S` items of the segments.
        kinds: `S` modalities of the segments; that of the first value where values are joined.
        raw: Modality to `[n, ...]` raw tokens in the order in which they are packed.
        held: Modality to `[n]` where in the pack they lie, ascending.
        places_T2: Coordinates of all tokens.
    """

    segments: Segments
    rows: tuple[int, ...]
    kinds: tuple[str, ...]
    raw: Mapping[str, Tensor]
    held: Mapping[str, Tensor]
    places_T2: Tensor

    def __len__(self) -> int:
        return self.segments.tokens

    def choose(
        self, tokens: Tensor, lengths: Sequence[int], of: Sequence[int]
    ) -> tuple[Tokens, Tensor]:
        """Some tokens, packed anew; a token may be chosen by several segments.

        Args:
            tokens: `[t]` which ones, segment after segment.
            lengths: Tokens of each new segment, in that order.
            of: Which segment each new one comes from.

        Returns:
            The tokens, and `[t]` which token of this pack each one is.
        """
        order = order_of(lengths)
        parts = tokens.split(list(lengths))
        chosen = torch.cat([parts[place] for place in order])
        raw, held = {}, {}
        for name, held_n in self.held.items():
            inside = torch.full((len(self),), -1, dtype=torch.long)
            inside[held_n] = torch.arange(len(held_n))
            found = inside[chosen]
            is_held = found >= 0
            if bool(is_held.any()):
                raw[name] = self.raw[name][found[is_held]]
                held[name] = is_held.nonzero()[:, 0]
        packed = Tokens(
            segments=Segments(tuple(lengths[place] for place in order)),
            rows=tuple(self.rows[of[place]] for place in order),
            kinds=tuple(self.kinds[of[place]] for place in order),
            raw=raw,
            held=held,
            places_T2=self.places_T2[chosen],
        )
        return packed, chosen

    def keep(self, keep_T: Tensor) -> tuple[Tokens, Tensor]:
        """Leave tokens out; of every segment at least one must stay.

        Args:
            keep_T: True for those that stay.

        Returns:
            As `choose`.
        """
        counts = [int(part.sum()) for part in keep_T.split(list(self.segments.lengths))]
        return self.choose(keep_T.nonzero()[:, 0], counts, range(len(counts)))

    def cut(self, most: int) -> list[Tokens]:
        """The same segments in pieces that are computed one after another.

        Args:
            most: Tokens per piece.
        """
        bounds = self.segments.bounds().tolist()
        return [
            self._between(first, last, bounds[first], bounds[last])
            for first, last in self.segments.cut(most)
        ]

    def _between(self, first: int, last: int, start: int, stop: int) -> Tokens:
        raw, held = {}, {}
        for name, held_n in self.held.items():
            low, high = torch.searchsorted(held_n, torch.tensor([start, stop])).tolist()
            if high > low:
                raw[name] = self.raw[name][low:high]
                held[name] = held_n[low:high] - start
        return Tokens(
            segments=Segments(self.segments.lengths[first:last]),
            rows=self.rows[first:last],
            kinds=self.kinds[first:last],
            raw=raw,
            held=held,
            places_T2=self.places_T2[start:stop],
        )

    def to(self, device: torch.device) -> Tokens:
        """The same tokens on another device.

        Args:
            device: Where to.
        """
        return replace(
            self,
            raw={name: tensor.to(device, non_blocking=True) for name, tensor in self.raw.items()},
            held={name: tensor.to(device, non_blocking=True) for name, tensor in self.held.items()},
            places_T2=self.places_T2.to(device, non_blocking=True),
        )


def pack(pieces: Sequence[Piece], *, is_joined: bool = False) -> Tokens:
    """Lay values side by side.

    Args:
        pieces: One or more values.
        is_joined: All values of an item form one segment and see each other; otherwise each value
            is a segment of its own.
    """
    assert pieces, "at least one value"
    groups: dict[Any, list[Piece]] = {}
    for place, piece in enumerate(pieces):
        groups.setdefault(piece.row if is_joined else place, []).append(piece)
    held = [
        sorted(group, key=lambda each: MODALITIES.index(each.modality)) for group in groups.values()
    ]
    lengths = [sum(len(piece.raw) for piece in group) for group in held]
    order = order_of(lengths)
    laid = [piece for place in order for piece in held[place]]
    starts = np.cumsum([0, *(len(piece.raw) for piece in laid)])
    raw: dict[str, Tensor] = {}
    places: dict[str, Tensor] = {}
    for name in MODALITIES:
        mine = [
            (start, piece)
            for start, piece in zip(starts[:-1], laid, strict=True)
            if piece.modality == name
        ]
        if mine:
            raw[name] = torch.from_numpy(np.concatenate([piece.raw for _, piece in mine]))
            spots = [np.arange(start, start + len(piece.raw)) for start, piece in mine]
            places[name] = torch.from_numpy(np.concatenate(spots))
    return Tokens(
        segments=Segments(tuple(lengths[place] for place in order)),
        rows=tuple(held[place][0].row for place in order),
        kinds=tuple(held[place][0].modality for place in order),
        raw=raw,
        held=places,
        places_T2=torch.from_numpy(np.concatenate([piece.places for piece in laid])),
    )
