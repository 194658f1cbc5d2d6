"""Choices made for the user from the hardware, each with its reason in a sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from handful.foundation.hardware.accelerators import Gpu
from handful.foundation.hardware.processor import Processor

Value = TypeVar("Value")
DType = Literal["bfloat16", "float32"]

_BF16_CAPABILITY = 8.0
# Sets with real bfloat16 multiply-add, best first. AVX512 alone would only emulate it.
_BF16_SETS = ("AMX-BF16", "AVX512-BF16", "ARM-BF16")


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice(Generic[Value]):
    """A value chosen for the user, and why."""

    value: Value
    """What was chosen."""
    reason: str
    """Why, to follow "because"."""
    noun: str = ""
    """What the value counts, such as `threads`."""

    @property
    def sentence(self) -> str:
        """Such as `bfloat16, because this CPU has AVX512-BF16`."""
        noun = f" {self.noun}" if self.noun else ""
        return f"{self.value}{noun}, because {self.reason}"


def choose_dtype(processor: Processor, gpus: Sequence[Gpu] = ()) -> Choice[DType]:
    """The number format for a network's arithmetic on this machine.

    bfloat16 where the hardware multiplies it: measured 2.0 to 3.5 times faster than float32 on a
    CPU with AVX512-BF16. float32 everywhere else, where it would be emulated and slower.

    Args:
        processor: What the processor can do.
        gpus: The graphics processors; the first one decides, as it does the work.
    """
    if gpus:
        return _dtype_of_gpu(gpus[0])
    if processor.instructions is None:
        return Choice(value="float32", reason="the instruction sets of this CPU could not be read")
    for name in _BF16_SETS:
        if name in processor.instructions:
            return Choice(value="bfloat16", reason=f"this CPU has {name}")
    return Choice(value="float32", reason="this CPU has no bfloat16 instructions")


def _dtype_of_gpu(gpu: Gpu) -> Choice[DType]:
    if gpu.kind == "mps":
        reason = "bfloat16 on Apple's graphics processors has not been proved here"
        return Choice(value="float32", reason=reason)
    if gpu.capability is None:
        reason = f"nothing tells whether the {gpu.name} has bfloat16 units"
        return Choice(value="float32", reason=reason)
    if gpu.capability < _BF16_CAPABILITY:
        reason = f"the {gpu.name} has no bfloat16 units (compute capability {gpu.capability})"
        return Choice(value="float32", reason=reason)
    reason = f"the {gpu.name} has bfloat16 units (compute capability {gpu.capability})"
    return Choice(value="bfloat16", reason=reason)


def choose_threads(
    processor: Processor,
    load: float | None = None,
    environ: Mapping[str, str] | None = None,
) -> Choice[int]:
    """How many threads to compute with.

    One per physical core that this process may use; one less when others already keep the machine
    busy, since threads that wait for each other on a busy machine were measured to slow a model
    down many times over.

    Args:
        processor: What this process may use.
        load: How many processes want to run now (`load_now()`); None when unknown.
        environ: The environment: `OMP_NUM_THREADS` wins over everything.
    """
    wanted = (os.environ if environ is None else environ).get("OMP_NUM_THREADS", "")
    if wanted.isascii() and wanted.isdigit() and int(wanted) > 0:
        return _threads(int(wanted), "OMP_NUM_THREADS says so")
    cores = processor.usable_cores
    if load is not None and cores > 1 and load >= cores:
        busy = f"other work keeps this machine busy (load {load:.1f} on {_cores(cores)})"
        return _threads(cores - 1, busy)
    return _threads(cores, _why_so_many(processor))


def _why_so_many(processor: Processor) -> str:
    cores, quota = processor.usable_cores, processor.quota_cores
    allowed = processor.allowed_physical_cores or processor.allowed_cores
    if quota is not None and quota < allowed:
        return f"a container limit grants {quota:.2g} of {_cores(processor.logical_cores)}"
    if processor.allowed_cores < processor.logical_cores:
        limit = f"{processor.allowed_cores} of {_cores(processor.logical_cores)}"
        return f"this process may run on {limit}"
    if cores < processor.logical_cores:
        return f"this CPU has {_cores(cores)}, each shown twice or more by the system"
    return f"this CPU has {_cores(cores)}"


def _cores(count: int) -> str:
    return f"{count} core" if count == 1 else f"{count} cores"


def _threads(count: int, reason: str) -> Choice[int]:
    return Choice(value=count, reason=reason, noun="thread" if count == 1 else "threads")
