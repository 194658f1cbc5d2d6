"""bfloat16 is for processors that gain by it, measured once and remembered."""

import json
from pathlib import Path

import pytest

from handful.foundation.hardware import Choice
from handful.learn.towers.local import arithmetic
from handful.learn.towers.local.arithmetic import choose_arithmetic
from handful.learn.towers.local.opening import Opened, open_folder


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pretends a processor with bfloat16 units, on which it is twice as quick for `quick`."""
    calls: list[str] = []

    def seconds(opened: Opened, modality: str, name: str) -> float:
        calls.append(f"{modality} {name}")
        return 1.0 if name == "float32" else {"image": 0.5, "text": 0.9}[modality]

    choice = Choice(value="bfloat16", reason="a test says so")
    monkeypatch.setattr(arithmetic, "choose_dtype", lambda processor: choice)
    monkeypatch.setattr(arithmetic, "_seconds", seconds)
    return calls


def test_it_is_taken_where_it_pays_and_asked_once(
    shelf: Path, tmp_path: Path, asked: list[str]
) -> None:
    opened = open_folder(shelf / "clip")
    for _ in range(2):
        assert choose_arithmetic(opened, "image", "hash", tmp_path) == "bfloat16"
        assert choose_arithmetic(opened, "text", "hash", tmp_path) == "float32"
    assert asked == ["image float32", "image bfloat16", "text float32", "text bfloat16"]
    assert choose_arithmetic(opened, "image", "another", tmp_path) == "bfloat16"
    assert len(asked) == 6
    kept = json.loads((tmp_path / "arithmetic.json").read_text())
    assert sorted(kept.values()) == ["bfloat16", "bfloat16", "float32"]


@pytest.mark.parametrize("rubbish", ["", "[]", "{", '{"hash/image/x": 3}'])
def test_a_damaged_note_is_measured_anew(
    shelf: Path, tmp_path: Path, asked: list[str], rubbish: str
) -> None:
    (tmp_path / "arithmetic.json").write_text(rubbish)
    opened = open_folder(shelf / "clip")
    assert choose_arithmetic(opened, "image", "hash", tmp_path) == "bfloat16"
    assert len(asked) == 2


def test_a_processor_without_units_is_not_measured(
    shelf: Path, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = Choice(value="float32", reason="a test says so")
    monkeypatch.setattr(arithmetic, "choose_dtype", lambda processor: choice)
    assert choose_arithmetic(open_folder(shelf / "clip"), "image", "hash", tmp_path) == "float32"
    assert asked == []


def test_the_measurement_itself_runs(shelf: Path) -> None:
    opened = open_folder(shelf / "clip")
    assert arithmetic._seconds(opened, "text", "float32") >= 0
