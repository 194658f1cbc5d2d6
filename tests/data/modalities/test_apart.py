import sys
import time

import pytest

from handful.data.modalities import apart, child
from handful.data.modalities.reading import Unreadable

# Stand-ins for the process, that fail in all the ways a decoder fails.
READ = "import sys,struct,os; h=sys.stdin.buffer.read(12); w,n=struct.unpack('<IQ',h); "
READ += "sys.stdin.buffer.read(w+n); "


def asked(script, wall_s=20.0, data=b"some bytes"):
    process = apart.Process([sys.executable, "-c", script], wall_s=wall_s)
    try:
        with pytest.raises(Unreadable) as caught:
            process.ask("image", data, {})
    finally:
        process.end()
    return caught.value


@pytest.mark.parametrize(
    ("script", "how"),
    [
        (READ + "os.kill(os.getpid(), 11)", "SIGSEGV"),
        (READ + "os.abort()", "SIGABRT"),
        (READ + "sys.exit(3)", "exit code 3"),
        ("import sys; sys.exit(0)", "exit code 0"),
        (READ + "os.write(1, b'x' * 5); sys.exit(0)", "exit code 0"),
        (READ + "os.write(1, struct.pack('<IQ', 2**31, 5)); sys.exit(0)", "exit code 0"),
        (READ + "os.write(1, struct.pack('<IQ', 2, 0) + b'[]'); sys.exit(0)", "exit code 0"),
    ],
)
def test_a_crash_is_a_verdict(script, how):
    fault = asked(script)
    assert fault.reason == "file/reader_crashed"
    assert how in fault.what


def test_a_crash_before_all_was_sent_is_a_verdict():
    assert asked("import sys; sys.exit(1)", data=bytes(5_000_000)).reason == "file/reader_crashed"


def test_nonsense_that_goes_on_is_a_verdict():
    script = READ + "os.write(1, b'x' * 40); import time; time.sleep(60)"
    start = time.monotonic()
    assert asked(script).reason == "file/reader_crashed"
    assert time.monotonic() - start < 15


def test_a_hang_is_a_verdict():
    assert asked(READ + "import time; time.sleep(60)", wall_s=0.5).reason == "file/reader_too_slow"


def test_too_much_processor_time_is_a_verdict():
    script = (
        READ + "from handful.data.modalities import child; child.limit_cpu(0)\nwhile True: pass"
    )
    assert asked(script).reason == "file/reader_too_slow"


def test_too_much_memory_is_a_verdict(monkeypatch):
    def greedy(data, request):
        raise MemoryError

    monkeypatch.setitem(child.READERS, "greedy", "greedy")
    monkeypatch.setitem(sys.modules, "greedy", type(sys)("greedy"))
    monkeypatch.setattr(sys.modules["greedy"], "read_here", greedy, raising=False)
    monkeypatch.setattr(child, "limit_memory", lambda more: None)
    monkeypatch.setattr(child, "limit_cpu", lambda more: None)
    answer = child.answer_to({"reader": "greedy"}, b"")
    assert answer.facts["reason"] == "file/reader_memory"


def test_memory_is_held():
    script = (
        "from handful.data.modalities import child; child.limit_memory(50_000_000)\n"
        "try: bytes(200_000_000)\n"
        "except MemoryError: raise SystemExit(7)"
    )
    process = apart.Process([sys.executable, "-c", script])
    assert process._process.wait(20) == 7
    process.end()


def test_a_process_reads_many_files_and_survives_a_bad_one():
    apart.close()
    for _ in range(3):
        with pytest.raises(Unreadable, match="cannot be read"):
            apart.ask("word", b"PK\x03\x04 broken", {})
    (process,) = apart._pool._idle
    assert process.answered == 3
    assert process.is_alive
    apart.close()
    assert not process.is_alive


def test_a_process_that_died_meanwhile_is_replaced():
    apart.close()
    first = apart.ask("web", b"<p>one", {})
    (process,) = apart._pool._idle
    process._process.kill()
    process._process.wait()
    assert apart.ask("web", b"<p>one", {}) == first


def test_reasons_are_checked_like_anything_from_outside():
    made_up = {"reason": "no/such", "facts": {}}
    assert apart._reason_of(made_up).reason == "file/reader_crashed"
    odd = {"reason": "text/damaged", "facts": []}
    assert apart._reason_of(odd).reason == "file/reader_crashed"
    fine = apart._reason_of({"reason": "text/damaged", "facts": {"error": "so"}})
    assert fine.what == "the document cannot be read (so)"
