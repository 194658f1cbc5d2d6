"""Write docs/reference/ from the code: commands, settings, errors, components, Python names.

    python scripts/reference.py          write the pages
    python scripts/reference.py --check  exit 1 when a page is not what would be written

A test runs the check, so that the reference never tells another story than the code.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import inspect
import io
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
MARK = "<!-- Written by scripts/reference.py from the code; change it there. -->"


def modules(package: str) -> Iterator[str]:
    """The dotted names of all modules below a package, itself included."""
    yield package
    (folder,) = importlib.import_module(package).__path__
    for found in pkgutil.walk_packages([folder], f"{package}."):
        if not found.name.endswith("__main__"):
            yield found.name


def commands() -> str:
    """The page on the command line: the overview, then every verb's help."""
    from handful.doors.cli.app import main, overview
    from handful.doors.cli.verbs import VERBS

    parts = ["# Commands", "", "```text", overview(), "```", ""]
    for verb in VERBS:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            main([*verb.name.split(), "--help"])
        parts += [f"## handful {verb.name}", "", "```text", out.getvalue().strip(), "```", ""]
    parts += [
        "## Exit codes",
        "",
        "| code | meaning |",
        "|---|---|",
        "| 0 | done |",
        "| 1 | a check found something, or a gate failed; the work itself was done |",
        "| 2 | wrong use or bad input; a sentence says what to do |",
        "| 70 | a fault in Handful itself |",
        "| 130 | stopped with Ctrl-C; what was finished is kept |",
        "",
    ]
    return "\n".join(parts)


def settings() -> str:
    """The page on settings: every configuration dataclass with its fields."""
    from handful.foundation.config import field_docs

    parts = ["# Settings", "", "Every setting, with its default. Files are TOML.", ""]
    for name in modules("handful"):
        module = importlib.import_module(name)
        for kind in vars(module).values():
            if not (isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == name):
                continue
            docs = field_docs(kind)
            if not docs:
                continue
            title = f"{name.removeprefix('handful.')}.{kind.__name__}"
            parts += [f"## {title}", "", _first_line(kind), "", "| setting | default | meaning |"]
            parts.append("|---|---|---|")
            for field in fields(kind):
                meaning = " ".join(docs.get(field.name, "").split())
                parts.append(f"| `{field.name}` | {_default(field)} | {meaning} |")
            parts.append("")
    return "\n".join(parts)


def errors() -> str:
    """The page on errors: the tree, then each class."""
    from handful.foundation import errors as room

    parts = ["# Errors", "", "```text", (room.__doc__ or "").strip(), "```", ""]
    for kind in vars(room).values():
        if isinstance(kind, type) and issubclass(kind, room.HandfulError):
            parts += [f"## {kind.__name__}", "", _first_line(kind), ""]
    return "\n".join(parts)


def components() -> str:
    """The page on components: each room that holds some, with their menu lines."""
    from handful.foundation.components import find

    parts = [
        "# Components",
        "",
        "A component is one file; other packages join by entry points.",
        "",
    ]
    for name in modules("handful"):
        if not hasattr(importlib.import_module(name), "__path__"):
            continue
        found = {key: each for key, each in find(name).items() if each.source == "handful"}
        if found:
            parts += [
                f"## {name.removeprefix('handful.')}",
                "",
                "| name | what it does |",
                "|---|---|",
            ]
            parts += [f"| `{key}` | {each.summary} |" for key, each in found.items()]
            parts.append("")
    return "\n".join(parts)


def python() -> str:
    """The page on Python: every public name with its docstring."""
    import handful

    parts = ["# Python", "", "```text", (handful.__doc__ or "").strip(), "```", ""]
    for name in sorted(handful.__all__):
        value = getattr(handful, name)
        if isinstance(value, str):
            continue
        parts += [f"## {name}", "", "```text", (inspect.getdoc(value) or "").strip(), "```", ""]
        for method, function in _public_methods(value):
            parts += [f"### {name}.{method}", "", "```text"]
            parts += [
                f"{method}{_signature(function)}",
                "",
                inspect.getdoc(function) or "",
                "```",
                "",
            ]
    return "\n".join(parts)


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "components.md": components,
    "errors.md": errors,
    "python.md": python,
    "settings.md": settings,
}


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    os.environ.update(COLUMNS="100", NO_COLOR="1")
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, write in PAGES.items():
        text = f"{MARK}\n\n{write().rstrip()}\n"
        path = FOLDER / name
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"stale: {', '.join(stale)}; run python scripts/reference.py", file=sys.stderr)
    return bool(stale)


def _public_methods(value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, type):
        return []
    doors = [each for each in value.__mro__[1:] if each.__module__.startswith("handful.doors.")]
    own = {
        name: member
        for each in (value, *doors)
        for name, member in vars(each).items()
        if not name.startswith("_")
    }
    return [
        (name, getattr(value, name) if isinstance(member, classmethod) else member)
        for name, member in own.items()
        if callable(getattr(value, name, None)) and not isinstance(getattr(value, name), type)
    ]


def _signature(function: Any) -> str:
    try:
        return re.sub(r"<function .*? at 0x[0-9a-f]+>", "...", str(inspect.signature(function)))
    except (TypeError, ValueError):
        return "(...)"


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]


def _default(field: Any) -> str:
    if field.default is not MISSING:
        return f"`{field.default!r}`"
    if field.default_factory is not MISSING:
        return (
            f"`{field.default_factory()!r}`"
            if not is_dataclass(field.default_factory)
            else "see there"
        )
    return "required"


if __name__ == "__main__":
    raise SystemExit(main())
