from __future__ import annotations

import io
import json
import math
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.foundation.console.cells import width
from handful.foundation.console.progress import Rate, Status, fit_line
from handful.foundation.console.talk import Console


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Stage:
    """A console on streams that can be read back, with its own time."""

    def __init__(self, is_terminal: bool = False, **options: Any) -> None:
        self.clock = Clock()
        self.out = io.StringIO()
        self.err: io.StringIO = Terminal() if is_terminal else io.StringIO()
        environ = options.pop("environ", {})
        self.console = Console(
            out=self.out,
            err=self.err,
            environ=environ,
            clock=self.clock,
            memory=lambda: 412 * 2**20,
            **options,
        )


def status(**changes: Any) -> Status:
    values: dict[str, Any] = {
        "label": "Reading files",
        "state": "going",
        "done": 1200,
        "total": 12000,
        "unit": "item",
        "wall_s": 14.0,
        "rate_per_s": 85.0,
        "left_s": 127.0,
        "memory_bytes": 412 * 2**20,
        "loss": 0.4213,
        "money": 0.0012,
        "currency": "EUR",
        "extra": {},
    }
    return Status(**{**values, **changes})


def test_rate_of_steady_work_is_exact_from_the_first_reading() -> None:
    rate = Rate()
    assert rate.per_second() is None
    for _ in range(5):
        rate.add(20, 0.5)
        assert rate.per_second() == pytest.approx(40)


def test_rate_follows_a_change_and_is_not_thrown_by_a_hiccup() -> None:
    rate = Rate(memory_s=15)
    for _ in range(300):
        rate.add(10, 1)
    rate.add(0, 1)
    hiccup = rate.per_second()
    assert hiccup is not None
    assert 9 < hiccup < 10
    for _ in range(60):
        rate.add(2, 1)
    # After t seconds at the new speed, exp(-t / memory) of the old one is left.
    expected = 2 + 8 * math.exp(-60 / 15)
    assert rate.per_second() == pytest.approx(expected, rel=0.05)


def test_rate_ignores_counters_and_clocks_that_go_back() -> None:
    rate = Rate()
    rate.add(10, 1)
    rate.add(-100, -5)
    assert rate.per_second() == pytest.approx(10)


def test_the_line_says_everything_on_a_wide_terminal() -> None:
    line = fit_line(status(), 120, is_unicode=True).replace("\u202f", " ")
    assert line == (
        "Reading files  ━━──────────────────────  1 200/12 000  10 %  85/s  about 2 min left  "
        "412 MiB  loss 0.421  €0.0012"
    )


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (19, "Reading files  10 %"),
        (12, "Readi…  10 %"),
        (37, "Reading files  10 %  about 2 min left"),
        (3, "Re…"),
    ],
)
def test_a_narrow_line_keeps_what_matters_most(columns: int, line: str) -> None:
    assert fit_line(status(), columns, is_unicode=True) == line


def test_ascii_terminals_get_an_ascii_bar() -> None:
    line = fit_line(status(memory_bytes=None, loss=None, money=None), 100, is_unicode=False)
    assert "##----" in line
    assert fit_line(status(), 12, is_unicode=False) == "Readi~  10 %"


@given(
    label=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60),
    columns=st.integers(1, 150),
    done=st.integers(0, 10**9),
    total=st.one_of(st.none(), st.integers(1, 10**9)),
    is_unicode=st.booleans(),
)
def test_a_line_never_overflows(
    label: str, columns: int, done: int, total: int | None, is_unicode: bool
) -> None:
    line = fit_line(status(label=label, done=done, total=total), columns, is_unicode)
    assert width(line) <= columns


def test_a_log_gets_one_line_per_ten_seconds_and_a_last_one() -> None:
    stage = Stage()
    with stage.console.progress("Reading", 100) as progress:
        for done in range(1, 101):
            stage.clock.now += 0.25
            progress.update(done, loss=0.5)
    assert stage.err.getvalue().splitlines() == [
        "Reading: 40/100, 40 %, 4/s, about 15 s left, 412 MiB, loss 0.500",
        "Reading: 80/100, 80 %, 4/s, about 5 s left, 412 MiB, loss 0.500",
        "Reading: 100 items in 25 s, 4/s, 412 MiB, loss 0.500",
    ]
    assert stage.out.getvalue() == ""


def test_a_terminal_gets_one_line_drawn_again() -> None:
    stage = Stage(is_terminal=True, environ={"COLUMNS": "20"})
    with stage.console.progress("Reading", 100, currency="USD") as progress:
        for done in range(1, 101):
            stage.clock.now += 0.0625
            progress.update(done, money=done / 100)
    drawn = stage.err.getvalue().split("\r")
    assert len([line for line in drawn if "%" in line]) == 51
    assert all(width(line.strip("\n")) <= 19 for line in drawn[:-1])
    assert drawn[-1] == "Reading: 100 items in 6.25 s, 16/s, 412 MiB, $1.00\n"


def test_talk_does_not_tear_the_line() -> None:
    stage = Stage(is_terminal=True, environ={"COLUMNS": "60", "NO_COLOR": "1"})
    with stage.console.progress("Reading", 10) as progress:
        stage.clock.now += 1
        progress.advance()
        stage.console.warn("one file is odd")
        stage.clock.now += 1
        progress.advance()
    wiped = "\r" + " " * 10
    before, after = stage.err.getvalue().split("warning: one file is odd\n")
    assert wiped in before
    assert before.endswith(" \r")
    assert after.startswith("\rReading")


def test_progress_inside_progress_draws_only_the_inner_one() -> None:
    stage = Stage(is_terminal=True, environ={"COLUMNS": "60"})
    with stage.console.progress("Outer", 2) as outer:
        with stage.console.progress("Inner", 5) as inner:
            stage.err.truncate(0)
            stage.clock.now += 1
            outer.update(1)
            stage.clock.now += 1
            inner.update(1)
            assert "Outer" not in stage.err.getvalue()
        stage.clock.now += 1
        outer.update(2)
    assert "Outer: 2 items in 3 s" in stage.err.getvalue()


def test_an_error_is_told_as_stopped() -> None:
    stage = Stage()

    def stopped() -> None:
        with stage.console.progress("Reading", 100) as progress:
            stage.clock.now += 4
            progress.advance(30)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert stage.err.getvalue() == "Reading: stopped at 30 of 100 after 4 s, 7.5/s, 412 MiB\n"


def test_work_taken_up_again_is_not_credited_with_the_past() -> None:
    stage = Stage()
    with stage.console.progress("Reading", 1000, done=900) as progress:
        stage.clock.now += 10
        progress.update(910)
        assert progress.status().rate_per_s == pytest.approx(1)
        assert progress.status().left_s == pytest.approx(90)
    assert "1/s" in stage.err.getvalue()


def test_an_unknown_total_and_an_overfull_one() -> None:
    stage = Stage()
    with stage.console.progress("Reading", unit="file") as progress:
        stage.clock.now += 10
        progress.advance(50)
    assert stage.err.getvalue().startswith("Reading: 50 files, 5/s, 412 MiB\n")
    with stage.console.progress("Reading", 10) as progress:
        stage.clock.now += 10
        progress.update(20, batch=64, rung="ridge", lr=0.1)
        assert progress.status().left_s is None
    assert "20/10, 100 %, 2/s, 412 MiB, batch 64, rung ridge, lr 0.100" in stage.err.getvalue()


def test_events_for_programs() -> None:
    stage = Stage(json="events")
    with stage.console.progress("Reading", 100) as progress:
        for done in range(1, 41):
            stage.clock.now += 0.05
            progress.update(done, loss=math.nan if done == 40 else 0.5, money=0.1, total_seen=done)
    events = [json.loads(line) for line in stage.out.getvalue().splitlines()]
    assert [event["state"] for event in events] == ["started", "going", "finished"]
    assert all(event["event"] == "progress" for event in events)
    assert events[1]["done"] == pytest.approx(20, abs=1)
    assert events[1]["rate_per_s"] == pytest.approx(20)
    assert events[1]["left_s"] == pytest.approx(4, abs=0.1)
    assert events[1]["memory_bytes"] == 412 * 2**20
    assert events[1]["currency"] == "EUR"
    assert events[2]["loss"] is None
    assert stage.err.getvalue() == ""


def test_quiet_says_nothing() -> None:
    stage = Stage(is_quiet=True)
    with stage.console.progress("Reading", 10) as progress:
        stage.clock.now += 20
        progress.advance()
    assert stage.err.getvalue() == ""


def test_several_threads_lose_no_count() -> None:
    stage = Stage()
    with stage.console.progress("Reading", 4000) as progress:

        def work() -> None:
            for _ in range(1000):
                progress.advance()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert progress.done == 4000
