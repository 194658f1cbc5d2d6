"""Everything public is documented, and the generated reference is what the code says."""

import ast
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path

import pytest

import handful
from handful.foundation.config import field_docs

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "handful"
FILES = sorted(SOURCE.rglob("*.py"))


def test_the_reference_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_every_public_name_is_in_the_reference() -> None:
    page = (ROOT / "docs/reference/python.md").read_text(encoding="utf-8")
    missing = [name for name in handful.__all__ if f"## {name}\n" not in page]
    assert missing == ["__version__"], "run python scripts/reference.py"
    assert all(name in dir(handful) for name in handful.__all__)


def test_a_wrong_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'projcet'"):
        _ = handful.projcet  # pyrefly: ignore


def configs() -> Iterator[type]:
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
        if "Config" in names or "Settings" in names or path.stem == "goal":
            dotted = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
            module = importlib.import_module(dotted.removesuffix(".__init__"))
            wanted = ("Config", "Settings", "Tariff", "Goal", "Mistake")
            yield from (getattr(module, name) for name in names if name in wanted)


@pytest.mark.parametrize(
    "kind", list(configs()), ids=lambda kind: f"{kind.__module__}.{kind.__name__}"
)
def test_every_setting_is_explained(kind: type) -> None:
    assert is_dataclass(kind)
    missing = [name for name in inspect.get_annotations(kind) if name not in field_docs(kind)]
    assert not missing


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_everything_is_annotated(path: Path) -> None:
    """Type checkers let unannotated code pass unchecked, so nothing may be left out."""
    bare = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        every += [each for each in (node.args.vararg, node.args.kwarg) if each]
        missing = [a.arg for a in every if a.annotation is None and a.arg not in ("self", "cls")]
        if missing or node.returns is None:
            bare.append(f"{node.name} ({', '.join(missing) or 'return'})")
    assert not bare


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


def test_readme_reaches_code_within_sixty_words() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("```")[0]
    prose = [line for line in text.splitlines() if not line.startswith(("#", "!", "["))]
    assert len(" ".join(prose).split()) <= 60


def test_the_benchmark_page_is_what_the_results_say() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/render.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
