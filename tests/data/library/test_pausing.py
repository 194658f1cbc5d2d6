import os
import threading
import time

import pytest

from handful.data.library import taking
from handful.data.library.ingest import Config, ingest
from handful.data.library.library import Library
from handful.data.library.pausing import Pause
from handful.foundation.errors import UsageError
from handful.foundation.hardware import Battery


@pytest.fixture
def many(tmp_path, note):
    for number in range(60):
        note(tmp_path / "many" / f"{number:02}.txt", f"note {number}")
    return tmp_path / "many"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(taking, "_LOOK_S", 0.0)
    monkeypatch.setattr(taking, "_BATTERY_S", 0.0)
    monkeypatch.setattr(taking, "_MOST_AT_ONCE", 4)


def test_an_add_waits_with_all_it_has_read_kept_and_goes_on(library, many):
    pause = Pause(library.folder)
    waited = []

    def told(progress):
        if progress.seen == 30 and not waited:
            pause.ask()
        if progress.waiting:
            waited.append(progress)
            kept = len(Library.open(library.folder).items())
            assert kept == progress.committed == progress.seen >= 30
            if len(waited) == 5:
                assert pause.lift()

    report = ingest(library, many, on_progress=told)
    assert len(waited) == 5
    assert {progress.waiting for progress in waited} == {"paused"}
    assert len({progress.seen for progress in waited}) == 1, "nothing is read meanwhile"
    assert report.items_added == 60


def test_a_pause_from_another_thread_is_noticed_in_time(library, many, monkeypatch):
    pause = Pause(library.folder)
    real = taking.examine

    def slow(*args, **named):
        time.sleep(0.01)
        return real(*args, **named)

    monkeypatch.setattr(taking, "examine", slow)
    monkeypatch.setattr(taking, "_LOOK_S", 0.02)
    waiting = threading.Event()
    thread = threading.Thread(
        target=ingest,
        args=(library, many),
        kwargs={
            "config": Config(threads=1),
            "on_progress": lambda each: waiting.set() if each.waiting else None,
        },
    )
    thread.start()
    while True:
        try:
            pause.ask()
            break
        except UsageError:
            time.sleep(0.005)
    assert waiting.wait(10)
    assert thread.is_alive()
    pause.lift()
    thread.join(10)
    assert not thread.is_alive()
    assert len(Library.open(library.folder).items()) == 60


def test_ctrl_c_ends_a_paused_add_and_the_next_one_does_not_wait(library, many):
    pause = Pause(library.folder)

    def told(progress):
        if progress.seen == 20:
            pause.ask()
        if progress.waiting:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(library, many, on_progress=told)
    assert pause.is_asked
    assert len(library.items()) >= 20
    report = ingest(library, many)
    assert report.items_unchanged + report.items_added == 60
    assert not pause.is_asked


def test_there_must_be_something_to_pause(library):
    pause = Pause(library.folder)
    with pytest.raises(UsageError, match="No files are being added now"):
        pause.ask()
    with library.writing("label"), pytest.raises(UsageError, match='runs "label"'):
        pause.ask()
    assert not pause.is_asked
    assert not pause.lift()


def test_a_low_battery_makes_a_gentle_add_wait(library, many, monkeypatch):
    states = [Battery(80, True), Battery(29, True), Battery(29, True), Battery(29, False)]
    seen = []

    def look():
        return states.pop(0) if len(states) > 1 else states[0]

    monkeypatch.setattr(taking, "look_at_battery", look)
    told = lambda each: seen.append(each.waiting) if each.waiting else None  # noqa: E731
    ingest(library, many, config=Config(gentle=True), on_progress=told)
    assert seen == ["the battery is at 29 %"] * 2
    assert len(library.items()) == 60


def test_the_battery_matters_to_nobody_else(library, many, monkeypatch):
    monkeypatch.setattr(taking, "look_at_battery", lambda: Battery(1, True))
    assert ingest(library, many).items_added == 60


def test_a_gentle_add_reads_on_one_thread_that_goes_last(library, many, monkeypatch):
    found = set()
    real = taking.examine

    def look(*args, **named):
        found.add((threading.get_ident(), os.getpriority(os.PRIO_PROCESS, 0)))
        return real(*args, **named)

    monkeypatch.setattr(taking, "examine", look)
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    ingest(library, many, config=Config(gentle=True))
    ((thread, priority),) = found
    assert thread != threading.get_ident()
    assert priority == max(mine, 15)
    assert os.getpriority(os.PRIO_PROCESS, 0) == mine, "the caller's own thread is left alone"
