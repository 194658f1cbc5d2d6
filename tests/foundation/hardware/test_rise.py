"""How far memory rises is known from arrays of a known size, whatever lies inside what."""

from __future__ import annotations

import mmap
import tracemalloc

import numpy as np
import pytest

from handful.foundation.hardware.memory import resident_bytes
from handful.foundation.hardware.rise import rise

MB = 10**6


def take(megabytes: int) -> None:
    """Hold so much for a moment; the pages need not be touched to be counted."""
    np.empty(megabytes * MB, dtype=np.uint8)


def fail_holding(megabytes: int) -> None:
    take(megabytes)
    raise ZeroDivisionError


def test_an_array_that_is_gone_again_is_seen() -> None:
    with rise() as found:
        take(40)
    assert found.bytes == pytest.approx(40 * MB, rel=0.03)


def test_an_array_that_stays_is_seen_once() -> None:
    with rise() as found:
        held = np.ones(5 * MB)
    assert held.nbytes == 40 * MB
    assert found.bytes == pytest.approx(40 * MB, rel=0.05)


def test_what_was_held_before_does_not_count() -> None:
    with rise():
        held = np.empty(40 * MB, dtype=np.uint8)
        with rise() as found:
            take(10)
    assert len(held) == 40 * MB
    assert found.bytes == pytest.approx(10 * MB, rel=0.05)


@pytest.mark.parametrize(("before", "inside", "after"), [(60, 20, 5), (5, 20, 60), (5, 60, 20)])
def test_the_highest_point_is_kept_across_measurements_inside(
    before: int, inside: int, after: int
) -> None:
    with rise() as outer:
        take(before)
        with rise() as inner:
            take(inside)
        take(after)
    assert outer.bytes == pytest.approx(60 * MB, rel=0.03)
    assert inner.bytes == pytest.approx(inside * MB, rel=0.03)


def test_what_others_take_and_keep_shows_as_growth() -> None:
    if resident_bytes() is None:
        pytest.skip("this system does not tell")
    with rise() as found:
        held = mmap.mmap(-1, 32 * 2**20)  # neither Python's nor NumPy's memory
        np.frombuffer(held, dtype=np.uint8)[:: mmap.PAGESIZE] = 1
    assert found.bytes == pytest.approx(32 * 2**20, rel=0.1)


def test_only_inside_measures_nothing_on_its_own() -> None:
    with rise(only_inside=True) as found:
        assert not tracemalloc.is_tracing()
        take(40)
    assert found.bytes == 0
    with rise(), rise(only_inside=True) as found:
        take(40)
    assert found.bytes == pytest.approx(40 * MB, rel=0.03)


def test_tracing_lasts_as_long_as_the_outermost_measurement() -> None:
    assert not tracemalloc.is_tracing()
    with rise():
        with rise():
            assert tracemalloc.is_tracing()
        assert tracemalloc.is_tracing()
    assert not tracemalloc.is_tracing()


def test_work_that_fails_is_measured_and_closes_what_it_opened() -> None:
    with rise() as outer:
        with pytest.raises(ZeroDivisionError), rise() as inner:
            fail_holding(40)
        assert tracemalloc.is_tracing()
        take(10)
    assert not tracemalloc.is_tracing()
    assert inner.bytes == pytest.approx(40 * MB, rel=0.03)
    assert outer.bytes == pytest.approx(40 * MB, rel=0.03)
    with pytest.raises(ZeroDivisionError), rise():
        fail_holding(1)
    assert not tracemalloc.is_tracing()
    with rise(only_inside=True) as found:
        take(40)
    assert found.bytes == 0
