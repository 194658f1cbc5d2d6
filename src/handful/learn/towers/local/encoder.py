"""A loaded network that reads one modality: values in, one vector per place listened to out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.learn.towers.local.taps import Tap

Rows = dict[Tap, NDArray[np.float32]]
"""Tap to `[N, D]` float32."""


class Encoder(ABC):
    """A loaded network that reads one modality."""

    @abstractmethod
    def encode(self, values: Sequence[Any], taps: Collection[Tap]) -> Rows:
        """Turn every value into one vector per tap.

        Args:
            values: `N` of them, at least one: strings for text, pictures, or sounds.
            taps: Where to listen.

        Returns:
            Tap to `[N, D]` float32. Row `i` depends on value `i` only.

        Raises:
            UsageError: When there is no such layer.
        """
