"""What a decoded modality is, once it has left its file.

A text is `Words`, an image is a `Picture`, an audio is a `Sound`. Encoders, checks and
samples agree on these three and on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MODALITIES = ("text", "image", "audio")
"""The three kinds, in the order every table and record uses."""

Picture = NDArray[np.uint8]
"""`[height, width, 3]` RGB, orientation applied, transparency composited over white."""

Words = Mapping[str, str]
"""Language tag (BCP 47, `und` when unknown) to text; several languages are first class."""


class Sound(NamedTuple):
    """One channel of sound.

    Attributes:
        samples: `[T]` float32, nominally in [-1, 1], finite.
        rate: Samples per second.
    """

    samples: NDArray[np.float32]
    rate: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate
