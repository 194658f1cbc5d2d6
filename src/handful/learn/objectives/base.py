"""What an objective is: it draws its views ahead of time, and adds its gradients to the network.

An objective runs its own backward passes, because an exact large batch in small memory needs two
passes over each piece. Everything random is drawn in `prepare`, per item, so that the same step
gives the same views on any number of processes and after any interruption.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from handful.learn.model.packed.transformer import PackedTransformer
from handful.learn.towers.own.reading import Reading


class Peers(Protocol):
    """The processes that share a training."""

    rank: int
    size: int

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over all processes; every one gets it.

        Args:
            tensor: Of the same shape everywhere.
        """
        ...


class Alone:
    """A single process."""

    rank, size = 0, 1

    def sum(self, tensor: Tensor) -> Tensor:
        """The tensor itself.

        Args:
            tensor: Any.
        """
        return tensor


class Entry(NamedTuple):
    """One modality of one item of a batch.

    Attributes:
        row: Place of the item in the whole batch.
        modality: Which.
        values: What is kept of it; several language fields for a text.
    """

    row: int
    modality: str
    values: Sequence[NDArray[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Draw:
    """One process's part of a batch.

    Attributes:
        entries: Of its items.
        items: Items of the whole batch, all processes together.
        seed: Of the training.
        step: Which step.
    """

    entries: Sequence[Entry]
    items: int
    seed: int
    step: int

    def dice(self, entry: Entry, purpose: int) -> np.random.Generator:
        """Randomness of one entry, whichever process holds it.

        Args:
            entry: Which.
            purpose: Tells objectives apart.
        """
        letter = ord(entry.modality[0])
        return np.random.default_rng((self.seed, self.step, entry.row, letter, purpose))


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What an objective works with.

    Attributes:
        student: The network that learns.
        teacher: Its slow copy.
        most_tokens: Tokens of one pass, at most; more are computed piece by piece.
        peers: Who else trains.
        precision: Makes the context in which passes are computed.
        weight: What the loss is multiplied by.
    """

    student: PackedTransformer
    teacher: PackedTransformer
    most_tokens: int
    peers: Peers = field(default_factory=Alone)
    precision: Callable[[], AbstractContextManager[Any]] = nullcontext
    weight: float = 1.0


class Objective(nn.Module):
    """Something to learn; its own parameters are thrown away after the training.

    Args:
        reading: How finely files are read.
    """

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.reading = reading

    @abstractmethod
    def prepare(self, draw: Draw) -> Any:
        """Draw the views of a batch; runs ahead of time, in a thread, without the network.

        Args:
            draw: This process's part of the batch.

        Returns:
            What `accumulate` needs; None when the batch has nothing to learn from.
        """

    @abstractmethod
    def accumulate(self, prepared: Any, step: Step) -> dict[str, float]:
        """Add the gradients of this process's part to the parameters.

        Gradients of all processes add up to those of the whole batch.

        Args:
            prepared: What `prepare` gave.
            step: What to work with.

        Returns:
            `loss`, the same on every process, and what else is worth a curve.
        """
