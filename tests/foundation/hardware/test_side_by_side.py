"""Side by side gives the same as one after the other."""

from __future__ import annotations

import threading

import pytest

from handful.foundation.hardware.side_by_side import together


def test_answers_come_in_the_order_of_the_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores in (1, 2, 8):
        monkeypatch.setattr("handful.foundation.hardware.side_by_side._cores", lambda n=cores: n)
        assert together([lambda k=k: k * k for k in range(5)]) == [0, 1, 4, 9, 16]
        assert together([]) == []


def test_two_tasks_on_two_cores_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handful.foundation.hardware.side_by_side._cores", lambda: 2)
    barrier = threading.Barrier(2, timeout=20)
    assert sorted(together([barrier.wait, barrier.wait])) == [0, 1]


def test_one_core_needs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handful.foundation.hardware.side_by_side._cores", lambda: 1)
    here = threading.get_ident()
    assert together([threading.get_ident, threading.get_ident]) == [here, here]


def test_an_error_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handful.foundation.hardware.side_by_side._cores", lambda: 2)

    def fail() -> int:
        raise ValueError("the second one")

    with pytest.raises(ValueError, match="the second one"):
        together([lambda: 1, fail])
