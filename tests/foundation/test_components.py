import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from handful.foundation import components
from handful.foundation.errors import ConfigError, InputError, UsageError

BASE = '''
"""What every colour is."""
class Colour:
    def __init__(self, config):
        self.config = config
'''
RED = '''
"""Paint it red.

More about red.
"""
from dataclasses import dataclass
from shades.base import Colour

@dataclass(frozen=True, kw_only=True)
class Config:
    depth: int = 1
    """How deep."""

class Red(Colour):
    pass
'''


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "shades"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Shades."""')
    (folder / "base.py").write_text(BASE)
    (folder / "red.py").write_text(RED)
    (folder / "_hidden.py").write_text(RED)
    (folder / "helper.py").write_text('"""No component: it has no settings."""')
    (folder / "green").mkdir()
    (folder / "green" / "__init__.py").write_text(RED.replace("Red", "Green"))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "shades"
    for name in [name for name in sys.modules if name.split(".")[0] == "shades"]:
        del sys.modules[name]


def test_a_room_is_listed_without_importing_its_files(room: str) -> None:
    found = components.find(room)
    assert list(found) == ["green", "red"]
    assert found["red"].summary == "Paint it red."
    assert "shades.red" not in sys.modules


def test_a_component_is_made_with_its_settings(room: str) -> None:
    base = components.load(room, "red").Colour
    made = components.make(room, "red", base, {"depth": 3})
    assert type(made).__name__ == "Red"
    assert made.config.depth == 3


def test_a_wrong_name_gets_a_near_one(room: str) -> None:
    with pytest.raises(UsageError, match=r'no "rad" among the shades(.|\n)*did you mean `red`'):
        components.load(room, "rad")


def test_wrong_settings_name_the_component(room: str) -> None:
    base = components.load(room, "red").Colour
    with pytest.raises(ConfigError, match="the settings of red"):
        components.make(room, "red", base, {"dept": 3})


def test_two_classes_in_one_file_are_refused(room: str, tmp_path: Path) -> None:
    both = RED + "\nclass Crimson(Colour):\n    pass\n"
    (tmp_path / "shades" / "both.py").write_text(both)
    base = components.load(room, "both").Colour
    with pytest.raises(InputError, match="exactly one Colour, and it has 2"):
        components.make(room, "both", base)


def test_other_packages_join_through_entry_points(
    room: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[handful.shades]\nviolet = other_violet\nbroken = other_broken\n"
    )
    (tmp_path / "other_violet.py").write_text(RED.replace("Red", "Violet"))
    (tmp_path / "other_broken.py").write_text("raise RuntimeError('no')")
    found = components.find(room)
    assert found["violet"].source == "other"
    base = components.load(room, "red").Colour
    assert type(components.make(room, "violet", base)).__name__ == "Violet"
    with pytest.raises(InputError, match='"broken" of the package "other" cannot be loaded: no'):
        components.load(room, "broken")
    monkeypatch.delitem(sys.modules, "other_violet", raising=False)


def test_what_is_not_a_room_is_said_so() -> None:
    with pytest.raises(UsageError, match="is not a room"):
        components.find("handful.foundation.errors")


def test_a_syntax_error_in_a_component_is_not_hidden(room: str, tmp_path: Path) -> None:
    (tmp_path / "shades" / "torn.py").write_text(textwrap.dedent("class Config\n"))
    with pytest.raises(SyntaxError):
        components.find(room)
