"""The small trained shop of tests/use/explore, for the verbs that use one."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

import handful as hd

_FILE = Path(__file__).parents[2] / "use" / "explore" / "things.py"


@pytest.fixture(scope="session")
def things() -> ModuleType:
    if "things" not in sys.modules:
        spec = importlib.util.spec_from_file_location("things", _FILE)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules["things"] = module
        spec.loader.exec_module(module)
    return sys.modules["things"]


@pytest.fixture(scope="session")
def shop(things: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> hd.Project:
    return things.trained_shop(tmp_path_factory.getbasetemp())
