from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from handful.foundation.hardware.machine import look


def no_tool(command: Sequence[str]) -> str | None:
    return None


def test_this_machine_is_json() -> None:
    machine = look()
    found = json.loads(json.dumps(machine.as_dict(), allow_nan=False))
    assert found["python"] == sys.version.split()[0]
    assert found["processor"]["usable_cores"] == machine.processor.usable_cores
    assert found["memory"]["usable_bytes"] == machine.memory.usable_bytes
    assert found["disk_free_bytes"] > 0


def test_an_empty_machine_is_unknown_and_still_json(tmp_path: Path) -> None:
    machine = look(tmp_path, root=tmp_path / "nothing", tool=no_tool, environ={})
    found = machine.as_dict()
    json.dumps(found, allow_nan=False)
    assert found["processor"]["name"] == "unknown"
    assert found["processor"]["instructions"] is None
    assert found["memory"]["total_bytes"] is None
    assert machine.processor.usable_cores >= 1


def test_the_system_names_itself(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('NAME="X"\nPRETTY_NAME="Some Linux 9"\n')
    machine = look(root=tmp_path, tool=no_tool, environ={})
    if sys.platform == "linux":
        assert machine.system.startswith("Some Linux 9 (Linux ")


def test_the_fingerprint_follows_hardware_and_not_its_use() -> None:
    machine = look()
    same = replace(machine, disk_free_bytes=1, memory=replace(machine.memory, available_bytes=1))
    other = replace(machine, processor=replace(machine.processor, name="another"))
    limited = replace(machine, processor=replace(machine.processor, quota_cores=0.5))
    assert same.fingerprint() == machine.fingerprint()
    assert other.fingerprint() != machine.fingerprint()
    assert machine.processor.usable_cores == 1 or limited.fingerprint() != machine.fingerprint()


def test_looking_imports_neither_torch_nor_numpy() -> None:
    script = (
        "import sys; from handful.foundation.hardware import look; look(); "
        "print([m for m in ('torch', 'numpy', 'scipy', 'importlib.metadata') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "[]\n"
