from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.foundation.console.cells import width
from handful.foundation.console.channel import Channel
from handful.foundation.console.table import Column, Table
from handful.foundation.console.units import bytes_text, percent_text

ARROW = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
DASH = "\N{EN DASH}"


def channel(columns: int | None = None, has_colour: bool = False) -> Channel:
    environ = {"COLUMNS": str(columns)} if columns else {}
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    return Channel(stream, environ, has_colour=has_colour, is_data=True)


def models() -> Table:
    table = Table(
        "models",
        [
            "model",
            Column("accuracy", show=percent_text),
            Column("size_bytes", "size", show=bytes_text),
            "rows",
            "verdict",
        ],
        title="Models",
        mark="chosen",
    )
    table.add("ridge", 0.765, 2048, 12345, "PASS", highlight=True)
    table.add("majority", 0.1, None, 7, "CANNOT TELL")
    return table


def test_columns_are_aligned_and_numbers_stand_on_the_right() -> None:
    assert models().lines(channel()) == [
        "Models",
        "  model     accuracy   size    rows  verdict",
        "  ────────  ────────  ─────  ──────  ───────────",
        ARROW + " ridge       76.5 %  2 KiB  12\u202f345  PASS",
        f"  majority    10.0 %      {DASH}       7  CANNOT TELL",
    ]


def test_rows_for_programs_keep_the_raw_values() -> None:
    rows = models().rows()
    assert rows[0] == {
        "model": "ridge",
        "accuracy": 0.765,
        "size_bytes": 2048,
        "rows": 12345,
        "verdict": "PASS",
        "chosen": True,
    }
    assert rows[1]["size_bytes"] is None
    assert rows[1]["chosen"] is False
    plain = Table("t", ["a"])
    plain.add(np.float32(0.5))
    assert plain.rows() == [{"a": 0.5}]
    json.dumps(rows)


def test_verdicts_are_words_and_colours() -> None:
    lines = models().lines(channel(has_colour=True))
    assert "\x1b[32mPASS\x1b[0m" in lines[3]
    assert "\x1b[33mCANNOT TELL\x1b[0m" in lines[4]
    plain = [re.sub(r"\x1b\[\d+m", "", line) for line in lines]
    assert plain == models().lines(channel())


@pytest.mark.parametrize("text", ["PASSED", "a PASS", "MISSING"])
def test_only_a_leading_verdict_is_coloured(text: str) -> None:
    table = Table("t", ["what"])
    table.add(text)
    assert table.lines(channel(has_colour=True))[-1] == text


def test_a_verdict_with_its_reason_is_coloured() -> None:
    table = Table("t", ["what"])
    table.add("MISS: 0.81, and 0.90 was wanted")
    last = table.lines(channel(has_colour=True))[-1]
    assert last == "\x1b[31mMISS\x1b[0m: 0.81, and 0.90 was wanted"


def test_words_wrap_inside_their_column() -> None:
    table = Table("t", ["file", "finding", "n"])
    table.add("cats/07.wav", "it has six channels and one or two are understood", 3)
    assert table.lines(channel(40)) == [
        "file         finding                   n",
        "───────────  ────────────────────────  ─",
        "cats/07.wav  it has six channels and   3",
        "             one or two are",
        "             understood",
    ]


def test_a_narrow_screen_gets_one_line_per_cell() -> None:
    assert models().lines(channel(20)) == [
        "Models",
        ARROW + " chosen",
        "model: ridge",
        "accuracy: 76.5 %",
        "size: 2 KiB",
        "rows: 12\u202f345",
        "verdict: PASS",
        "",
        "model: majority",
        "accuracy: 10.0 %",
        "size: " + DASH,
        "rows: 7",
        "verdict: CANNOT TELL",
    ]


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(["CANNOT TELL", "PASS", "MISS (0.1)"]),
)


@given(
    rows=st.lists(st.tuples(cells, cells, cells), max_size=4),
    columns=st.integers(20, 90),
    is_marked=st.booleans(),
)
def test_no_line_is_wider_than_the_screen(
    rows: list[tuple[object, object, object]], columns: int, is_marked: bool
) -> None:
    table = Table("t", ["a", "second column", "c"], title="A title of some length")
    for row in rows:
        table.add(*row, highlight=is_marked)
    lines = table.lines(channel(columns))
    assert all(width(line) <= columns for line in lines)
    assert len(table) == len(rows)


def test_wide_letters_and_hostile_names_keep_the_grid() -> None:
    table = Table("t", ["name", "n"])
    table.add("日本", 1)
    table.add("a\x1b[2J", 22)
    assert table.lines(channel()) == [
        "name       n",
        "────────  ──",
        "日本       1",
        "a\\x1b[2J  22",
    ]


def test_ascii_terminals_get_plain_signs() -> None:
    table = Table("t", ["size"], mark="best")
    table.add(None, highlight=True)
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    lines = table.lines(Channel(stream, {}, has_colour=False, is_data=True))
    assert lines == ["  size", "  ----", "> -"]


def test_empty_tables_and_wrong_rows() -> None:
    table = Table("t", ["a", "b"])
    assert table.lines(channel()) == ["(no rows)"]
    assert table.rows() == []
    with pytest.raises(ValueError, match=r"A row needs 2 values \(a, b\), not 1"):
        table.add(1)
