"""What this machine is: processor, memory, graphics, disk, system and Python, in one record."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from handful.foundation.hardware.accelerators import Gpu, find_gpus
from handful.foundation.hardware.memory import Memory, disk_free_bytes, look_at_memory
from handful.foundation.hardware.processor import Processor, look_at_processor
from handful.foundation.hardware.sources import ROOT, Tool, fields, read_text, run_tool


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """Everything known about the machine, read without importing torch."""

    system: str
    """The operating system with its version."""
    architecture: str
    """Such as x86_64 or arm64."""
    python: str
    """The version of Python, such as 3.11.7."""
    processor: Processor
    """The processor and what this process may use of it."""
    memory: Memory
    """Main memory and what is free of it."""
    gpus: tuple[Gpu, ...]
    """Graphics processors; empty when there is none."""
    disk_free_bytes: int | None
    """Space left under the folder asked about; None when nothing tells."""

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON: plain values, instruction sets sorted."""
        found = asdict(self)
        sets = self.processor.instructions
        found["processor"]["instructions"] = None if sets is None else sorted(sets)
        found["processor"]["usable_cores"] = self.processor.usable_cores
        found["memory"]["usable_bytes"] = self.memory.usable_bytes
        found["gpus"] = list(found["gpus"])
        return found

    def fingerprint(self) -> str:
        """A short name that changes when a speed measured earlier no longer holds.

        Twelve hex digits of the processor's name, the cores and sets that may be used, built-in
        memory and graphics; free memory and free disk do not count.
        """
        processor = self.processor
        parts = [
            self.architecture,
            processor.name,
            processor.logical_cores,
            processor.usable_cores,
            sorted(processor.instructions or ()),
            self.memory.total_bytes,
            [gpu.name for gpu in self.gpus],
        ]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def look(
    folder: Path | None = None,
    *,
    root: Path = ROOT,
    tool: Tool = run_tool,
    environ: Mapping[str, str] | None = None,
) -> Machine:
    """Look at this machine; nothing is measured and nothing heavy is imported.

    Args:
        folder: Where data will be written; the working folder when None.
        root: The top of the file system to read `/proc` and `/sys` from.
        tool: Runs small tools of the system such as `nvidia-smi`.
        environ: The environment; that of the process when None.

    Returns:
        What could be found out; unknown parts are None, and nothing is raised for them.
    """
    return Machine(
        system=_system(root),
        architecture=platform.machine() or "unknown",
        python=platform.python_version(),
        processor=look_at_processor(root, tool),
        memory=look_at_memory(root, tool),
        gpus=find_gpus(tool, os.environ if environ is None else environ),
        disk_free_bytes=disk_free_bytes(folder or Path()),
    )


def _system(root: Path) -> str:
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}".strip()
    release = fields(read_text(root / "etc/os-release"), "=").get("PRETTY_NAME", "").strip('"')
    kernel = f"{platform.system()} {platform.release()}".strip()
    return f"{release} ({kernel})" if release else kernel or "unknown"
