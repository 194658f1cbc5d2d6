import signal
import subprocess
import sys
from pathlib import Path

import pytest

from handful.foundation.errors import BusyError
from handful.foundation.project.lock import locked

HOLDER = """
import sys, time
from pathlib import Path
from handful.foundation.project.lock import locked
with locked(Path(sys.argv[1]), "train"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_process_is_told_who_holds_it_and_a_kill_frees_it(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline().strip() == "held"
    with pytest.raises(BusyError) as caught, locked(path, "add"):
        pass
    assert f"process {holder.pid} runs `train` since 20" in caught.value.what
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with locked(path, "add"):
        pass


def test_a_lock_is_free_again_after_the_block_even_when_it_fails(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with pytest.raises(ZeroDivisionError), locked(path, "add"):
        raise ZeroDivisionError
    with locked(path, "add"), pytest.raises(BusyError, match="`add`"), locked(path, "train"):
        pass


def test_a_damaged_note_does_not_hide_that_it_is_busy(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with locked(path, "add"):
        path.write_bytes(b"\xff{")
        with pytest.raises(BusyError, match="another process"), locked(path, "train"):
            pass
