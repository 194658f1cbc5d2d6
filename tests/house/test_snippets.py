"""Everything the documentation shows is run, and prints what the page says."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("snippets", Path(__file__).with_name("snippets.py"))
assert spec
assert spec.loader
snippets = importlib.util.module_from_spec(spec)
sys.modules["snippets"] = snippets
spec.loader.exec_module(snippets)

PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/learn/*.md"), *ROOT.glob("docs/do/*.md")])
WITH_SNIPPETS = [
    page
    for page in PAGES
    if any(block.kind in ("python", "console") for block in snippets.blocks(page))
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", WITH_SNIPPETS, ids=lambda page: page.name)
def test_a_page_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    assert snippets.run_page(page, tmp_path) >= 1


def test_a_false_page_is_found_out(tmp_path: Path) -> None:
    page = tmp_path / "false.md"
    page.write_text("```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n")
    with pytest.raises(AssertionError, match="printed"):
        snippets.run_page(page, tmp_path)
    page.write_text("```console\n$ handful --version\nhandful 99\n```\n")
    with pytest.raises(AssertionError, match="printed"):
        snippets.run_page(page, tmp_path)


def test_dots_stand_for_anything_and_nothing_else_does() -> None:
    assert snippets.matches("a … c", "a b c")
    assert snippets.matches("took ... s\nend", "took 3.2 s\nend")
    assert not snippets.matches("a c", "a b c")
    assert not snippets.matches("a.c", "abc")
