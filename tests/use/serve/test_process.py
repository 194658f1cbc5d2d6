"""The real process: what it loads, how much it holds, how it follows the shelf, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from handful.use.release.shelf import Shelf
from use.serve.conftest import Shop

SCRIPT = """
import sys
from handful.doors.cli.app import main
import handful.doors.cli.serve as verb
import handful.use.serve.running as running
real = running.run
def run(server, on_start):
    def started(address):
        on_start(address)
    real(server, started)
    heavy = {"torch", "lance", "transformers", "pyarrow", "sklearn"} & set(sys.modules)
    status = open("/proc/self/status").read()
    peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
    print("LOADED", sorted(heavy), "PEAK", peak, flush=True)
running.run = run
sys.exit(main(sys.argv[1:]))
"""


def ask(address: str, path: str, content: object = None) -> dict:
    body = None if content is None else json.dumps(content).encode()
    kind = {"content-type": "application/json"}
    request = urllib.request.Request(address + path, body, kind)
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.load(reply)


def test_the_process_is_small_follows_the_shelf_and_ends_in_order(
    released: Shop, tmp_path: Path
) -> None:
    folder = released.project.folder
    command = [sys.executable, "-c", SCRIPT, "serve", "--project", str(folder), "--port", "0"]
    with subprocess.Popen(
        [*command, "--json=events"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        assert process.stdout
        try:
            address = ""
            while not address:
                line = process.stdout.readline()
                assert line, "it ended before it answered"
                address = json.loads(line).get("address", "")
            words = ask(address, "/v1/predict", {"text": "a round bowl"})
            assert words["release"] == released.champion
            shelf = Shelf(released.project.shelf)
            try:
                shelf.add(released.other, "for this test")
                shelf.put(released.other, "champion", "for this test")
                until = time.monotonic() + 5
                while ask(address, "/v1/ready")["release"] != released.other:
                    assert time.monotonic() < until
                    time.sleep(0.05)
            finally:
                shelf.put(released.champion, "champion", "as it was")
        finally:
            process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        assert process.wait(20) == 0
    told = next(line for line in rest.splitlines() if line.startswith("LOADED"))
    assert told.startswith("LOADED [] PEAK ")
    assert int(told.rpartition(" ")[2]) <= 300
