import enum
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.foundation import config
from handful.foundation.errors import ConfigError, InputError, require


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True, slots=True)
class Optimiser:
    lr: float = 3e-4
    """Step size."""
    steps: int = 100
    """How many."""

    def __post_init__(self) -> None:
        require(self.lr > 0, "lr", self.lr, "above 0")
        require(self.steps >= 1, "steps", self.steps, "1 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    name: str
    """What to call it."""
    size: Literal["small", "large"] = "small"
    """One dial."""
    folder: Path = Path("out")
    """Where."""
    colour: Colour = Colour.RED
    """Which."""
    weights: tuple[float, ...] = (0.5, 0.5)
    """How much of each."""
    corner: tuple[int, int] = (0, 0)
    """Exactly two."""
    limit: int | None = None
    """Left out for none."""
    fast: bool = False
    """Whether to hurry."""
    named: dict[str, float] = field(default_factory=dict)
    """Anything by name."""
    train: Optimiser = field(default_factory=Optimiser)
    """How to train."""
    stages: tuple[Optimiser, ...] = ()
    """One after another."""


def test_defaults_fill_what_is_left_out() -> None:
    assert config.build(Recipe, {"name": "a"}) == Recipe(name="a")


def test_nested_tables_lists_and_conversions() -> None:
    made = config.build(
        Recipe,
        {
            "name": "a",
            "folder": "there",
            "colour": "blue",
            "weights": [1, 2],
            "corner": [3, 4],
            "limit": 5,
            "train": {"lr": 1},
            "stages": [{"steps": 2}, {}],
        },
    )
    assert made.folder == Path("there")
    assert made.colour is Colour.BLUE
    assert made.weights == (1.0, 2.0)
    assert all(isinstance(weight, float) for weight in made.weights)
    assert made.train.lr == 1.0
    assert made.stages == (Optimiser(steps=2), Optimiser())


def test_every_mistake_is_reported_at_once() -> None:
    data: dict[str, Any] = {
        "nam": "a",
        "size": "smal",
        "colour": "green",
        "weights": [1, "x"],
        "corner": [1],
        "limit": "many",
        "fast": 1,
        "train": {"lr": -1, "steps": 0, "stepz": 3},
        "stages": [{"lr": 0}, {"steps": "two"}],
    }
    with pytest.raises(ConfigError) as caught:
        config.build(Recipe, data, "recipe.toml")
    text = str(caught.value)
    expected = [
        "`nam` is not a setting here; did you mean `name`",
        "`name` is missing",
        "`size` must be one of 'small', 'large', and it is 'smal'; did you mean `small`?",
        "`colour` must be one of 'red', 'blue'",
        "`weights[1]` must be a number",
        "`corner` must be a list of 2 values",
        "`limit` must be a whole number",
        "`fast` must be true or false",
        "`train.lr` must be above 0",
        "`train.steps` must be 1 or more",
        "`train.stepz` is not a setting here; did you mean `steps`?",
        "`stages[0].lr` must be above 0",
        "`stages[1].steps` must be a whole number",
    ]
    missing = [sentence for sentence in expected if sentence not in text]
    assert not missing
    assert len(caught.value.mistakes) == len(expected)
    assert "recipe.toml" in text


def test_a_whole_number_is_not_true_and_true_is_no_number() -> None:
    with pytest.raises(ConfigError):
        config.build(Optimiser, {"steps": True})


def test_toml_round_trip_with_docstrings_as_comments() -> None:
    recipe = Recipe(name="a", limit=3, stages=(Optimiser(steps=7),), named={"x": 1.5})
    text = config.to_toml(recipe, "A heading.")
    assert text.startswith("# A heading.")
    assert "# What to call it." in text
    assert config.build(Recipe, tomllib.loads(text)) == recipe


def test_settings_without_a_value_are_named_in_comments() -> None:
    text = config.to_toml(Recipe(name="a"))
    assert "# limit =" in text
    assert config.build(Recipe, tomllib.loads(text)) == Recipe(name="a")


printable = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@given(
    name=printable,
    lr=st.floats(min_value=1e-300, max_value=1e300),
    steps=st.integers(1, 2**62),
    limit=st.none() | st.integers(-(2**62), 2**62),
    weights=st.lists(st.floats(allow_nan=False), max_size=4),
    named=st.dictionaries(printable, st.floats(allow_nan=False), max_size=3),
)
def test_any_configuration_survives_toml(
    name: str,
    lr: float,
    steps: int,
    limit: int | None,
    weights: list[float],
    named: dict[str, float],
) -> None:
    recipe = Recipe(
        name=name,
        limit=limit,
        weights=tuple(weights),
        named=named,
        train=Optimiser(lr=lr, steps=steps),
    )
    assert config.build(Recipe, tomllib.loads(config.to_toml(recipe))) == recipe


def test_single_settings_lie_over_the_rest() -> None:
    data = {"train": {"lr": 1.0, "steps": 3}}
    result = config.override(data, ["train.lr=3e-4", "name=my run", "fast=true", "weights=[1, 2]"])
    assert result == {
        "train": {"lr": 3e-4, "steps": 3},
        "name": "my run",
        "fast": True,
        "weights": [1, 2],
    }
    assert data["train"]["lr"] == 1.0


@pytest.mark.parametrize("setting", ["train.lr", "=3", "train..lr=1"])
def test_a_setting_must_have_a_name_and_a_value(setting: str) -> None:
    with pytest.raises(ConfigError, match=r"name\.of\.field=value"):
        config.override({}, [setting])


def test_a_setting_cannot_descend_into_a_single_value() -> None:
    with pytest.raises(ConfigError, match="nothing inside"):
        config.override({"name": "a"}, ["name.first=b"])


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        config.load(Recipe, tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = \n")
    with pytest.raises(InputError, match=r"broken\.toml.* as TOML.*line 1"):
        config.load(Recipe, broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="as TOML"):
        config.load(Recipe, broken)


def test_field_docs_are_read_from_the_source() -> None:
    assert config.field_docs(Optimiser) == {"lr": "Step size.", "steps": "How many."}
