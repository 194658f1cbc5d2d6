"""The shelf: aliases follow from the log, and the log survives what happens to it."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.foundation.errors import BusyError, ConfigError, UsageError
from handful.foundation.project.atomic import read_lines
from handful.foundation.project.lock import locked
from handful.use.release.shelf import Entry, Shelf

A, B, C = "a" * 64, "b" * 64, "b1" + "c" * 62


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ticks = iter(start + timedelta(hours=hour) for hour in range(100))
    made = Shelf(tmp_path / "shelf.jsonl", who="mina", now=lambda: next(ticks))
    for digest in (A, B, C):
        made.add(digest, "trained", evidence="run 1")
    return made


def test_every_event_is_kept_with_who_when_and_why(shelf: Shelf) -> None:
    shelf.put(A, "champion", "the first one")
    shelf.put(B, "champion", "cheaper by 30", evidence="report 1234")
    assert shelf.history()[-1] == Entry(
        when="2026-01-01T04:00:00+00:00",
        who="mina",
        what="alias",
        alias="champion",
        digest=B,
        previous=A,
        why="cheaper by 30",
        evidence="report 1234",
    )
    assert [entry.what for entry in shelf.history()] == ["release"] * 3 + ["alias"] * 2
    assert shelf.digests() == [A, B, C]


def test_aliases_are_what_the_last_lines_say(shelf: Shelf) -> None:
    assert shelf.aliases() == {}
    shelf.put(A, "champion", "x")
    assert shelf.aliases() == {"champion": A}
    shelf.put(B, "challenger", "x")
    shelf.put(B, "champion", "x")
    assert shelf.aliases() == {"champion": B, "challenger": B, "previous": A}
    shelf.put("previous", "champion", "one step back")
    assert shelf.aliases() == {"champion": A, "challenger": B, "previous": B}
    assert Shelf(shelf.path).aliases() == shelf.aliases()


def test_saying_it_twice_changes_nothing(shelf: Shelf) -> None:
    shelf.put(A, "champion", "x")
    entry = shelf.put(B, "champion", "y")
    assert shelf.put(B, "champion", "again") == entry
    assert shelf.aliases()["previous"] == A
    assert shelf.add(A, "again") == shelf.history()[0]
    assert len(shelf.history()) == 5


def test_releases_are_found_by_alias_or_first_digits(shelf: Shelf) -> None:
    shelf.put("aaa", "champion", "x")
    assert shelf.find("champion") == A
    assert shelf.find("b1") == C
    with pytest.raises(UsageError, match="may mean 2 releases"):
        shelf.find("b")
    for name in ("", "zzz", "challenger"):
        with pytest.raises(UsageError, match="no release"):
            shelf.find(name)
    with pytest.raises(UsageError) as caught:
        shelf.find("champoin")
    assert "champion" in caught.value.hint


def test_an_empty_shelf_says_what_to_do(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.jsonl")
    assert shelf.history() == []
    with pytest.raises(UsageError) as caught:
        shelf.put("abc", "champion", "x")
    assert "handful release" in caught.value.hint


@pytest.mark.parametrize(
    ("digest", "alias", "why"),
    [
        (A, "Champion", "x"),
        (A, "", "x"),
        (A, "previous", "x"),
        (A, "a b", "x"),
        (A, "champion", " "),
    ],
)
def test_what_cannot_be_an_alias_or_a_reason_is_refused(
    shelf: Shelf, digest: str, alias: str, why: str
) -> None:
    before = shelf.history()
    with pytest.raises(ConfigError):
        shelf.put(digest, alias, why)
    assert shelf.history() == before


@pytest.mark.parametrize("digest", ["abc", "A" * 64, "../../etc"])
def test_only_digests_stand_on_the_shelf(shelf: Shelf, digest: str) -> None:
    with pytest.raises(ConfigError, match="digest"):
        shelf.add(digest, "x")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 400), st.booleans())
def test_a_log_torn_anywhere_keeps_every_whole_line(
    tmp_path_factory: pytest.TempPathFactory, torn_bytes: int, then_more: bool
) -> None:
    path = tmp_path_factory.mktemp("shelf") / "shelf.jsonl"
    shelf = Shelf(path)
    shelf.add(A, "x")
    shelf.add(B, "x")
    shelf.put(A, "champion", "x")
    shelf.put(B, "champion", "y")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - torn_bytes])
    lines = sum(1 for line in whole[: len(whole) - torn_bytes].split(b"\n") if line[-1:] == b"}")
    assert len(shelf.history()) == lines
    if then_more:
        shelf.add(C, "after the crash")
        assert shelf.digests()[-1] == C
        assert len(shelf.history()) == lines + 1


def test_lines_of_a_newer_version_are_left_in_peace(shelf: Shelf) -> None:
    shelf.put(A, "champion", "x")
    lines = [
        {"what": "freeze", "alias": "champion", "digest": B, "when": "now"},
        {"what": "alias", "alias": "champion", "digest": "short", "when": "now"},
        {"what": "alias", "alias": "", "digest": B},
        {"what": "alias", "alias": "champion", "digest": B, "when": 7},
    ]
    with shelf.path.open("a") as log:
        log.writelines(json.dumps(line) + "\n" for line in lines)
    assert shelf.aliases() == {"champion": A}
    shelf.put(B, "champion", "y")
    assert shelf.aliases() == {"champion": B, "previous": A}
    assert len(read_lines(shelf.path)) == 9, "nothing is ever removed"


def test_two_at_once_do_not_meet(shelf: Shelf) -> None:
    with locked(shelf.path.with_name(".shelf.jsonl.lock"), "put"), pytest.raises(BusyError):
        shelf.put(A, "champion", "x")


WRITER = """
import sys
from pathlib import Path
from handful.use.release.shelf import Shelf
shelf = Shelf(Path(sys.argv[1]))
digests = shelf.digests()
number = len(shelf.history())
while True:
    number += 1
    shelf.put(digests[number % 3], "champion", f"{number} " + "x" * 5000)
    print(number, flush=True)
"""


def test_kill_9_loses_no_alias_that_was_acknowledged(shelf: Shelf) -> None:
    for attempt in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(shelf.path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        first = process.stdout.readline()
        time.sleep(0.02 * (attempt + 1))
        process.send_signal(signal.SIGKILL)
        said = [first, *process.stdout.read().splitlines()]
        process.wait()
        process.stdout.close()
        history = shelf.history()
        assert any(entry.why.startswith(f"{said[-1].strip()} ") for entry in history)
        assert shelf.aliases()["champion"] == history[-1].digest
        assert shelf.aliases()["previous"] == history[-2].digest or len(history) == 4
