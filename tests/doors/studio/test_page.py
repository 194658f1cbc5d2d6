"""The page as a person uses it, in a browser without a screen; nothing outside may be asked for."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

AXE = Path(__file__).parents[3] / "studio" / "node_modules" / "axe-core" / "axe.min.js"


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def page(tmp_path: Path, browsing: ModuleType) -> Iterator[Any]:
    if browsing.PROGRAM is None:
        pytest.skip("Chromium is missing: `apt-get install chromium` lets this run")
    order = [sys.executable, "-m", "handful", "studio", "--no-browser", "--project"]
    with subprocess.Popen(
        [*order, str(tmp_path / "shop")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as studio:
        try:
            assert studio.stdout
            lines = iter(studio.stdout.readline, "")
            found = (re.search(r"http://127\.0\.0\.1:\d+/\?key=\S+", line) for line in lines)
            address = next(each.group() for each in found if each)
            with browsing.Browser(tmp_path / "profile") as browser:
                browser.look(width=1280)
                browser.go(address)
                yield browser
                assert browser.complaints == []
                outside = {
                    each
                    for each in browser.requests
                    if not each.startswith(("http://127.0.0.1:", "data:", "about:"))
                }
                assert outside == set()
        finally:
            studio.terminate()


def fair(page: Any) -> None:
    """No rule of accessibility is broken, in light and dark, wide and narrow."""
    if not AXE.is_file():
        return  # told at the end of the test
    axe = AXE.read_text(encoding="utf-8")
    for width, dark in ((1280, False), (390, True)):
        page.look(width=width, dark=dark)
        page.do("Promise.allSettled(document.getAnimations().map(each => each.finished))")
        assert page.violations(axe) == []
    page.look(width=1280)


def require_axe() -> None:
    """Say that accessibility was not looked at, once all else of a test holds."""
    if not AXE.is_file():
        pytest.skip("all but accessibility holds; `cd studio && npm ci` lets that be looked at too")


def add(page: Any, folder: Path, count: int = 9) -> None:
    page.click("Choose a folder")
    page.until("document.querySelector('dialog input')?.value")
    page.do("document.querySelector('dialog input').select()")
    page.type("dialog input", str(folder))
    page.click("Open")
    page.until(f"document.querySelector('.places')?.ariaLabel === {str(folder)!r}")
    fair(page)
    page.click("Use this folder")
    page.until(f"document.querySelector('.grid .card')?.ariaSetSize === '{count}'")
    page.until("document.querySelectorAll('.grid .card .name').length >= 9")
    page.until("!document.querySelector('progress')")


def teach(page: Any) -> None:
    """Two groups of three, with the keys alone."""
    page.click("Teach")
    page.type(".topic input", "kind")
    page.click("Use")
    for at, name in enumerate(("bowls", "mugs"), 1):
        page.type(".groups form input", name)
        page.click("Add group")
        page.until(f"document.querySelectorAll('.group').length === {at}")
    page.until("document.querySelectorAll('.grid .card .name').length === 9")
    for number, name in ((1, "bowls_"), (2, "mugs_")):
        ours = f"[...document.querySelectorAll('.grid .card')].filter(x => x.innerText.includes({name!r}))"  # noqa: E501
        page.until(f"{ours}.length === 3")
        page.do(f"{ours}.forEach(each => each.click())")
        page.do("document.querySelector('.grid').focus()")
        page.press(str(number))
        page.until(f"document.querySelectorAll('.group .enough').length === {number}")


def test_a_folder_is_shown_taught_and_left_alone(page: Any, folder: Path) -> None:
    before = hashes(folder)
    page.until("!!document.querySelector('.empty')")
    fair(page)
    add(page, folder)
    fair(page)
    page.click("Set aside")
    page.until("document.body.innerText.includes('broken.png')")
    fair(page)
    teach(page)
    fair(page)
    assert not page.do("document.querySelector('.start button').disabled")
    page.click("Find")
    page.type("input[type=search]", "mug")
    page.do("document.querySelector('form.search').requestSubmit()")
    page.until("document.body.innerText.includes('Get ready')")
    fair(page)
    page.click("Trust")
    page.until("document.querySelectorAll('.lines li').length >= 3")
    fair(page)
    version = int(page.do("document.querySelector('.version').innerText").split()[-1])
    page.click("Go back to this")
    page.click("Yes, go back")
    page.until(f"document.querySelector('.version').innerText === 'Version {version + 1}'", 5)
    assert hashes(folder) == before
    require_axe()


@pytest.mark.slow
def test_it_learns_and_asks(page: Any, folder: Path) -> None:
    for kind in ("mugs", "bowls"):
        for at in range(3, 12):
            picture = Image.open(folder / kind / f"{kind}_{at % 3}.png").rotate(30 * at)
            picture.save(folder / kind / f"{kind}_{at}.png")
    page.until("!!document.querySelector('.empty')")
    add(page, folder, 27)
    page.click("Teach")
    page.type(".topic input", "kind")
    page.click("Use")
    page.click("Use my folder names")
    page.until("document.querySelectorAll('.group .enough').length === 2")
    page.click("Start learning")
    page.until("document.querySelector('footer').innerText.includes('I learned kind')", 100)
    page.click("Trust")
    page.until("document.querySelectorAll('.bars li').length === 2")
    fair(page)
    page.click("Find")
    page.type("input[type=search]", "mug")
    page.do("document.querySelector('form.search').requestSubmit()")
    page.until("document.querySelectorAll('.hits li').length > 0", 30)
    fair(page)
    require_axe()
