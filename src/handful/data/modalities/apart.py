"""Read one file in a process of its own, so that a decoder may crash or hang without us.

Formats that few programs write and many attacks use (TIFF, HEIC, AVIF, PDF, Word, MP4) are decoded
by a second Python that has limits on memory and processor time, may write no file, and answers in
JSON and plain bytes, which are checked like any other bytes from outside. A process reads many
files one after another; one that fails is ended and its file has its verdict.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import IO, Any, NamedTuple

from handful.data.modalities import caps
from handful.data.modalities.reading import Unreadable, reasons

COMMAND = (sys.executable, "-P", "-m", "handful.data.modalities.child")
"""Starts the process; `-P` keeps the folder one happens to be in out of its imports."""

FRAME = struct.Struct("<IQ")
"""Before each message: bytes of JSON, then bytes of data."""

_FILES_EACH = 2000
"""A process reads at most so many files, so that what a decoder leaks does not add up."""
_KEPT = 8
_MOST_JSON = 4_000_000


class Answer(NamedTuple):
    """What came back.

    Attributes:
        facts: Plain facts by name.
        data: The bytes they are about.
    """

    facts: dict[str, Any]
    data: bytes


def ask(reader: str, data: bytes, facts: Mapping[str, Any]) -> Answer:
    """Have a file read.

    Args:
        reader: Which reader of `child.READERS`.
        data: The whole file.
        facts: What that reader wants to know, as plain data.

    Returns:
        What it found.

    Raises:
        Unreadable: With the reader's reason, or because it crashed, took too long, or too much
            memory.
    """
    process = _pool.take()
    try:
        answer = process.ask(reader, data, facts)
    except BaseException:
        # Whatever the reason was, the process may hold rubbish now: a new one costs 0.2 s.
        process.end()
        raise
    _pool.put_back(process)
    if "reason" in answer.facts:
        raise _reason_of(answer.facts)
    return answer


class Process:
    """One process that reads.

    Args:
        command: Starts it.
        wall_s: Longest wait for an answer.
    """

    def __init__(self, command: Sequence[str] = (), *, wall_s: float = caps.APART_WALL_S) -> None:
        self.answered = 0
        self._wall_s = wall_s
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
            list(command or COMMAND),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders print what is an exception already
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for us; this one ends when its input does
        )

    def ask(self, reader: str, data: bytes, facts: Mapping[str, Any]) -> Answer:
        """Have a file read; see `ask`, but a reason comes back among the facts."""
        request = json.dumps({"reader": reader, **facts}).encode()
        late = threading.Event()
        timer = threading.Timer(self._wall_s, self._too_late, [late])
        timer.start()
        try:
            sender, receiver = self._pipes()
            sender.write(FRAME.pack(len(request), len(data)) + request)
            sender.write(data)
            sender.flush()
            answer = _receive(receiver)
        except (OSError, ValueError) as error:
            raise self._verdict(late.is_set()) from error
        finally:
            timer.cancel()
        self.answered += 1
        return answer

    def end(self) -> None:
        """End it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.kill()
        self._process.wait()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin
        assert self._process.stdout
        return self._process.stdin, self._process.stdout

    def _too_late(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _verdict(self, is_late: bool) -> Unreadable:
        """Why no answer came."""
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:  # it talks nonsense and goes on
            return Unreadable("file/reader_crashed", how="its answer made no sense")
        if is_late or code == -signal.SIGXCPU:
            return Unreadable("file/reader_too_slow")
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Unreadable("file/reader_crashed", how=how)


class _Pool:
    """Processes that wait for their next file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Process] = []

    def take(self) -> Process:
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                return Process()
            if process.is_alive:
                return process
            process.end()

    def put_back(self, process: Process) -> None:
        with self._lock:
            keep = len(self._idle) < _KEPT and process.answered < _FILES_EACH
            if keep:
                self._idle.append(process)
        if not keep:
            process.end()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    def forget(self) -> None:
        """After a fork the processes belong to the parent, which goes on talking to them."""
        self._lock = threading.Lock()
        _not_ours.extend(self._idle)
        self._idle = []


_pool = _Pool()
_not_ours: list[Process] = []
atexit.register(_pool.close)
os.register_at_fork(after_in_child=_pool.forget)


def close() -> None:
    """End every process that waits; the next file starts one anew."""
    _pool.close()


def _receive(pipe: IO[bytes]) -> Answer:
    """Read one message.

    Raises:
        ValueError: When it is none.
    """
    head = _exactly(pipe, FRAME.size)
    words, size = FRAME.unpack(head)
    if words > _MOST_JSON or size > caps.APART_ANSWER:
        raise ValueError("an answer beyond all limits")
    facts = json.loads(_exactly(pipe, words))
    if not isinstance(facts, dict):
        raise ValueError("an answer that is no object")
    return Answer(facts, _exactly(pipe, size))


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    data = pipe.read(count)
    if len(data) != count:
        raise ValueError("an answer that ends early")
    return data


def _reason_of(facts: Mapping[str, Any]) -> Unreadable:
    code, known = facts.get("reason"), facts.get("facts")
    if not isinstance(code, str) or code not in reasons() or not isinstance(known, dict):
        return Unreadable("file/reader_crashed", how="its answer made no sense")
    return Unreadable(code, **{str(name): value for name, value in known.items()})


def _environment() -> dict[str, str]:
    """What a reader needs to find its modules, and nothing else of ours."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "HOME", "LD_LIBRARY_PATH")
        if name in os.environ
    }
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**kept, **one_thread, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
