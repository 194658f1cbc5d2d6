"""Where a token stands, told to attention by turning queries and keys.

A token has two coordinates. Patches of a picture stand in a row and a column, each of which turns
half of the numbers; words and frames stand in time, which turns all of them. Products of turned
vectors depend on distances only, so a picture of another height, or a longer sound, is nothing new.

Source: RoPE, arXiv 2104.09864 eq. 15; two axes as in arXiv 2403.13298 (axial).
"""
# T tokens, H heads, d numbers per head

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

_FARTHEST = {1: 10_000.0, 2: 100.0}
"""Longest wavelength over two pi, by the number of axes: texts are longer than grids are wide."""


class Turn(NamedTuple):
    """How far each pair of numbers is turned.

    Attributes:
        cos_T1d: Cosines, `[T, 1, d / 2]`.
        sin_T1d: Sines.
    """

    cos_T1d: Tensor
    sin_T1d: Tensor


def rates(head_width: int, axes: int) -> Tensor:
    """`[2, d / 2]` radians per step along each coordinate.

    Args:
        head_width: d, a multiple of 4.
        axes: 1 when only the first coordinate counts, else 2.
    """
    pairs = head_width // 2 // axes
    speeds = torch.exp(-math.log(_FARTHEST[axes]) * torch.arange(pairs) / pairs)
    if axes == 1:
        return torch.stack([speeds, torch.zeros(pairs)])
    nothing = torch.zeros(pairs)
    return torch.stack([torch.cat([speeds, nothing]), torch.cat([nothing, speeds])])


def turn_of(angles_Td: Tensor) -> Turn:
    """The turn of tokens.

    Args:
        angles_Td: `[T, d / 2]` radians: coordinates times `rates`.
    """
    return Turn(angles_Td.cos()[:, None], angles_Td.sin()[:, None])


def turned(x_THd: Tensor, turn: Turn) -> Tensor:
    """Queries or keys, turned; lengths stay.

    Args:
        x_THd: `[T, H, d]`.
        turn: Of the tokens.
    """
    first, second = x_THd.chunk(2, dim=-1)
    cos, sin = turn.cos_T1d.to(x_THd.dtype), turn.sin_T1d.to(x_THd.dtype)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
