from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.foundation.console.units import (
    GROUP,
    bytes_text,
    cost_text,
    count_text,
    energy_text,
    money_text,
    number_text,
    percent_text,
    plural,
    rate_text,
    seconds_text,
    time_left_text,
)
from handful.foundation.hardware.meter import Cost


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (412 * 2**20, "412 MiB"),
        (2**30 - 1, "1 GiB"),
        (1.5 * 2**30, "1.5 GiB"),
        (-(2**20), "-1 MiB"),
        (2**70, f"{2**20} PiB"),
        (None, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_bytes(size: float | None, text: str) -> None:
    assert bytes_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (2.5e-8, "25 ns"),
        (1.2e-5, "12 µs"),
        (0.85, "850 ms"),
        (0.99999, "1 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (80, "1 min 20 s"),
        (119.6, "2 min"),
        (3599.6, "1 h"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86399, "1 d"),
        (86400 * 3 + 4 * 3600, "3 d 4 h"),
        (-80, "-1 min 20 s"),
        (None, "unknown"),
        (math.nan, "unknown"),
    ],
)
def test_seconds(seconds: float | None, text: str) -> None:
    assert seconds_text(seconds) == text


def _read_back(text: str) -> float:
    scale = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}
    words = text.replace(GROUP, "").split(" ")
    return sum(float(a) * scale[b] for a, b in zip(words[::2], words[1::2], strict=True))


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_seconds_never_lose_more_than_their_rounding(seconds: float) -> None:
    text = seconds_text(seconds)
    assert _read_back(text) == pytest.approx(seconds, rel=0.03)
    assert "60 s" not in text
    assert "60 min" not in text
    assert "24 h" not in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (math.inf, ""),
        (0, "a few seconds left"),
        (4.6, "about 5 s left"),
        (57, "about 55 s left"),
        (58, "about 1 min left"),
        (125, "about 2 min left"),
        (3600 * 1.34, "about 1 h 20 min left"),
        (3600 * 5.2, "about 5 h left"),
        (86400 * 3.1, "about 3 days left"),
    ],
)
def test_time_left(seconds: float | None, text: str) -> None:
    assert time_left_text(seconds) == text


def test_counts_and_nouns() -> None:
    assert count_text(999) == "999"
    assert count_text(12345678) == f"12{GROUP}345{GROUP}678"
    assert plural(1, "item") == "1 item"
    assert plural(0, "item") == "0 items"
    assert plural(2, "library", "libraries") == "2 libraries"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.12345, "0.123"),
        (3.0, "3.00"),
        (123456.7, f"123{GROUP}457"),
        (1.5e-7, "1.50e-07"),
        (math.nan, "unknown"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number_text(value) == text


def test_percent_with_its_interval() -> None:
    assert percent_text(0.7654) == "76.5 %"
    assert percent_text(0.7654, 0.72, 0.804) == "76.5 % (72.0\N{EN DASH}80.4)"
    assert percent_text(1, places=0) == "100 %"
    assert percent_text(None) == "unknown"


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (85, "85/s"),
        (8.54, "8.5/s"),
        (12345, f"12{GROUP}345/s"),
        (0.02, "1.2/min"),
        (0.001, "3.6/h"),
        (0, "0/s"),
        (None, ""),
    ],
)
def test_rates(rate: float | None, text: str) -> None:
    assert rate_text(rate) == text


def test_rate_names_its_unit() -> None:
    assert rate_text(85, "items") == "85 items/s"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (12.4, "EUR", "€12.40"),
        (0.00123, "EUR", "€0.0012"),
        (0.0999, "EUR", "€0.100"),
        (0.00001, "EUR", "less than €0.0001"),
        (-0.00001, "CHF", "less than CHF 0.0001"),
        (0, "USD", "$0.00"),
        (1234.5, "CHF", f"CHF 1{GROUP}234.50"),
        (-2, "GBP", "-£2.00"),
        (None, "EUR", "unknown"),
    ],
)
def test_money(amount: float | None, currency: str, text: str) -> None:
    assert money_text(amount, currency) == text


def test_energy() -> None:
    assert energy_text(12) == "12 J"
    assert energy_text(900) == "0.25 Wh"
    assert energy_text(4.32e6) == "1.2 kWh"
    assert energy_text(None) == "unknown"


def test_cost_leaves_out_what_is_unknown() -> None:
    cost = Cost(
        wall_s=80,
        cpu_s=125,
        peak_memory_bytes=412 * 2**20,
        process_peak_bytes=None,
        energy_j=500,
        energy_mode="estimated",
        money=0.012,
        currency="EUR",
    )
    assert cost_text(cost) == (
        "1 min 20 s, 2 min 5 s of core time, at most 412 MiB, 0.14 Wh (estimated), €0.012"
    )
    assert "at most" not in cost_text(replace(cost, peak_memory_bytes=None))
