"""Several processes as one: each computes its part of every batch, and gradients add up.

Started by `torchrun`, which tells each process its rank. Every process holds the whole network and
draws the same order; what they exchange is one sum per step, and the vectors of a contrastive
batch. So the losses are those of one process, and a training goes on with any number of processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn

from handful.learn.objectives.base import Alone, Peers


class Group:
    """Processes that `torchrun` started."""

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over all processes; the same bytes on every one.

        Args:
            tensor: Of the same shape everywhere.
        """
        total = tensor.detach().clone()
        dist.all_reduce(total)
        return total


@contextmanager
def joined() -> Iterator[Peers]:
    """The processes that train together: those of `torchrun`, or this one alone."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Alone()
        return
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Group()
    finally:
        dist.destroy_process_group()


def add_up(parameters: Iterable[nn.Parameter], peers: Peers) -> None:
    """Give every process the sum of all gradients, in one exchange.

    Args:
        parameters: Those that learn.
        peers: All processes.
    """
    if peers.size == 1:
        return
    held = list(parameters)
    for each in held:
        if each.grad is None:
            each.grad = torch.zeros_like(each)
    gradients = [each.grad for each in held if each.grad is not None]
    flat = peers.sum(torch.cat([gradient.flatten() for gradient in gradients]))
    for gradient, total in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(total.view_as(gradient))


def share(lengths: Sequence[int], peers: Peers) -> list[int]:
    """Places of one process's items: each process gets about as many tokens.

    Args:
        lengths: Tokens of every item of the batch.
        peers: All processes.

    Returns:
        Ascending.
    """
    order = sorted(range(len(lengths)), key=lambda place: (-lengths[place], place))
    loads, mine = [0] * peers.size, []
    for place in order:
        rank = loads.index(min(loads))
        loads[rank] += lengths[place]
        if rank == peers.rank:
            mine.append(place)
    return sorted(mine)
