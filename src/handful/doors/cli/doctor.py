"""`handful doctor`."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping
from pathlib import Path

from handful import __version__
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Table, bytes_text
from handful.foundation.errors import FindingError, HandfulError
from handful.foundation.hardware import (
    Extra,
    Machine,
    Speed,
    choose_dtype,
    choose_threads,
    find_module,
    installed_extras,
    load_now,
    look,
    probe,
)
from handful.foundation.project import Project

_IMPORT_NAMES = {"pillow": "PIL", "pylance": "lance", "scikit-learn": "sklearn"}
"""Packages whose import has another name."""


def doctor(*, project: Path | None = None, speed: bool = True) -> None:
    """Tell what this machine is and what is missing.

    Exit code 1 when something that Handful cannot do without is missing.

    Args:
        project: Look at this project too; the nearest one when left out.
        speed: Measure how fast this machine is, which takes two seconds.
    """
    console = speaker()
    _say_project(project)
    machine = look(project)
    requirements = _requirements()
    extras = installed_extras({name: found for name, found in requirements.items() if name})
    console.table(_machine_table(machine))
    console.facts(machine=machine.as_dict())
    if speed:
        measured = probe(project or Path.cwd())
        console.table(_speed_table(measured))
    console.table(_extras_table(extras))
    missing = [name for name in requirements[""] if not find_module(name).is_installed]
    if missing:
        raise FindingError(
            f"Handful cannot work without {', '.join(missing)}.",
            "pip install --force-reinstall handful",
        )
    console.done("Nothing that Handful needs is missing.", next_step="handful new shop")


def _machine_table(machine: Machine) -> Table:
    processor, memory = machine.processor, machine.memory
    table = Table("machine_summary", ["what", "found"], title="This machine")
    cores = f"{processor.usable_cores} of {processor.logical_cores} cores may be used"
    sets = ", ".join(sorted(processor.instructions or ())) or "unknown"
    table.add("handful", f"{__version__} on Python {machine.python}")
    table.add("system", machine.system)
    table.add("processor", f"{processor.name}: {cores}")
    table.add("instructions", sets)
    table.add("memory", f"{bytes_text(memory.usable_bytes)} usable")
    table.add("disk", f"{bytes_text(machine.disk_free_bytes)} free here")
    for gpu in machine.gpus:
        table.add("graphics", f"{gpu.name}, {bytes_text(gpu.memory_bytes)}")
    if not machine.gpus:
        table.add("graphics", "none found; everything works without")
    table.add("arithmetic", choose_dtype(processor, machine.gpus).sentence)
    table.add("threads", choose_threads(processor, load_now()).sentence)
    return table


def _speed_table(speed: Speed) -> Table:
    table = Table("speed", ["what", "measured", "unit"], title="How fast it is right now")
    table.add("matrix product, 1 thread", speed.one_thread_gflops, "GFLOP/s")
    name = f"matrix product, {speed.threads} threads"
    table.add(name, speed.all_threads_gflops, "GFLOP/s")
    table.add("cores that other work left free", speed.cores_obtained, "")
    table.add("memory copy", speed.memory_gb_per_s, "GB/s")
    table.add("disk write", speed.disk_write_mb_per_s, "MB/s")
    cached = " (from memory)" if speed.disk_read_is_cached else ""
    table.add(f"disk read{cached}", speed.disk_read_mb_per_s, "MB/s")
    return table


def _extras_table(extras: tuple[Extra, ...]) -> Table:
    table = Table("extras", ["extra", "state", "how_to_add"], title="Optional parts")
    for extra in extras:
        found = ", ".join(f"{module.name} {module.version}" for module in extra.modules)
        state = found if extra.is_installed else f"missing: {', '.join(extra.missing)}"
        table.add(extra.name, state, None if extra.is_installed else extra.command)
    return table


def _say_project(folder: Path | None) -> None:
    """Say which project is meant here; that there is none is nothing wrong unless it was named."""
    console = speaker()
    try:
        found = Project.open(folder) if folder else Project.find()
    except HandfulError as error:
        if folder:
            raise
        console.note(f"No project here: {error.what}")
        return
    console.sentence(f'The project here is "{found.name}" in {found.folder}.')


def _requirements() -> Mapping[str, list[str]]:
    """What the installed package says it needs: extra (empty for the core) to import names."""
    found: dict[str, list[str]] = {"": []}
    for line in importlib.metadata.requires("handful") or ():
        name = re.match(r"[A-Za-z0-9_.-]+", line)
        extra = re.search(r"extra == ['\"]([^'\"]+)['\"]", line)
        if name:
            module = _IMPORT_NAMES.get(name.group().lower(), name.group().replace("-", "_"))
            found.setdefault(extra.group(1) if extra else "", []).append(module)
    return found
