"""What a size of the packed transformer means: width, layers, heads, and what they cost.

The names say millions of parameters in the layers; stems and heads come on top (about half a
million at the smallest). Head width is 64 throughout: what attention kernels are quickest at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from handful.foundation.errors import UsageError, did_you_mean, require

MLP = 4
"""Hidden width of the feed-forward part, as a multiple of the width."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The transformer that all modalities share."""

    width: int
    """Numbers per token; 192 to 1,024 is usual."""
    layers: int
    """Blocks of attention and feed-forward; 6 to 24 is usual."""
    heads: int
    """Attention heads; the width divided by 64 is usual."""

    def __post_init__(self) -> None:
        require(self.width >= 8, "width", self.width, "8 or more")
        require(self.layers >= 1, "layers", self.layers, "1 or more")
        fits = self.heads >= 1 and self.width % self.heads == 0
        require(fits, "heads", self.heads, "a divisor of the width")
        is_even = not fits or self.width // self.heads % 4 == 0
        require(is_even, "width / heads", self.width / max(self.heads, 1), "a multiple of 4")

    @property
    def head_width(self) -> int:
        """Numbers per token and head."""
        return self.width // self.heads

    @property
    def parameters(self) -> int:
        """Weights in the layers, stems and heads left out."""
        return self.layers * (4 + 2 * MLP) * self.width**2

    def forward_flops(self, tokens: int, segment: float) -> float:
        """Operations of one pass over some tokens, stems left out.

        Args:
            tokens: How many.
            segment: Tokens that see each other, on average weighted by tokens.
        """
        return tokens * (2.0 * self.parameters + 4.0 * self.layers * self.width * segment)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"width": self.width, "layers": self.layers, "heads": self.heads}


SIZES: dict[str, Shape] = {
    "3M": Shape(width=192, layers=6, heads=3),
    "22M": Shape(width=384, layers=12, heads=6),
    "86M": Shape(width=768, layers=12, heads=12),
    "300M": Shape(width=1024, layers=24, heads=16),
}
"""The dial. `3M` is for two cores and minutes, `22M` for hours, the others for a GPU."""


def shape_of(size: str) -> Shape:
    """The transformer that a size names.

    Args:
        size: Such as `3M`; case does not matter.

    Raises:
        UsageError: When there is no such size.
    """
    found = SIZES.get(size.upper())
    if found is None:
        raise UsageError(f'There is no size "{size}".', did_you_mean(size, SIZES))
    return found
