"""Starting is cheap: nothing heavy is loaded before it is needed, and nothing reaches outside."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "handful"
HEAVY = {"torch", "transformers", "sklearn", "scipy", "numpy", "lance", "pyarrow", "PIL", "rich"}


@pytest.mark.parametrize("command", ["import handful", "import handful; dir(handful)"])
def test_the_import_loads_nothing_heavy(command: str) -> None:
    script = f"import sys; {command}; sys.exit(', '.join({HEAVY!r} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_nothing_is_ever_unpickled() -> None:
    """`pickle` and what is built on it may run code that is hidden in a file."""
    forbidden = (
        "import pickle",
        "pickle.load",
        "allow_pickle=True",
        "import shelve",
        "joblib.load",
    )
    found = [
        f"{path.name}: {word}"
        for path in SOURCE.rglob("*.py")
        for word in forbidden
        if word in path.read_text(encoding="utf-8")
    ]
    assert not found


def test_only_the_console_prints() -> None:
    found = [
        path.name
        for path in SOURCE.rglob("*.py")
        if " print(" in path.read_text(encoding="utf-8") and "console" not in path.parts
    ]
    assert not found
