"""Changes a library in a child and kills it; driven line by line by killing.py.

The children are forked from a process that has imported everything and opened nothing, because an
open store does not survive a fork; so twenty kills take seconds.

A child tells each touch of the disk before it happens. It is killed just before one of them, which
is inside the change for certain, or some time after it told of one.
"""

import hashlib
import json
import os
import re
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import lance
from lance.dataset import DatasetOptimizer

from handful.data.library import ingest as ingest_module
from handful.data.library.items import Item, Label, LabelKind, Part
from handful.data.library.library import Library
from handful.data.library.locking import lock, unlock
from handful.data.library.splits import Config
from handful.data.library.splitting import assign_splits
from handful.data.library.withdrawing import forget, quarantine, restore
from handful.data.library.writer import Writer

TOUCHES = (
    (os, "fsync"),
    (Path, "replace"),
    (Path, "unlink"),
    (lance, "write_dataset"),
    (lance.LanceDataset, "restore"),
    (lance.LanceDataset, "delete"),
    (DatasetOptimizer, "compact_files"),
    (lance.LanceDataset, "cleanup_old_versions"),
)
"""Everything a change does to the disk goes through one of these."""


class Told:
    """In the child: tells every touch, and dies before one where that is wanted."""

    def __init__(self, pipe, before=None, slowly=False):
        self.pipe, self.before, self.slowly, self.touched = pipe, before, slowly, 0
        for owner, name in TOUCHES:
            setattr(owner, name, self.wrap(name, getattr(owner, name)))

    def wrap(self, name, touch):
        def told(*args, **options):
            os.write(self.pipe, b"(\n" * (not self.touched) + name.encode() + b"\n")
            if self.touched == self.before:
                os.kill(os.getpid(), signal.SIGKILL)
            self.touched += 1
            if self.slowly and name == "cleanup_old_versions":
                options["delete_rate_limit"] = 40  # files a second, so that a kill meets some
            return touch(*args, **options)

        return told


def said(value):
    return Label(
        task="kind",
        value=value,
        annotator="ann",
        kind=LabelKind.HUMAN,
        time=datetime.now(UTC),
    )


def three(name):
    for place in range(3):
        words = {"und": f"the note {name} {place}"}
        content = hashlib.sha256(str(words).encode()).hexdigest()
        part = Part(modality="text", words=words, content_sha256=content)
        yield Item(id="", key=f"{name} {place}", parts={"text": part}, labels=(said("cup"),))


def relabel(library, name):
    every = {item.id: name for item in library.items()[:2]}
    library.label(every, task="kind", annotator="ann")


def regroup(library, name):
    with library.writing("regroup") as writer:
        writer.commit(changed=[replace(item, group=name) for item in library.items()[:2]])


def turn(library):
    """Lock the first split that holds something, or unlock what is locked."""
    if library.locked:
        unlock(library, library.locked[0])
    else:
        lock(library, next(item.split for item in library.items() if item.split))


ACTS = {
    "add": lambda library, order: library.add(three(order["name"])),
    "change": lambda library, order: regroup(library, order["name"]),
    "label": lambda library, order: relabel(library, order["name"]),
    "undo": lambda library, order: library.undo(order.get("to")),
    "tag": lambda library, order: library.tag(order["name"]),
    "untag": lambda library, order: library.untag(order["name"]),
    "trim": lambda library, order: library.trim(keep=order["keep"]),
    "quarantine": lambda library, order: quarantine(
        library, order["ids"], because=order["name"], by="ann"
    ),
    "restore": lambda library, order: restore(library, order["ids"]),
    "forget": lambda library, order: forget(library, order["ids"]),
    "split": lambda library, order: assign_splits(library, Config(test=0.5, seed=order["seed"])),
    "lock": lambda library, order: turn(library),
}


def act(pipe, order):
    """In the child: one change, then its version."""
    library = Library.open_or_create(Path(order["library"]))
    Told(pipe, order.get("before"), order.get("slowly", False))
    ACTS[order["act"]](library, order)
    os.write(pipe, f")\n={library.version}\n".encode())


def take_in(pipe, order):
    """In the child: an ingest; tell each entry into a write, each way out, what is committed."""
    write = Writer._write

    def told(self, *args):
        os.write(pipe, b"(\n")
        write(self, *args)
        os.write(pipe, b")\n")

    def tell(progress):
        os.write(pipe, b"=%d\n" % progress.committed)

    setattr(Writer, "_write", told)  # noqa: B010 - it does not have the same signature
    ingest_module.ingest(
        Library.open_or_create(Path(order["library"])),
        Path(order["source"]),
        labels_from_folders="kind",
        config=ingest_module.Config(batch_items=1, threads=1),
        on_progress=tell,
    )


def kill_one(order):
    """In the parent: let the child get going, wait, kill, and tell what it had said by then."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        (act if "act" in order else take_in)(writer, order)
        os._exit(0)
    os.close(writer)
    heard = b""
    if order.get("after"):
        while not re.search(order["after"].encode(), heard):
            more = os.read(reader, 64)
            heard += more
            if not more:
                break
        time.sleep(order["delay_s"])
        os.kill(child, signal.SIGKILL)
    while more := os.read(reader, 1 << 16):
        heard += more
    _, status = os.waitpid(child, 0)
    os.close(reader)
    words = heard.decode().split()
    brackets = [word for word in words if word in "()"]
    numbers = [int(word[1:]) for word in words if word[0] == "="]
    return {
        "killed": os.WIFSIGNALED(status),
        "inside": os.WIFSIGNALED(status) and brackets[-1:] == ["("],
        "touches": [word for word in words if word.isidentifier()],
        "acknowledged": max(numbers, default=0),
    }


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(kill_one(json.loads(line))) + "\n")
        sys.stdout.flush()
