from __future__ import annotations

import sys
from pathlib import Path

import pytest

from handful.foundation.hardware.sources import (
    fields,
    read_int,
    read_text,
    run_tool,
    to_float,
    to_int,
)


def test_tools_that_are_missing_fail_or_hang_read_as_none(tmp_path: Path) -> None:
    assert run_tool((sys.executable, "-c", "print('hello')")) == "hello\n"
    assert run_tool(("no-such-tool-anywhere",)) is None
    assert run_tool((sys.executable, "-c", "raise SystemExit(9)")) is None
    assert run_tool((sys.executable, "-c", "input(); import time; time.sleep(9)"), 0.2) is None
    odd = tmp_path / "odd"
    odd.write_text("not a program")
    odd.chmod(0o755)
    assert run_tool((str(odd),)) is None


def test_files_that_cannot_be_read_read_as_none(tmp_path: Path) -> None:
    assert read_text(tmp_path / "missing") is None
    assert read_text(tmp_path) is None
    (tmp_path / "odd").write_bytes(b"\xff 7\n")
    assert read_text(tmp_path / "odd") == "\ufffd 7"
    assert read_int(tmp_path / "odd") is None
    (tmp_path / "seven").write_text("7\n")
    assert read_int(tmp_path / "seven") == 7


@pytest.mark.parametrize(
    ("text", "whole", "real"),
    [("12", 12, 12.0), ("1.5", None, 1.5), ("max", None, None), ("inf", None, None),
     ("nan", None, None), ("", None, None), (None, None, None)],
)  # fmt: skip
def test_numbers_from_text(text: str | None, whole: int | None, real: float | None) -> None:
    assert to_int(text) == whole
    assert to_float(text) == real


def test_fields_keep_the_first_of_equal_names() -> None:
    assert fields("a: 1\nodd line\na: 2\nb :  x: y ") == {"a": "1", "b": "x: y"}
    assert fields(None) == {}
