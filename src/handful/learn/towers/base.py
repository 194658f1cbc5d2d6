"""What a tower is: it turns the values of one modality into latents, and says what made them.

A tower answers with one array per *view*: a classical tower has a view per block (`lab`, `hog`),
a learned one has `pooled`. Views stay apart on purpose. Fusion scales each to unit norm and sums
kernels; concatenating them lets the widest view decide alone (measured: worse than the best
single one). Latents are cached by view, so adding a view leaves the others' cache valid.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

V = TypeVar("V")

Kernel = Literal["rbf", "linear"]
"""The kernel a view is made for: `linear` for Fisher vectors and learned views, else `rbf`."""

Views = dict[str, NDArray[np.float32]]
"""View name to `[N, D]` float32; row `i` belongs to value `i`."""


class Tower(ABC, Generic[V]):
    """Turns one modality of an item into latents."""

    modality: str
    """One of `text`, `image`, `audio`."""

    learns: bool = True
    """Whether `fit` learns anything; a tower with fixed weights is used as it is."""

    @property
    def parts(self) -> tuple[Tower[V], ...]:
        """The towers that it is made of; itself where it is one."""
        return (self,)

    @abstractmethod
    def fit(self, values: Sequence[V], *, seed: int) -> None:
        """Learn from values, without labels; a tower with fixed weights does nothing.

        Args:
            values: The modality's values, at least one.
            seed: Everything random in the fit follows from it.

        Raises:
            InputError: When the values are too few or too uniform to learn from.
        """

    @abstractmethod
    def encode(self, values: Sequence[V], *, only: Collection[str] | None = None) -> Views:
        """Turn every value into one vector per view.

        Args:
            values: The modality's values, `N` of them, at least one.
            only: The views to compute; all when None. Lets a cache fill gaps.

        Returns:
            View name to `[N, D]` float32. Row `i` depends on value `i` only.

        Raises:
            UsageError: When the tower has not been fitted or loaded, or a view is unknown.
        """

    @abstractmethod
    def fingerprints(self) -> dict[str, str]:
        """View name to the SHA-256 of all that decides its latents, preparation included."""

    @abstractmethod
    def kernels(self) -> dict[str, Kernel]:
        """View name to the kernel it is made for."""

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """What was learned, as plain arrays fit for safetensors."""

    @abstractmethod
    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what a tower of the same configuration learned.

        Args:
            state: What `state` returned there.

        Raises:
            InputError: When an array is missing, unknown, or of the wrong shape.
        """

    def fingerprint(self) -> str:
        """One SHA-256 (hexadecimal) over the modality and the fingerprints of all views."""
        heading = {"modality": self.modality, "views": self.fingerprints()}
        return hashlib.sha256(json.dumps(heading, sort_keys=True).encode()).hexdigest()
