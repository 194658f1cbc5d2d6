"""Small files and items for the tests of the library."""

import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from handful.data.library.items import Item, Label, LabelKind, Part, Rights
from handful.data.library.library import Library


@pytest.fixture
def picture() -> Callable[..., Path]:
    def make(path: Path, seed: int = 0) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        return path

    return make


@pytest.fixture
def sound() -> Callable[..., Path]:
    def make(path: Path, seed: int = 0) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = np.random.default_rng(seed).normal(0, 0.1, 400).astype("f4")
        soundfile.write(path, samples, 8000)
        return path

    return make


@pytest.fixture
def note() -> Callable[..., Path]:
    def make(path: Path, text: str = "a small blue cup") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.create(tmp_path / "library")


@pytest.fixture
def label() -> Callable[..., Label]:
    def make(
        value: str | None = "cup",
        task: str = "kind",
        annotator: str = "ann",
        kind: LabelKind = LabelKind.HUMAN,
        **facts: Any,
    ) -> Label:
        time = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
        return Label(task=task, value=value, annotator=annotator, kind=kind, time=time, **facts)

    return make


@pytest.fixture
def item() -> Callable[..., Item]:
    def make(key: str = "a", text: str = "", **facts: Any) -> Item:
        words = {"und": text or f"the note of {key}"}
        part = Part(modality="text", words=words, content_sha256=f"hash of {words}")
        rights = Rights(licence="CC0-1.0")
        made: dict[str, Any] = {"id": "", "parts": {"text": part}, "rights": rights, **facts}
        return Item(key=key, **made)

    return make


@pytest.fixture(scope="session")
def killing() -> ModuleType:
    """killing.py, which kills writers and looks at what is left."""
    path = Path(__file__).with_name("killing.py")
    spec = importlib.util.spec_from_file_location("killing", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
