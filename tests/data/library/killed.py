"""Runs an ingest in a child and kills it; driven line by line by test_kill.py.

The children are forked from a process that has imported everything and opened nothing, because an
open store does not survive a fork; so twenty kills take seconds.
"""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import lance  # noqa: F401 - so that no child has to

from handful.data.library import ingest as ingest_module
from handful.data.library.library import Library
from handful.data.library.writer import Writer


def work(library, source, pipe):
    """In the child: tell each entry into a write, each way out of it, and what is committed."""
    write = Writer._write

    def told(self, *args):
        os.write(pipe, b"(\n")
        write(self, *args)
        os.write(pipe, b")\n")

    def tell(progress):
        os.write(pipe, b"%d\n" % progress.committed)

    setattr(Writer, "_write", told)  # noqa: B010 - it does not have the same signature
    ingest_module.ingest(
        Library.open_or_create(Path(library)),
        Path(source),
        labels_from_folders="kind",
        config=ingest_module.Config(batch_items=1, threads=1),
        on_progress=tell,
    )


def kill_one(library, source, delay_s, after_commit):
    """In the parent: let the child get going, wait, kill, and tell what it had said by then."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        work(library, source, writer)
        os._exit(0)
    os.close(writer)
    said = os.read(reader, 64)
    while after_commit and not re.search(rb"[1-9]", said):
        said += os.read(reader, 64)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while more := os.read(reader, 1 << 16):
        said += more
    os.close(reader)
    words = said.decode().split()
    brackets = [word for word in words if word in "()"]
    return {
        "killed": os.WIFSIGNALED(status),
        "inside": brackets[-1:] == ["("],
        "committed": max([int(word) for word in words if word not in "()"], default=0),
    }


for line in sys.stdin:
    sys.stdout.write(json.dumps(kill_one(**json.loads(line))) + "\n")
    sys.stdout.flush()
