"""Write benchmarks/README.md from the newest result of every benchmark.

python benchmarks/render.py          write it
python benchmarks/render.py --check  exit 1 when it is not what would be written
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE / "README.md"
HEAD = """# Benchmarks

<!-- Written by benchmarks/render.py from results/*.json; change nothing here by hand. -->

Each script prints its figures beside their bars and writes a dated file into `results/`. A bar that
was missed says MISS. Times are CPU seconds unless a row says otherwise; machines are noisy, so
figures are compared within one run only.

"""


def newest() -> list[dict[str, Any]]:
    """The newest result of every benchmark, by name."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((HERE / "results").glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        if "rows" in result:
            known = found.get(result["benchmark"])
            if known is None or result["date"] >= known["date"]:
                found[result["benchmark"]] = result
    return [found[name] for name in sorted(found)]


def section(result: dict[str, Any]) -> str:
    """One benchmark: a heading, what it ran on, its rows, and its picture and tables if any."""
    machine = result["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    seeds = f" Seeds {', '.join(map(str, result['seeds']))}." if result["seeds"] else ""
    lines = [
        f"## {result['benchmark']}",
        "",
        f"`python benchmarks/{result['benchmark'].replace('-', '_')}.py`, {result['date']}, "
        f"{machine['cpu']} with {machine['cores']} cores; {versions}.{seeds} "
        f"{result['note']}".strip(),
        "",
        "| what | figure | bar | verdict | note |",
        "|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        value = "-" if row["value"] is None else f"{row['value']:.4g}"
        if row.get("low") is not None:
            value += f" [{row['low']:.4g}, {row['high']:.4g}]"
        bars = [f"≥ {row['at_least']:g}"] if row.get("at_least") is not None else []
        bars += [f"≤ {row['at_most']:g}"] if row.get("at_most") is not None else []
        cells = [
            row["name"],
            f"{value} {row['unit']}".strip(),
            " and ".join(bars),
            row["verdict"],
            row["note"],
        ]
        lines.append(_line(cells))
    image = result.get("image")
    if image:
        lines += ["", f"![{image['alt']}]({image['path']})"]
    for table in result.get("tables", []):
        columns = table["columns"]
        lines += ["", f"### {table['title']}", "", _line(columns), "|---" * len(columns) + "|"]
        lines += [_line(row) for row in table["rows"]]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> int:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    text = HEAD + "\n".join(section(result) for result in newest())
    if not parser.parse_args().check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print("benchmarks/README.md is stale; run python benchmarks/render.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
