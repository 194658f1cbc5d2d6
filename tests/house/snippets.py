"""Run the snippets of the documentation and compare what they print with what the page says.

A page's `console` blocks run in order in one fresh folder: lines that begin with `$ ` are
commands, the rest is what they print (`…` or `...` stands for anything, such as numbers that
depend on the machine). A page's `python` blocks run in order in one namespace, in the same folder;
a block may be followed by a `text` block with what it prints. Other blocks are not run.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    kind: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(info.strip(), text) for info, text in FENCE.findall(page.read_text(encoding="utf-8"))
    ]


def matches(expected: str, printed: str) -> bool:
    """Whether printed text is what the page says, `…` standing for anything."""
    parts = re.split(
        r"…|\.\.\.", "\n".join(line.rstrip() for line in expected.strip().splitlines())
    )
    pattern = ".*?".join(re.escape(part) for part in parts)
    actual = "\n".join(line.rstrip() for line in printed.strip().splitlines())
    return re.fullmatch(pattern, actual, re.DOTALL) is not None


def run_page(page: Path, folder: Path) -> int:
    """Run a page's snippets in a folder.

    Returns:
        How many blocks ran.

    Raises:
        AssertionError: When one prints something else than the page says.
    """
    namespace: dict[str, object] = {}
    ran = 0
    found = blocks(page)
    before = Path.cwd()
    os.chdir(folder)
    try:
        for place, block in enumerate(found):
            if block.kind == "console":
                run_console(block.text)
                ran += 1
            elif block.kind == "python":
                following = found[place + 1] if place + 1 < len(found) else None
                expected = following.text if following and following.kind == "text" else None
                run_python(block.text, namespace, expected)
                ran += 1
    finally:
        os.chdir(before)
    return ran


def run_python(source: str, namespace: dict[str, object], expected: str | None) -> None:
    """Execute one block; compare what it prints when the page shows that."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "<snippet>", "exec"), namespace)
    if expected is not None:
        assert matches(expected, out.getvalue()), f"{source}\nprinted:\n{out.getvalue()}"


def run_console(text: str) -> None:
    """Run each command of one block and compare its output with the lines below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        words = shlex.split(command, comments=True)
        if words[0] == "handful":
            words = [sys.executable, "-m", "handful", *words[1:]]
        environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100"}
        done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=300)
        printed = done.stdout + done.stderr
        assert done.returncode in (0, 1), f"{command}\n{printed}"
        if expected.strip():
            assert matches(expected, printed), f"{command}\nprinted:\n{printed}"
