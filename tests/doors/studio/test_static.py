"""What is shipped is what the source builds, small enough, and asks for nothing from outside."""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from handful.doors.studio.app import STATIC

SOURCE = Path(__file__).parents[3] / "studio"


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}


BUILT = files_in(STATIC)


def test_the_first_load_is_light() -> None:
    assert sum(map(len, BUILT.values())) <= 500_000
    scripts = [data for name, data in BUILT.items() if name.endswith(".js")]
    assert sum(len(gzip.compress(data)) for data in scripts) <= 150_000


def test_no_address_outside_is_in_what_is_shipped() -> None:
    for name, data in BUILT.items():
        found = set(re.findall(rb"https?://[\w./-]+", data))
        names = {b"http://www.w3.org/2000/svg", b"http://www.w3.org/1999/xhtml"}
        names |= {b"http://www.w3.org/1998/Math/MathML", b"http://www.w3.org/1999/xlink"}
        names |= {b"http://www.w3.org/XML/1998/namespace"}
        outside = {each for each in found if each not in names and b"svelte.dev/e/" not in each}
        assert not outside, f"{name}: {outside}"


def test_the_page_has_no_script_or_style_of_its_own() -> None:
    page = BUILT["index.html"].decode()
    assert not re.search(r"<script(?![^>]*src=)", page)
    assert "style=" not in page


@pytest.mark.skipif(
    shutil.which("npm") is None or not (SOURCE / "node_modules").is_dir(),
    reason="Node or studio/node_modules is missing: `cd studio && npm ci` lets this run",
)
def test_what_is_shipped_is_what_the_source_builds(tmp_path: Path) -> None:
    order = ["npm", "run", "-s", "build", "--", "--outDir", str(tmp_path), "--logLevel", "error"]
    subprocess.run(order, cwd=SOURCE, check=True, capture_output=True, timeout=100)
    built = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*.*")
    }
    assert built == BUILT, "run `npm run build` in studio/ and commit what it wrote"
