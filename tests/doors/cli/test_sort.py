import json
from pathlib import Path
from types import ModuleType

import pytest

import handful as hd
from handful.doors.cli.app import main


@pytest.fixture
def inbox(things: ModuleType, tmp_path: Path) -> Path:
    for number in range(100, 106):
        things.photo(tmp_path / "inbox" / f"{number}.png", number)
    (tmp_path / "inbox" / "broken.png").write_text("no picture")
    return tmp_path / "inbox"


def test_a_dry_run_shows_three_piles_counts_and_promises_and_writes_nothing(
    shop: hd.Project, inbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sort", str(inbox), "--dry-run", "--into", str(inbox.parent / "out")]
    assert main([*words, "--project", str(shop.folder)]) == 0
    out, err = capsys.readouterr()
    assert not (inbox.parent / "out").exists()
    assert all(f"\n{pile}: " in f"\n{out}" for pile in ("Sure", "Fairly sure", "Not sure"))
    assert "7 files: 6 in 6 items that were answered, 1 unreadable, 0 left out." in out
    assert "warning: broken.png: it is named like an image" in err
    assert "nothing was written" in err
    assert f"next: handful sort {inbox} --into DEST" in err


def test_copies_add_up_with_what_was_said(
    shop: hd.Project, inbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = inbox.parent / "out"
    words = ["sort", str(inbox), "--into", str(out), "--level", "fairly sure", "--json"]
    assert main([*words, "--project", str(shop.folder)]) == 0
    document = json.loads(capsys.readouterr().out)["sorted"]
    kept = [row for row in document["items"] if row["level"] != "not sure"]
    copied = sorted(str(path.relative_to(out)) for path in out.rglob("*.png"))
    assert copied == sorted(copy for row in kept for copy in row["copies"])
    assert sum(document["done"].values()) == len(document["items"]) == 6
    assert sum(sum(piles.values()) for piles in document["counts"].values()) == 6
    assert Path(document["table"]) == out / "sorted.csv"


def test_without_a_destination_nothing_is_done(
    shop: hd.Project, inbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sort", str(inbox), "--project", str(shop.folder)]) == 2
    assert capsys.readouterr().err == (
        "error: Nobody said where the copies should go, so nothing was done.\n"
        f"hint: handful sort {inbox} --dry-run to only look, or --into DEST to copy there\n"
    )


def test_without_a_run_the_way_out_is_named(
    inbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hd.project(inbox.parent / "empty")
    words = ["sort", str(inbox), "--dry-run", "--project", str(inbox.parent / "empty")]
    assert main(words) == 2
    assert "There is no finished run yet." in capsys.readouterr().err
