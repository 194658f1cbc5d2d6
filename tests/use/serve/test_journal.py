"""Nothing acknowledged is lost: to kill -9, to a cut line, to a full disk."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from handful.foundation.project.atomic import read_lines
from handful.use.serve import journal as journals
from handful.use.serve.journal import Journal

WRITER = """
import sys
from pathlib import Path
from handful.use.serve.journal import Journal
folder = Path(sys.argv[1])
journal = Journal(folder / "events", folder / "feedback")
for row in range(100_000):
    journal.event({"id": f"e{row}", "label": "a", "release": "r", "level": "sure"})
    journal.feedback({"answer": f"e{row}"}).result()
    print(row, flush=True)
"""


def all_of(folder: Path) -> list[dict]:
    return [line for path in sorted(folder.glob("*.jsonl")) for line in read_lines(path)]


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for _ in range(20):
            last = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        for line in process.stdout.read().splitlines():
            last = int(line)
    kept = {line["answer"] for line in all_of(tmp_path / "feedback")}
    uses = {line["id"] for line in all_of(tmp_path / "events")}
    wanted = {f"e{row}" for row in range(last + 1)}
    assert wanted <= kept
    assert wanted <= uses


def test_a_cut_line_spoils_no_other(tmp_path: Path) -> None:
    first = Journal(tmp_path / "events", tmp_path / "feedback")
    first.event({"id": "one"})
    first.close()
    (path,) = (tmp_path / "events").glob("*.jsonl")
    with path.open("a") as file:
        file.write('{"id": "cut')
    second = Journal(tmp_path / "events", tmp_path / "feedback")
    assert second.knows("one") is not None
    second.event({"id": "two"})
    second.close()
    assert [line["id"] for line in all_of(tmp_path / "events")] == ["one", "two"]
    assert json.loads(path.read_text().splitlines()[0])["id"] == "one"


def test_a_full_disk_acknowledges_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    journal = Journal(tmp_path / "events", tmp_path / "feedback")
    monkeypatch.setattr(journals, "_append", full)
    journal.event({"id": "one"})
    with pytest.raises(OSError, match="No space"):
        journal.feedback({"answer": "one"}).result(5)
    assert journal.lost == 1
    monkeypatch.undo()
    journal.feedback({"answer": "one"}).result(5)
    journal.close()
    assert len(all_of(tmp_path / "feedback")) == 1
