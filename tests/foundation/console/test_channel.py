from __future__ import annotations

import errno
import io
import os
import subprocess
import sys

import pytest

from handful.foundation.console.channel import Channel, OutputClosed, choose_mode
from handful.foundation.errors import StorageError


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Refusing(io.StringIO):
    """A stream that the system refuses to write to."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code
        self.calls = 0

    def write(self, s: str, /) -> int:
        self.calls += 1
        raise OSError(self.code, os.strerror(self.code))


@pytest.mark.parametrize(
    ("environ", "is_terminal", "flags", "mode"),
    [
        ({}, True, {}, "colour"),
        ({}, False, {}, "plain"),
        ({"TERM": "dumb"}, True, {}, "plain"),
        ({"NO_COLOR": "1"}, True, {}, "plain"),
        ({"NO_COLOR": ""}, True, {}, "colour"),  # empty means unset
        ({"FORCE_COLOR": "1"}, False, {}, "colour"),
        ({"FORCE_COLOR": "0"}, False, {}, "plain"),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, {}, "plain"),
        ({"NO_COLOR": "1"}, False, {"colour": True}, "colour"),
        ({"FORCE_COLOR": "1"}, True, {"colour": False}, "plain"),
        ({"FORCE_COLOR": "1"}, True, {"json": True, "colour": True}, "json"),
    ],
)
def test_mode(
    environ: dict[str, str], is_terminal: bool, flags: dict[str, bool], mode: str
) -> None:
    assert choose_mode(environ, is_terminal, **flags) == mode


def test_width_follows_the_stream_and_the_environment() -> None:
    assert Channel(io.StringIO(), {}, has_colour=False, is_data=True).columns() is None
    assert Channel(Terminal(), {}, has_colour=False, is_data=True).columns() == 80
    assert Channel(Terminal(), {"COLUMNS": "20"}, has_colour=False, is_data=True).columns() == 20
    for odd in ("wide", "-3", "0", "²"):
        channel = Channel(io.StringIO(), {"COLUMNS": odd}, has_colour=False, is_data=True)
        assert channel.columns() is None


def test_paint_only_where_colour_is_wanted() -> None:
    plain = Channel(io.StringIO(), {}, has_colour=False, is_data=True)
    bright = Channel(io.StringIO(), {}, has_colour=True, is_data=True)
    assert plain.paint("PASS", "green") == "PASS"
    assert bright.paint("PASS", "green") == "\x1b[32mPASS\x1b[0m"
    nested = bright.paint(f"a {bright.paint('b', 'red')} c", "bold")
    assert nested == "\x1b[1ma \x1b[31mb\x1b[0m\x1b[1m c\x1b[0m"


def test_a_terminal_that_is_dumb_is_not_redrawn() -> None:
    assert Channel(Terminal(), {}, has_colour=False, is_data=False).can_redraw
    assert not Channel(Terminal(), {"TERM": "dumb"}, has_colour=False, is_data=False).can_redraw
    assert not Channel(io.StringIO(), {}, has_colour=False, is_data=False).can_redraw


def test_text_the_stream_cannot_encode_is_replaced() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Channel(stream, {}, has_colour=False, is_data=True).write("5 ≤ 日\n")
    assert raw.getvalue() == b"5 <= \\u65e5\n"


def test_a_closed_pipe_ends_data_and_silences_talk() -> None:
    with pytest.raises(OutputClosed) as caught:
        Channel(Refusing(errno.EPIPE), {}, has_colour=False, is_data=True).write("x")
    assert caught.value.code == 141
    stream = Refusing(errno.EPIPE)
    talk = Channel(stream, {}, has_colour=False, is_data=False)
    talk.write("x")
    talk.write("y")
    assert stream.calls == 1


def test_a_full_disk_behind_the_data_is_an_error() -> None:
    with pytest.raises(StorageError, match="disk is full"):
        Channel(Refusing(errno.ENOSPC), {}, has_colour=False, is_data=True).write("x")
    Channel(Refusing(errno.ENOSPC), {}, has_colour=False, is_data=False).write("x")


def test_no_stream_and_a_closed_stream_swallow_text() -> None:
    nothing = Channel(None, {}, has_colour=False, is_data=True)
    nothing.write("x")
    assert nothing.columns() is None
    closed = io.StringIO()
    channel = Channel(closed, {}, has_colour=False, is_data=True)
    closed.close()
    channel.write("x")


_MANY_LINES = """
from handful.foundation.console import Console
console = Console()
with console.progress("Counting", 100_000) as progress:
    for number in range(100_000):
        console.sentence(f"line {number}")
        progress.advance()
"""


def test_a_real_closed_pipe_leaves_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _MANY_LINES], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"line 0\n"
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == 141
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert said.startswith("Counting: stopped at")


def test_talk_to_a_closed_pipe_does_not_end_the_work() -> None:
    script = (
        "from handful.foundation.console import Console\n"
        "console = Console()\n"
        "for number in range(3): console.note('x' * 1000)\n"
        "console.sentence('still here')\n"
    )
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=write)
    os.close(write)
    assert done.returncode == 0
    assert done.stdout == b"still here\n"
