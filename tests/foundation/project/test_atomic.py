import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from handful.foundation.errors import StorageError
from handful.foundation.project import atomic


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    atomic.write_json(path, {"ä": 1})
    atomic.write_json(path, {"ä": 2})
    assert json.loads(path.read_text(encoding="utf-8")) == {"ä": 2}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_failing_writer_leaves_the_old_content_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    atomic.write_text(path, "old")

    def fail() -> None:
        with atomic.replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_nan_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        atomic.write_json(tmp_path / "a.json", {"x": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    atomic.write_text(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"the disk is full\. Nothing was lost"):
        atomic.write_text(path, "new")
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_really_limited_disk_keeps_the_old_content(tmp_path: Path) -> None:
    """The operating system itself refuses: the process may write no file above 4 KiB."""
    script = f"""
import resource, signal
from pathlib import Path
from handful.foundation.errors import StorageError
from handful.foundation.project import atomic
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
path = Path({str(tmp_path / "a.txt")!r})
atomic.write_text(path, "old")
try:
    atomic.write_text(path, "x" * 100_000)
except StorageError as error:
    print("refused")
print(path.read_text())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["refused", "old"]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_read_only_folder_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(StorageError, match="the disk is read-only"):
        atomic.write_text(tmp_path / "a.txt", "new")


def test_a_log_grows_line_by_line(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    for number in range(3):
        atomic.append_line(log, {"number": number})
    assert atomic.read_lines(log) == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert atomic.read_lines(tmp_path / "none.jsonl") == []


def test_a_line_cut_short_spoils_no_other_line(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    atomic.append_line(log, {"number": 0})
    with log.open("ab") as torn:
        torn.write(b'{"number": 1, "te')
    atomic.append_line(log, {"number": 2})
    assert atomic.read_lines(log) == [{"number": 0}, {"number": 2}]


WRITER = """
import os, signal, sys
from pathlib import Path
from handful.foundation.project import atomic
folder, number, before = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
steps = 0
def counted(call):
    def step(*args):
        global steps
        if steps == before:
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1
        return call(*args)
    return step
os.fsync = counted(os.fsync)
Path.replace = counted(Path.replace)
while True:
    number += 1
    atomic.append_line(folder / "log.jsonl", {"number": number, "pad": "x" * 2000})
    atomic.write_json(folder / "state.json", {"number": number, "pad": ["y"] * 20_000})
    print(number, flush=True)
"""
STEPS = ("log forced", "content forced", "name taken", "folder forced")
"""What one turn of the writer does between its first byte on disk and its acknowledgement."""


def test_kill_9_inside_a_write_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Two turns go well, then the kill comes just before one step of the third, each in turn."""
    acknowledged, rests = 0, []
    for place, _ in enumerate(STEPS):
        before = 2 * len(STEPS) + place
        arguments = [sys.executable, "-c", WRITER, str(tmp_path), str(acknowledged), str(before)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL
        assert len(done.stdout.split()) == 2
        acknowledged = int(done.stdout.split()[-1])
        unfinished = list(tmp_path.glob(f"{atomic.UNFINISHED}*"))
        rests.append(len(unfinished))
        for rest in unfinished:
            rest.unlink()
        numbers = [line["number"] for line in atomic.read_lines(tmp_path / "log.jsonl")]
        assert numbers == list(range(1, max(numbers) + 1))
        assert acknowledged <= max(numbers) <= acknowledged + 1
        state = json.loads((tmp_path / "state.json").read_text())
        assert acknowledged <= state["number"] <= acknowledged + 1
        assert len(state["pad"]) == 20_000
        acknowledged = max(numbers)
    assert rests == [0, 1, 1, 0], "a temporary file is there before its name is taken, not after"
