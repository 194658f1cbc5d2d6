"""The processor: its name, its cores, those this process may use, and what it can compute.

Linux tells in `/proc/cpuinfo` and `/sys`, macOS through `sysctl`. What cannot be read is None or
empty.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from handful.foundation.hardware.control import cpu_quota
from handful.foundation.hardware.sources import (
    ROOT,
    Tool,
    fields,
    read_text,
    run_tool,
    to_float,
    to_int,
)

# The names that systems use for one instruction set, and the name used here.
_INSTRUCTIONS = {
    "AVX2": ("avx2",),
    "AVX512": ("avx512f",),
    "VNNI": ("avx512_vnni", "avx512vnni", "avx_vnni"),
    "AVX512-BF16": ("avx512_bf16", "avx512bf16"),
    "AMX": ("amx_tile",),
    "AMX-BF16": ("amx_bf16",),
    "AMX-INT8": ("amx_int8",),
    "NEON": ("asimd", "neon", "advsimd"),
    "ARM-DOT": ("asimddp", "feat_dotprod"),
    "ARM-I8MM": ("i8mm", "feat_i8mm"),
    "ARM-BF16": ("bf16", "feat_bf16"),
    "SVE": ("sve",),
}

_SYSCTL = ("sysctl", "machdep.cpu", "hw.physicalcpu", "hw.logicalcpu", "hw.optional")


@dataclass(frozen=True, kw_only=True, slots=True)
class Processor:
    """What is known about the processor."""

    name: str
    """As the maker calls it; `unknown` when nothing tells."""
    physical_cores: int | None
    """Cores with their own arithmetic units; None when nothing tells."""
    logical_cores: int
    """Cores that the system counts, hyper-threads included."""
    allowed_cores: int
    """Logical cores that this process may run on (its affinity)."""
    allowed_physical_cores: int | None
    """Physical cores among the allowed ones; None when nothing tells."""
    quota_cores: float | None
    """Cores' worth of time that a container limit grants; None without a limit."""
    instructions: frozenset[str] | None
    """Instruction sets, such as AVX2, AVX512, VNNI, AVX512-BF16, AMX, NEON; None when unread."""

    @property
    def usable_cores(self) -> int:
        """Cores that it makes sense to keep busy: physical, allowed, and paid for; at least 1."""
        cores = self.allowed_physical_cores or self.allowed_cores
        if self.quota_cores is not None:
            cores = min(cores, int(self.quota_cores))
        return max(1, cores)


def look_at_processor(
    root: Path = ROOT, tool: Tool = run_tool, affinity: Collection[int] | None = None
) -> Processor:
    """Find out what the processor is and what this process may use of it.

    Args:
        root: The top of the file system to read.
        tool: Runs `sysctl` where there is no `/proc/cpuinfo`.
        affinity: The logical cores this process may run on; asked of the system when None.
    """
    text = read_text(root / "proc/cpuinfo")
    if text is None:
        return _from_sysctl(tool(_SYSCTL), cpu_quota(root))
    cpus = [fields(part) for part in re.split(r"\n\s*\n", text) if "processor" in fields(part)]
    cores = {to_int(cpu.get("processor")) or 0: _core_of(root, cpu) for cpu in cpus}
    mine = _affinity(root) if affinity is None else affinity
    allowed = [number for number in cores if mine is None or number in mine]
    logical = len(cores) or os.cpu_count() or 1
    return Processor(
        name=_name(text),
        physical_cores=_distinct(cores, list(cores)),
        logical_cores=logical,
        allowed_cores=len(allowed) or logical,
        allowed_physical_cores=_distinct(cores, allowed),
        quota_cores=cpu_quota(root),
        instructions=_instructions_of([cpu.get("flags") or cpu.get("Features") for cpu in cpus]),
    )


def _affinity(root: Path) -> Collection[int] | None:
    """The logical cores this process may run on; None where the system does not limit it."""
    ask = getattr(os, "sched_getaffinity", None)
    return ask(0) if ask and root == ROOT else None


def _core_of(root: Path, cpu: dict[str, str]) -> str | None:
    """A name for the physical core that a logical one belongs to."""
    if "core id" in cpu:
        return f"{cpu.get('physical id', '0')}:{cpu['core id']}"
    folder = root / f"sys/devices/system/cpu/cpu{cpu['processor']}/topology"
    return read_text(folder / "core_cpus_list") or read_text(folder / "thread_siblings_list")


def _distinct(cores: dict[int, str | None], allowed: Sequence[int]) -> int | None:
    names = {cores.get(number) for number in allowed}
    return None if not names or None in names else len(names)


def _name(text: str) -> str:
    known = fields(text)
    for key in ("model name", "Model", "Hardware", "cpu model", "cpu"):
        if known.get(key):
            return " ".join(known[key].split())
    return "unknown"


def _instructions_of(flags: Sequence[str | None]) -> frozenset[str] | None:
    """What every core can do; phones mix cores that differ."""
    told = [set(text.lower().split()) for text in flags if text]
    if not told:
        return None
    common = set.intersection(*told)
    return frozenset(name for name, spellings in _INSTRUCTIONS.items() if common & set(spellings))


def _from_sysctl(text: str | None, quota: float | None) -> Processor:
    known = fields(text)
    logical = to_int(known.get("hw.logicalcpu")) or os.cpu_count() or 1
    physical = to_int(known.get("hw.physicalcpu"))
    return Processor(
        name=known.get("machdep.cpu.brand_string", "unknown"),
        physical_cores=physical,
        logical_cores=logical,
        allowed_cores=logical,
        allowed_physical_cores=physical,
        quota_cores=quota,
        instructions=_sysctl_instructions(known),
    )


def _sysctl_instructions(known: dict[str, str]) -> frozenset[str] | None:
    """Intel lists the sets in `machdep.cpu.*features`, Apple has one switch for each."""
    if not known:
        return None
    words = [value for name, value in known.items() if name.endswith("features")]
    words += [name.rpartition(".")[2] for name, value in known.items() if value == "1"]
    return _instructions_of([" ".join(words)])


def load_now(root: Path = ROOT) -> float | None:
    """How many processes wanted to run at once over the last minute; None where unknown."""
    text = read_text(root / "proc/loadavg")
    if text is not None:
        return to_float(text.split()[0]) if text.split() else None
    try:
        return os.getloadavg()[0] if root == ROOT else None
    except (OSError, AttributeError):
        return None
