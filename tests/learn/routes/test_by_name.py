"""Training without a label: what the answers are called, and the library's own words, suffice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import handful as hd
from handful.foundation.errors import InputError, UsageError
from handful.foundation.predictor import Level

COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (40, 60, 200)}
ITEMS = 60


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> hd.Project:
    """Photos of coloured things, each with words that name the colour, and no answer."""
    folder = tmp_path_factory.mktemp("files")
    dice = np.random.default_rng(0)
    lines = ["id,photo,note"]
    for number in range(ITEMS):
        name = list(COLOURS)[number % 3]
        _picture(folder / f"{number}.png", name, dice)
        lines.append(f"{number},{number}.png,a {name} thing no {dice.integers(1000)}")
    table = folder / "things.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    project = hd.project(folder / "shop")
    project.add(table, columns={"id": "id", "image": ["photo"], "text": ["note"]})
    return project


def _picture(path: Path, name: str, dice: np.random.Generator) -> None:
    noise = dice.integers(-30, 30, (48, 48, 3))
    picture = np.clip(np.array(COLOURS[name]) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(picture).save(path)


def test_names_alone_tell_photos_apart_and_nothing_is_called_sure(
    shop: hd.Project, tmp_path: Path
) -> None:
    run = shop.train("colour", 60.0, profile="fast", names=[*COLOURS, "zzqx"])
    assert run.model.rung == "zero_shot"
    said = " ".join(run.manifest["sentences"])
    assert "No text of the library says zzqx" in said
    assert "nothing is called sure" in said
    dice = np.random.default_rng(1)
    right = []
    for number in range(12):
        name = list(COLOURS)[number % 3]
        _picture(tmp_path / "new.png", name, dice)
        answer = run.predict(image=tmp_path / "new.png")
        right.append(answer.label == name)
        assert answer.level is Level.NOT_SURE
        assert answer.error_rate is None
    assert np.mean(right) > 0.9


def test_names_that_no_text_says_are_refused(shop: hd.Project) -> None:
    with pytest.raises(InputError, match="say nothing that the texts of the library say"):
        shop.train("colour", 60.0, profile="fast", names=["zzqx", "qqxz"])


@pytest.mark.parametrize("names", [["red"], ["red", "red"], ["red", " "]])
def test_two_different_names_are_needed(shop: hd.Project, names: list[str]) -> None:
    with pytest.raises(UsageError, match="two or more are needed"):
        shop.train("colour", 60.0, profile="fast", names=names)


def test_without_names_and_labels_it_says_so(shop: hd.Project) -> None:
    with pytest.raises(UsageError, match="No item has an answer"):
        shop.train("colour", 60.0, profile="fast")
