"""How fast the package starts and how much room it takes.

    python benchmarks/startup.py            start-up times, median of 10
    python benchmarks/startup.py --install  also the size of a fresh core install (a minute)

Times are CPU seconds (user + system) of the whole process, so other load on the machine does not
count. Bars: `import handful` 0.15 s, `handful --help` 0.25 s, core install 800 MB.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import Row, report

ROOT = Path(__file__).resolve().parents[1]
RUNS = 10


def cpu_seconds(command: list[str]) -> float:
    """CPU seconds of one run of a command, its start included."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def median_cpu(command: list[str]) -> float:
    """Median CPU seconds of `RUNS` runs after one that fills the caches."""
    cpu_seconds(command)
    return statistics.median(cpu_seconds(command) for _ in range(RUNS))


def start_up() -> list[Row]:
    """Rows for bare Python, the import and the help."""
    python = sys.executable
    help_command = [python, "-m", "handful", "--help"]
    figures = [
        ("python -c pass (for comparison)", [python, "-c", "pass"], None),
        ("import handful", [python, "-c", "import handful"], 0.15),
        ("handful --help", help_command, 0.25),
        ("handful doctor --help", [python, "-m", "handful", "doctor", "--help"], None),
    ]
    return [
        Row(name=name, value=median_cpu(command), unit="CPU s", at_most=bar)
        for name, command, bar in figures
    ]


def install_size() -> Row:
    """Install the core alone into a fresh environment and weigh it, without pip and setuptools."""
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder) / "venv"
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        install = [venv / "bin/python", "-m", "pip", "install", "-q"]
        subprocess.run([*install, "-c", ROOT / "constraints.txt", ROOT], check=True)
        (site,) = venv.glob("lib/*/site-packages")
        ours = [path for path in site.iterdir() if not path.name.startswith(("pip", "setuptools"))]
        size = sum(
            file.lstat().st_blocks * 512
            for path in ours
            for file in ([path] if path.is_file() else path.rglob("*"))
            if file.is_file()
        )
    return Row(name="core install, on disk", value=size / 1e6, unit="MB", at_most=800)


def main() -> None:
    """Measure, print, and write the dated result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="weigh a fresh core install too")
    rows = start_up()
    if parser.parse_args().install:
        rows.append(install_size())
    report("startup", rows, note=f"median of {RUNS} runs")


if __name__ == "__main__":
    main()
