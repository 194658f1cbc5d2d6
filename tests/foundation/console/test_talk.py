from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from handful.foundation.console import Console, JsonForm, OutputClosed, Table
from handful.foundation.errors import ConfigError, FindingError, InputError
from handful.foundation.hardware.meter import Cost

NOBODY: dict[str, str] = {}


def streams() -> tuple[io.StringIO, io.StringIO]:
    return io.StringIO(), io.StringIO()


def table() -> Table:
    found = Table("models", ["model", "score"])
    found.add("ridge", 0.5)
    return found


def test_data_and_talk_go_to_different_streams() -> None:
    out, err = streams()
    with Console(out=out, err=err, environ=NOBODY) as console:
        console.note("bfloat16, because this CPU has AVX512-BF16")
        console.sentence("12 items are alike.", alike=12)
        console.table(table())
        console.facts(hidden=1)
        console.warn("one file is odd", hint="pass `--on-bad skip`")
        console.done("Checked 300 items.", record=Path("runs/7"), next_step="handful train")
    assert console.mode == "plain"
    assert out.getvalue() == "12 items are alike.\nmodel  score\n─────  ─────\nridge  0.500\n"
    assert err.getvalue().splitlines() == [
        "bfloat16, because this CPU has AVX512-BF16",
        "warning: one file is odd",
        "hint: pass `--on-bad skip`",
        "Checked 300 items.",
        "record: runs/7",
        "next: handful train",
    ]


def test_errors_say_what_and_what_to_do_and_give_the_exit_code() -> None:
    out, err = streams()
    console = Console(out=out, err=err, environ=NOBODY)
    assert console.error(InputError('Cannot read "a.wav".', "convert it")) == 2
    assert console.error(FindingError("The gate failed.")) == 1
    assert (
        err.getvalue()
        == 'error: Cannot read "a.wav".\nhint: convert it\nfinding: The gate failed.\n'
    )
    assert out.getvalue() == ""


def test_colour_adds_nothing_but_colour() -> None:
    texts = []
    for colour in (True, False):
        out, err = streams()
        console = Console(colour=colour, out=out, err=err, environ=NOBODY)
        console.error(InputError("Wrong.", "do this"))
        console.done("Done.", record="r", next_step="n")
        console.sentence(console.paint("sure", "green"))
        texts.append(err.getvalue())
    assert console.mode == "plain"
    assert "\x1b[31merror:\x1b[0m Wrong." in texts[0]
    for code in ("31", "36", "0"):
        texts[0] = texts[0].replace(f"\x1b[{code}m", "")
    assert texts[0] == texts[1]


def test_names_from_outside_cannot_steer_the_terminal() -> None:
    out, err = streams()
    console = Console(out=out, err=err, environ=NOBODY)
    console.warn("odd name: a\x1b[2J\rb")
    console.sentence("a\x1b]0;title\x07b")
    assert err.getvalue() == "warning: odd name: a\\x1b[2J\\rb\n"
    assert out.getvalue() == "a\\x1b]0;title\\x07b\n"


def test_the_end_tells_what_it_cost() -> None:
    cost = Cost(
        wall_s=2.0,
        cpu_s=1.5,
        peak_memory_bytes=None,
        process_peak_bytes=None,
        energy_j=6.0,
        energy_mode="measured",
        money=0.5,
        currency="EUR",
    )
    out, err = streams()
    Console(out=out, err=err, environ=NOBODY).done("Done.", cost=cost, record="r", next_step="n")
    assert err.getvalue().splitlines() == [
        "Done.",
        "cost: 2 s, 1.5 s of core time, 6.0 J (measured), €0.50",
        "record: r",
        "next: n",
    ]
    with Console(json="document", out=out, err=err, environ=NOBODY) as console:
        console.done("Done.", cost=cost)
    assert Cost.from_dict(json.loads(out.getvalue())["cost"]) == cost


@pytest.mark.parametrize("form", ["document", "events"])
def test_a_verb_that_was_stopped_or_broke_is_not_ok(form: JsonForm) -> None:
    out, err = streams()
    with Console(json=form, out=out, err=err, environ=NOBODY) as console:
        console.failed("Fault", "This is a fault in Handful.", "report it", ValueError("odd"))
    said = json.loads(out.getvalue())
    what = said["error"] if form == "document" else said
    assert what["kind"] == "Fault"
    assert what["what"] == "This is a fault in Handful."
    assert said.get("ok") is (False if form == "document" else None)
    assert (
        "ValueError: odd\nerror: This is a fault in Handful.\nhint: report it\n" in err.getvalue()
    )


@pytest.mark.parametrize(("code", "ok"), [(0, True), (None, True), (3, False)])
def test_leaving_with_a_code(code: int | None, ok: bool) -> None:
    out, err = streams()

    def leave() -> None:
        with Console(json="document", out=out, err=err, environ=NOBODY):
            raise SystemExit(code)

    with pytest.raises(SystemExit):
        leave()
    assert json.loads(out.getvalue()) == {"ok": ok}


def test_one_json_document_holds_everything() -> None:
    out, err = streams()
    with Console(json="document", out=out, err=err, environ=NOBODY) as console:
        console.note("a choice")
        console.sentence("12 items are alike.", alike=12)
        console.table(table())
        console.facts(where=Path("a/b"))
        console.warn("one is odd", hint="skip it")
        with console.progress("Reading", 1) as progress:
            progress.advance()
        assert out.getvalue() == ""
        console.done("Checked.", record="runs/7", next_step="handful train", seconds=1.5)
    assert console.mode == "json"
    assert json.loads(out.getvalue()) == {
        "ok": True,
        "notes": ["a choice"],
        "sentences": ["12 items are alike.", "Checked."],
        "alike": 12,
        "tables": {"models": [{"model": "ridge", "score": 0.5}]},
        "where": "a/b",
        "warnings": [{"text": "one is odd", "hint": "skip it"}],
        "record": "runs/7",
        "next_step": "handful train",
        "seconds": 1.5,
    }
    assert err.getvalue().startswith("warning: one is odd\nhint: skip it\nReading: 1 item")


def test_json_lines_are_events() -> None:
    out, err = streams()
    with Console(json="events", out=out, err=err, environ=NOBODY) as console:
        console.note("a choice")
        console.sentence("12 are alike.", alike=12)
        console.table(table())
        console.warn("odd")
        console.error(FindingError("The gate failed.", "look"))
        console.done("Checked.", record="r", rows=3)
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [event.pop("event") for event in events] == [
        "note",
        "sentence",
        "facts",
        "table",
        "warning",
        "error",
        "done",
    ]
    assert events[2] == {"alike": 12}
    assert events[3] == {"name": "models", "rows": [{"model": "ridge", "score": 0.5}]}
    assert events[5]["what"] == "The gate failed."
    assert events[5]["exit_code"] == 1
    assert events[6] == {"text": "Checked.", "record": "r", "rows": 3}


def test_a_document_tells_of_the_error_that_ended_it() -> None:
    out, err = streams()

    def verb() -> None:
        with Console(json="document", out=out, err=err, environ=NOBODY) as console:
            console.facts(items=3)
            raise ConfigError(["a is wrong", "b is wrong"])

    with pytest.raises(ConfigError):
        verb()
    document = json.loads(out.getvalue())
    assert document["ok"] is False
    assert document["items"] == 3
    assert document["error"]["kind"] == "ConfigError"
    assert document["error"]["mistakes"] == ["a is wrong", "b is wrong"]


def test_a_document_of_a_crash_is_not_ok_and_is_written_once() -> None:
    out, err = streams()
    console = Console(json="document", out=out, err=err, environ=NOBODY)
    with pytest.raises(KeyError), console:
        raise KeyError
    console.close()
    assert json.loads(out.getvalue()) == {"ok": False}


def test_facts_may_not_take_the_names_of_the_console() -> None:
    with pytest.raises(AssertionError, match="tables"):
        Console(out=io.StringIO(), err=io.StringIO(), environ=NOBODY).facts(tables=1)


def test_quiet_keeps_data_warnings_and_errors() -> None:
    out, err = streams()
    console = Console(is_quiet=True, out=out, err=err, environ=NOBODY)
    console.note("in passing")
    console.done("Done.", next_step="more")
    console.sentence("data")
    console.warn("careful")
    assert out.getvalue() == "data\n"
    assert err.getvalue() == "warning: careful\n"


def test_json_survives_a_terminal_that_only_knows_ascii() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    with Console(json="document", out=out, err=io.StringIO(), environ=NOBODY) as console:
        console.facts(name="日本 é", broken="a\udc80")
    assert json.loads(raw.getvalue()) == {"ok": True, "name": "日本 é", "broken": "a\udc80"}


def test_json_of_a_broken_file_name_stays_json() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="utf-8")
    with Console(json="document", out=out, err=io.StringIO(), environ=NOBODY) as console:
        console.facts(broken="日\udc80")
    assert json.loads(raw.getvalue())["broken"] == "日\udc80"


def test_a_closed_pipe_inside_with_stays_quiet() -> None:
    class Closed(io.StringIO):
        def write(self, s: str, /) -> int:
            raise BrokenPipeError(32, "gone")

    with (
        pytest.raises(OutputClosed),
        Console(json="events", out=Closed(), err=io.StringIO(), environ=NOBODY) as console,
    ):
        console.note("x")


_SCRIPT = """
import time
from handful.foundation.console import Console, Table
console = Console()
with console.progress("日本 reading", 30) as progress:
    for _ in range(30):
        time.sleep(0.01)
        progress.advance()
table = Table("t", ["a", "verdict"])
table.add("x" * 40, "PASS")
console.table(table)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_real_terminal_of_twenty_columns(encoding: str) -> None:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 20, 0, 0))
    environ = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "TERM")}
    environ |= {"PYTHONIOENCODING": encoding, "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", _SCRIPT], stdout=theirs, stderr=theirs, env=environ
    ) as process:
        os.close(theirs)
        said = b""
        while chunk := _read(ours):
            said += chunk
    os.close(ours)
    assert process.returncode == 0
    text = said.decode(encoding)
    assert "Traceback" not in text
    drawn = [line for line in text.split("\n")[0].split("\r") if "%" in line]
    assert len(drawn) >= 2
    assert "\x1b[32mPASS\x1b[0m" in text
    assert ("日" in text) == (encoding == "utf-8")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux reports that the other end is closed
        return b""


def test_importing_the_console_does_not_bring_heavy_modules() -> None:
    script = (
        "import sys; import handful.foundation.console; "
        "print([m for m in ('rich', 'numpy', 'dataclasses', 'inspect', 'asyncio', 'logging') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "[]\n"
