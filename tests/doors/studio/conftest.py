"""A studio over a small library: six pictures and three texts in two folders, one file broken."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

import handful as hd

pytest.importorskip("starlette", reason="the extra `studio` is not installed")


def _load(name: str) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def asking() -> ModuleType:
    return _load("asking")


@pytest.fixture(scope="session")
def browsing() -> ModuleType:
    return _load("browser")


def files(folder: Path) -> Path:
    dice = np.random.default_rng(0)
    for kind, tint in (("mugs", 40), ("bowls", 180)):
        (folder / kind).mkdir(parents=True)
        for at in range(3):
            pixels = dice.integers(0, 60, (32, 32, 3)) + tint
            Image.fromarray(pixels.astype(np.uint8)).save(folder / kind / f"{kind}_{at}.png")
    for at in range(3):
        (folder / "mugs" / f"note_{at}.txt").write_text(f"a mug with a handle, number {at}\n")
    (folder / "bowls" / "broken.png").write_bytes(b"")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return files(tmp_path / "things")


@pytest.fixture
def shop(tmp_path: Path, folder: Path) -> hd.Project:
    project = hd.Project.create(tmp_path / "shop")
    project.add(folder)
    return project


@pytest.fixture
def app(shop: hd.Project, asking: ModuleType) -> Any:
    from handful.doors.studio.app import build

    return build(shop, asking.KEY, asking.PORT)
