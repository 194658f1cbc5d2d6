"""What a weight-free encoder is: one block turns values of one modality into vectors.

A block is fitted without labels on the library (or needs no fitting at all), keeps what it
learned as plain arrays, and says by its fingerprint exactly what produced a vector.
One block is one file; the file name is the name of the block.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError

V = TypeVar("V")

State = Mapping[str, NDArray[Any]]
"""What a fitted block remembers: plain arrays by name, fit for safetensors."""


class Block(ABC, Generic[V]):
    """One weight-free encoder of one modality.

    Subclasses set the three class variables, take their own frozen `Config`, and override
    `encode`; blocks that learn something also override `fit`, `state` and `load`.

    Args:
        config: The settings of this block, a frozen dataclass.
    """

    modality: ClassVar[str]
    """One of `text`, `image`, `audio`."""

    prefers: ClassVar[Literal["rbf", "linear"]]
    """The kernel this block is made for."""

    version: ClassVar[int] = 1
    """Raised by one whenever the code changes what `encode` returns."""

    preparation: ClassVar[str] = ""
    """What happens to a value before this block sees it, in words; part of the fingerprint."""

    config: Any

    def __init__(self, config: Any) -> None:
        self.config = config

    @property
    def name(self) -> str:
        """The name in configurations and tables: the file name of the block."""
        return type(self).__module__.rpartition(".")[2]

    def fit(self, values: Sequence[V], *, seed: int) -> None:
        """Learn from values, without labels; a block without state does nothing.

        Args:
            values: The modality's values, `N` of them, at least one.
            seed: Everything random in the fit follows from it.

        Raises:
            InputError: When the values are too few or too uniform to learn from.
        """
        _ = values, seed

    @abstractmethod
    def encode(self, values: Sequence[V]) -> NDArray[np.float32]:
        """Turn every value into one vector.

        Args:
            values: The modality's values, `N` of them; none gives an array of zero rows
                where the width is known.

        Returns:
            `[N, D]` float32, finite. Row `i` depends on value `i` only.

        Raises:
            UsageError: When the block learns and has not been fitted or loaded.
        """

    def state(self) -> dict[str, NDArray[Any]]:
        """What was learned, as plain arrays; empty for a block that learns nothing."""
        return {}

    def load(self, state: State) -> None:
        """Take over what another block of the same configuration learned.

        Args:
            state: What `state` returned there.

        Raises:
            InputError: When an array is missing, unknown, or of the wrong shape.
        """
        take(state, {}, self.name)

    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) over the name, code version, configuration and state.

        Equal fingerprints mean equal vectors for equal values, so latents may be cached by it.
        """
        digest = hashlib.sha256()
        heading = {
            "block": f"{self.modality}.{self.name}",
            "version": self.version,
            "preparation": self.preparation,
            "config": dataclasses.asdict(self.config),
        }
        digest.update(json.dumps(heading, sort_keys=True).encode())
        for key, array in sorted(self.state().items()):
            digest.update(f"\n{key} {array.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def unfitted(self) -> UsageError:
        """The error for `encode` before `fit` or `load`."""
        return UsageError(
            f"The {self.modality} block `{self.name}` has not learned anything yet.",
            "call `fit` on unlabelled values, or `load` a saved state, before `encode`",
        )


def take(
    state: State, shapes: Mapping[str, tuple[int | None, ...]], block: str
) -> dict[str, NDArray[Any]]:
    """Check a state from outside before a block takes it over.

    Args:
        state: Arrays by name.
        shapes: The expected shape for every name; `None` allows any length on that axis.
        block: The name of the block, for the message.

    Returns:
        The same arrays, by name.

    Raises:
        InputError: When an array is missing, unknown, not finite, or of the wrong shape.
    """
    missing, unknown = sorted(shapes.keys() - state.keys()), sorted(state.keys() - shapes.keys())
    if missing or unknown:
        raise InputError(
            f"The state for block `{block}` lacks {missing} and holds unknown {unknown}.",
            "load the state that the same version of this block saved, or fit it again",
        )
    for key, expected in shapes.items():
        array = state[key]
        fits = len(array.shape) == len(expected) and all(
            want is None or want == have for want, have in zip(expected, array.shape, strict=True)
        )
        if not fits:
            raise InputError(
                f"The state for block `{block}` has `{key}` of shape {array.shape}, "
                f"and {expected} is expected.",
                "load the state of a block with the same configuration, or fit it again",
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(
                f"The state for block `{block}` has values in `{key}` that are not finite.",
                "the file is damaged: fit the block again",
            )
    return dict(state)
