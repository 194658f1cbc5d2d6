"""Graphics processors: found through `nvidia-smi` and the platform, without importing torch.

Where torch is already imported it is asked as well: it also knows cards that `nvidia-smi` does
not, such as those of AMD.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from handful.foundation.hardware.sources import Tool, run_tool, to_float, to_int

_FIELDS = ("index", "uuid", "name", "memory.total", "memory.free", "driver_version", "compute_cap")
_MIB = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Gpu:
    """One graphics processor that this process may use."""

    name: str
    """As the maker calls it."""
    kind: Literal["cuda", "rocm", "mps"]
    """The family of software that drives it."""
    memory_bytes: int | None = None
    """Its own memory; None when nothing tells or it shares main memory."""
    free_bytes: int | None = None
    """What is free of it now."""
    driver: str | None = None
    """The version of its driver."""
    capability: float | None = None
    """NVIDIA's compute capability, such as 9.0; bfloat16 units begin at 8.0."""


def find_gpus(
    tool: Tool = run_tool,
    environ: Mapping[str, str] | None = None,
    torch: ModuleType | None = None,
) -> tuple[Gpu, ...]:
    """List the graphics processors that this process may use; empty when there is none.

    Args:
        tool: Runs `nvidia-smi`.
        environ: The environment: `CUDA_VISIBLE_DEVICES` is respected.
        torch: The module, to be asked too; by default the one that is already imported, if any.
    """
    known = os.environ if environ is None else environ
    found = _from_nvidia(tool, known.get("CUDA_VISIBLE_DEVICES"))
    found = found or _from_torch(torch or sys.modules.get("torch"))
    return found or _from_apple()


def _from_nvidia(tool: Tool, visible: str | None) -> tuple[Gpu, ...]:
    # Old drivers do not know the last field and then answer nothing at all.
    for names in (_FIELDS, _FIELDS[:-1]):
        query = f"--query-gpu={','.join(names)}"
        text = tool(("nvidia-smi", query, "--format=csv,noheader,nounits"))
        if text is not None:
            break
    rows = [[part.strip() for part in line.split(",")] for line in (text or "").splitlines()]
    rows = [row for row in rows if len(row) >= len(_FIELDS) - 1]
    if visible is not None:
        rows = _chosen(rows, visible)
    return tuple(_gpu_of(dict(zip(_FIELDS, row, strict=False))) for row in rows)


def _chosen(rows: list[list[str]], visible: str) -> list[list[str]]:
    """The cards that `CUDA_VISIBLE_DEVICES` names, by number or by the start of their UUID.

    As in CUDA, the list ends at the first name that is not known.
    """
    chosen = []
    for word in (part.strip() for part in visible.split(",")):
        is_uuid = len(word) > len("GPU-")
        fits = [row for row in rows if row[0] == word or (is_uuid and row[1].startswith(word))]
        if not fits:
            break
        chosen.append(fits[0])
    return chosen


def _gpu_of(row: dict[str, str]) -> Gpu:
    total, free = to_int(row["memory.total"]), to_int(row["memory.free"])
    driver = row["driver_version"]
    return Gpu(
        name=row["name"],
        kind="cuda",
        memory_bytes=None if total is None else total * _MIB,
        free_bytes=None if free is None else free * _MIB,
        driver=None if driver.startswith("[") else driver,
        capability=to_float(row.get("compute_cap")),
    )


def _from_torch(torch: Any) -> tuple[Gpu, ...]:
    try:
        if torch is None or not torch.cuda.is_available():
            return ()
        kind = "rocm" if getattr(torch.version, "hip", None) else "cuda"
        cards = [torch.cuda.get_device_properties(n) for n in range(torch.cuda.device_count())]
        return tuple(
            Gpu(
                name=str(card.name),
                kind=kind,
                memory_bytes=int(card.total_memory),
                capability=None if kind == "rocm" else float(f"{card.major}.{card.minor}"),
            )
            for card in cards
        )
    except (AttributeError, RuntimeError, AssertionError):
        return ()


def _from_apple() -> tuple[Gpu, ...]:
    if sys.platform != "darwin" or os.uname().machine != "arm64":
        return ()
    return (Gpu(name="Apple GPU", kind="mps"),)
