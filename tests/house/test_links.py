"""Every link in the documentation leads somewhere; addresses outside are not visited."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the site builder makes them."""
    text = CODE.sub(lambda code: code.group().strip("`"), page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


def links() -> list[tuple[Path, str]]:
    found = []
    for page in PAGES:
        text = CODE.sub("", page.read_text(encoding="utf-8"))
        found += [(page, link) for link in LINK.findall(text)]
    return [(page, link) for page, link in found if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize(
    ("page", "link"), links(), ids=lambda value: value if isinstance(value, str) else value.name
)
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    assert target.exists(), f"{page.relative_to(ROOT)} links to {link}, which is not there"
    assert target.is_relative_to(ROOT)
    if anchor and target.suffix == ".md":
        assert anchor in anchors(target), f"{target.name} has no heading #{anchor}"


def test_there_are_pages_and_links_to_look_at() -> None:
    assert len(PAGES) >= 5
    assert any(page.name == "README.md" for page, _ in links())
