from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from handful.foundation.hardware.extras import Extra, Module, find_module, installed_extras


def test_what_is_there_and_what_is_missing() -> None:
    there, missing = installed_extras({"core": ["numpy", "sklearn"], "odd": ["numpy", "no_such"]})
    assert there.is_installed
    assert there.missing == ()
    assert there.modules[0] == Module(name="numpy", is_installed=True, version=numpy.__version__)
    assert there.modules[1].version is not None  # its package has another name
    assert missing == Extra(
        name="odd",
        modules=(there.modules[0], Module(name="no_such", is_installed=False)),
        command='pip install "handful[odd]"',
    )
    assert not missing.is_installed
    assert missing.missing == ("no_such",)


def test_a_module_of_the_standard_library_has_no_version() -> None:
    assert find_module("json") == Module(name="json", is_installed=True, version=None)


@pytest.mark.parametrize("name", ["", ".odd", "no_such.part"])
def test_odd_names_are_not_installed(name: str) -> None:
    assert not find_module(name).is_installed


def test_a_folder_that_bears_the_name_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch_like").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not find_module("torch_like").is_installed


def test_a_module_blocked_on_purpose_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "blocked_one", None)
    assert not find_module("blocked_one").is_installed


def test_nothing_is_imported(tmp_path: Path) -> None:
    (tmp_path / "heavy").mkdir()
    (tmp_path / "heavy/__init__.py").write_text("raise SystemExit('imported')")
    script = (
        "from handful.foundation.hardware.extras import find_module as f; import sys; "
        f"sys.path.insert(0, {str(tmp_path)!r}); "
        "print(f('heavy').is_installed, f('heavy.part').is_installed, 'heavy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "True True False\n"
