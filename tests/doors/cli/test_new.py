from pathlib import Path

import pytest

from handful.doors.cli.app import main
from handful.foundation.project import Project


def test_a_project_is_made_and_the_next_step_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "shop"), "--name", "My shop"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert 'Made the project "My shop".' in err
    assert f"record: {tmp_path / 'shop'}" in err
    assert "next: cd " in err
    assert Project.open(tmp_path / "shop").name == "My shop"


@pytest.mark.parametrize("place", ["file/shop", "x" * 300, "/proc/none/shop"])
def test_an_impossible_place_is_a_sentence(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["new", str(tmp_path / place)]) == 2
    assert "Traceback" not in capsys.readouterr().err
