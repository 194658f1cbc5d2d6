"""What every benchmark shares: rows with a bar, a printed table, a dated JSON file."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("handful", "numpy", "scipy", "scikit-learn", "pillow", "soundfile", "pylance", "torch")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured figure and the bar it is held against.

    Attributes:
        name: What was measured.
        value: The figure; None when it was not run.
        unit: Its unit.
        at_least: The bar when larger is better.
        at_most: The bar when smaller is better.
        low: Lower end of a 95 % interval.
        high: Upper end of a 95 % interval.
        note: What to know about it.
    """

    name: str
    value: float | None
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """PASS, MISS, NOT RUN, or empty where there is no bar."""
        if self.value is None:
            return "NOT RUN"
        if self.at_least is None and self.at_most is None:
            return ""
        holds = (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )
        return "PASS" if holds else "MISS"

    @property
    def bar(self) -> str:
        """The bar in words."""
        parts = []
        if self.at_least is not None:
            parts.append(f">= {self.at_least:g}")
        if self.at_most is not None:
            parts.append(f"<= {self.at_most:g}")
        return " and ".join(parts)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.partition(":")[2].strip()
                break
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.platform()}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that matter, where installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def show(rows: Sequence[Row]) -> None:
    """Print rows as a table with the bar and the verdict beside each figure."""
    width = max(len(row.name) for row in rows)
    for row in rows:
        value = "-" if row.value is None else f"{row.value:.4g}"
        interval = "" if row.low is None else f" [{row.low:.4g}, {row.high:.4g}]"
        figure = f"{value}{interval} {row.unit}".strip()
        print(
            f"{row.name:<{width}}  {figure:<28} {row.bar:<22} {row.verdict:<8} {row.note}".rstrip()
        )


def report(
    name: str,
    rows: Sequence[Row],
    *,
    note: str = "",
    seeds: Sequence[int] = (),
    extra: Mapping[str, Any] | None = None,
) -> Path:
    """Print the rows and write them with machine, versions and seeds.

    Args:
        name: The benchmark's name; the file is `results/<name>-<date>.json`.
        rows: The figures.
        note: How they were measured.
        seeds: Every seed that took part.
        extra: More to keep, as plain data.

    Returns:
        The file written.
    """
    show(rows)
    content = {
        "benchmark": name,
        "date": date.today().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "seeds": list(seeds),
        "note": note,
        "rows": [{**asdict(row), "verdict": row.verdict} for row in rows],
        **(extra or {}),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}-{content['date']}.json"
    plain = json.dumps(content, indent=1, ensure_ascii=False)
    path.write_text(_on_one_line(plain) + "\n", encoding="utf-8")
    print(f"\nwritten to {path.relative_to(RESULTS.parents[1])}")
    return path


def _on_one_line(plain: str) -> str:
    """Put lists of numbers on one line each, so that thousands of figures stay readable."""
    number = r"(?:-?[\d.e+-]+|null)"
    numbers = re.compile(rf"\[\n\s*({number}(?:,\s+{number})*)\s+\]")
    return numbers.sub(lambda found: f"[{' '.join(found[1].split())}]", plain)
