"""The process that `apart` starts: reads one file after another under limits.

Everything it says goes through one pipe that only this file writes to; what a decoder prints goes
nowhere.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from typing import IO, Any

from handful.data.modalities import caps
from handful.data.modalities.apart import FRAME, Answer
from handful.data.modalities.reading import Unreadable

READERS = {
    "image": "handful.data.modalities.image.read",
    "second": "handful.data.modalities.image.second",
    "audio": "handful.data.modalities.audio.media",
    "web": "handful.data.modalities.text.web",
    "letter": "handful.data.modalities.text.letter",
    "pdf": "handful.data.modalities.text.pdf",
    "word": "handful.data.modalities.text.word",
}
"""Name to the module whose `read_here` does it."""

Reader = Callable[[bytes, Mapping[str, Any]], Answer]


def main() -> None:
    """Read requests until the input ends."""
    sender = os.fdopen(os.dup(1), "wb")
    receiver = os.fdopen(os.dup(0), "rb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    _forbid_files()
    while head := receiver.read(FRAME.size):
        words, size = FRAME.unpack(head)
        request = json.loads(receiver.read(words))
        answer = answer_to(request, receiver.read(size))
        _send(sender, answer)


def answer_to(request: Mapping[str, Any], data: bytes) -> Answer:
    """Read one file.

    Args:
        request: With `reader`, and what that reader wants to know.
        data: The whole file.

    Returns:
        What was found, or a reason among the facts.
    """
    try:
        reader: Reader = importlib.import_module(READERS[request["reader"]]).read_here
        limit_memory(caps.APART_MEMORY)
        limit_cpu(caps.APART_CPU_S)
        return reader(data, request)
    except Unreadable as fault:
        return Answer({"reason": fault.reason, "facts": _plain(fault.facts)}, b"")
    except MemoryError:
        return Answer({"reason": "file/reader_memory", "facts": {}}, b"")
    except RecursionError:
        return Answer({"reason": "file/reader_crashed", "facts": {"how": "nested too deep"}}, b"")


def limit_memory(more: int) -> None:
    """Let the process grow by no more than this beyond what it has now.

    Args:
        more: Bytes.
    """
    with contextlib.suppress(OSError, ValueError):  # where the system cannot tell, time still ends
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            pages = int(file.read().split()[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, most))


def limit_cpu(more_s: int) -> None:
    """Let the process use no more than this beyond what it has used.

    Args:
        more_s: Seconds of processor time.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    used = int(usage.ru_utime + usage.ru_stime) + 1
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (used + more_s, most))


def _forbid_files() -> None:
    """No file may be written and none dumped; the pipe is no file."""
    for what in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (0, 0))


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, int | float) else str(value)[:500]
        for name, value in facts.items()
    }


def _send(sender: IO[bytes], answer: Answer) -> None:
    facts = json.dumps(answer.facts).encode()
    sender.write(FRAME.pack(len(facts), len(answer.data)) + facts)
    sender.write(answer.data)
    sender.flush()


if __name__ == "__main__":
    sys.exit(main())
