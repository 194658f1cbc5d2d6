from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.foundation.console.cells import (
    cut,
    encodable,
    longest_word,
    pad,
    pieces,
    visible,
    width,
    wrap,
)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("cat", 3),
        ("", 0),
        ("naïve", 5),
        ("nai\u0308ve", 5),  # a combining mark
        ("日本語", 6),
        ("\uff46\uff55\uff4c\uff4c", 8),
        ("한글", 4),
        ("🐱", 2),
        ("👩\u200d🌾", 2),  # two pictures joined into one
        ("👍🏽", 2),  # a skin tone
        ("🇫🇷", 2),  # a flag of two letters
        ("🇫🇷🇩🇪", 4),
        ("❤\ufe0f", 2),  # a sign asked to be a picture
        ("\u202f", 1),
        ("ที่", 1),  # vowel and tone marks above take no column
    ],
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


def test_pieces_keep_joined_signs_together() -> None:
    assert [piece for piece, _ in pieces("a👩\u200d🌾e\u0301")] == ["a", "👩\u200d🌾", "e\u0301"]


@given(st.text(max_size=40))
def test_pieces_lose_nothing(text: str) -> None:
    assert "".join(piece for piece, _ in pieces(text)) == text


def test_cut_marks_what_it_cut() -> None:
    assert cut("hello", 5) == "hello"
    assert cut("hello!", 5) == "hell…"
    assert cut("日本語", 5) == "日本…"
    assert cut("日本語", 4) == "日…"
    assert cut("hello", 1) == "…"
    assert cut("hello", 0) == ""


@given(st.text(max_size=40), st.integers(min_value=0, max_value=30))
def test_cut_never_overflows(text: str, columns: int) -> None:
    assert width(cut(text, columns)) <= columns


def test_wrap_breaks_between_words() -> None:
    assert wrap("the cat sat down", 7) == ["the cat", "sat", "down"]
    assert wrap("abcdefghij kl", 4) == ["abcd", "efgh", "ij", "kl"]
    assert wrap("one\ntwo", 10) == ["one", "two"]
    assert wrap("", 5) == [""]
    assert wrap("日本語", 4) == ["日本", "語"]


words = st.text(alphabet=st.sampled_from("ab日🐱e\u0301"), min_size=1, max_size=12)


@given(st.lists(words, min_size=1, max_size=8), st.integers(min_value=2, max_value=20))
def test_wrap_fits_and_keeps_every_sign(parts: list[str], columns: int) -> None:
    lines = wrap(" ".join(parts), columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(parts)


def test_pad_counts_wide_signs() -> None:
    assert pad("日", 4) == "日  "
    assert pad("7", 3, right=True) == "  7"
    assert pad("long", 2) == "long"


def test_longest_word() -> None:
    assert longest_word("a four\nnineteen b") == 8
    assert longest_word("") == 0


def test_visible_shows_control_signs_instead_of_obeying_them() -> None:
    assert visible("a\x1b[2Jb") == "a\\x1b[2Jb"
    assert visible("safe\u202egpj.exe") == "safe\\u202egpj.exe"
    assert visible("bad\udc80name") == "bad\\udc80name"
    assert visible("two\nlines\tand") == "two\nlines and"
    assert visible("Grüße 日本 👩\u200d🌾") == "Grüße 日本 👩\u200d🌾"


@given(st.text(max_size=40))
def test_visible_text_can_always_be_written(text: str) -> None:
    shown = visible(text)
    assert "\x1b" not in shown
    assert "\r" not in shown
    shown.encode("utf-8")


def test_encodable_prefers_plain_signs_to_escapes() -> None:
    assert encodable("1\u202f234 ≥ 5 µs ≤ €3", "ascii") == "1 234 >= 5 us <= EUR 3"
    assert encodable("日", "ascii") == "\\u65e5"
    assert encodable("€3 é", "latin-1") == "EUR 3 é"
    assert encodable("€3", "utf-8") == "€3"


@given(st.text(max_size=40), st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8"]))
def test_encodable_text_can_be_encoded(text: str, encoding: str) -> None:
    encodable(text, encoding).encode(encoding)
