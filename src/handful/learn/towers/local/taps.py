"""Where a network is listened to: what it gives itself, or the tokens of one of its layers."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from handful.foundation.errors import UsageError

Pooling = Literal["output", "mean", "first"]
"""How tokens become one vector: as the network does it, their mean, or the first one."""

_FORM = re.compile(r"(\d{1,4})(?::(mean|first))?")


class Tap(NamedTuple):
    """One place to listen at.

    Attributes:
        layer: 0 for what enters the first layer, 1 for what leaves it, and so on; None for the
            network's own output.
        pooling: `output` without a layer, else `mean` or `first`.
    """

    layer: int | None = None
    pooling: Pooling = "output"

    @property
    def name(self) -> str:
        """Such as `output`, `6` or `6:first`: what `parse` reads."""
        if self.layer is None:
            return "output"
        return f"{self.layer}" if self.pooling == "mean" else f"{self.layer}:{self.pooling}"

    @classmethod
    def parse(cls, text: str) -> Tap:
        """Read what `name` wrote.

        Args:
            text: `output`, a layer such as `6` (the mean of its tokens), or `6:first`.

        Raises:
            UsageError: When it is none of these.
        """
        if text in ("", "output"):
            return cls()
        found = _FORM.fullmatch(text)
        if not found:
            raise UsageError(
                f'"{text}" names no place in a network.',
                "`output`, a layer such as `6`, or `6:first` for its first token",
            )
        pooling: Pooling = "first" if found.group(2) == "first" else "mean"
        return cls(int(found.group(1)), pooling)


OUTPUT = Tap()
"""What the network gives itself."""
