"""From what somebody typed to an entry of a recipe, and back to a tower."""

import json
import os
from pathlib import Path

import pytest

from handful.foundation.errors import InputError, UsageError
from handful.learn.routes.local import (
    Wanted,
    places_near,
    read_wanted,
    remember,
    require_same,
    wanted_in,
    with_local,
)
from handful.learn.routes.towers import Recipe, build, lean_of
from handful.learn.towers.joined import JoinedTower
from handful.learn.towers.local.taps import OUTPUT, Tap
from handful.learn.towers.local.tower import LocalTower
from tiny import models


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models.need_libraries()
    return models.folders(tmp_path_factory.getbasetemp())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("text=minilm", Wanted("text", "minilm")),
        ("image=/models/clip", Wanted("image", "/models/clip")),
        ("image=only:/models/clip", Wanted("image", "/models/clip", OUTPUT, True)),
        ("image=clip@6", Wanted("image", "clip", Tap(6, "mean"))),
        ("audio=only:clap@2:first", Wanted("audio", "clap", Tap(2, "first"), True)),
        ("image=me@home/clip", Wanted("image", "me@home/clip")),
        ("image=a=b", Wanted("image", "a=b")),
    ],
)
def test_what_is_typed_is_read_and_written_again(text: str, wanted: Wanted) -> None:
    assert read_wanted(text) == wanted
    assert read_wanted(wanted.text) == wanted


def test_a_folder_may_have_an_at_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "model@2").mkdir()
    assert read_wanted(f"image={tmp_path / 'model@2'}").tap == OUTPUT
    assert read_wanted(f"image={tmp_path / 'model@2'}@3").tap == Tap(3, "mean")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clip", "names no tower"),
        ("image=", "names no tower"),
        ("imgae=clip", 'names a tower for "imgae"'),
        ("image=clip@last", "names no place in a network"),
    ],
)
def test_what_names_no_tower_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_wanted(text)


def test_a_folder_near_the_project_is_written_down_by_name_and_others_by_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, else_ = tmp_path / "shop", tmp_path / "elsewhere"
    for folder in (project / "towers" / "clip", else_ / "clap", project / "cache"):
        folder.mkdir(parents=True)
    near = places_near(project / "cache")
    found = wanted_in(
        {"image": "clip", "audio": [else_ / "clap", "only:clap@1"]}, [*near, else_], near
    )
    assert found == (
        "image=clip",
        f"audio={else_ / 'clap'}",
        f"audio=only:{else_ / 'clap'}@1",
    )
    assert wanted_in([f"image={project / 'cache' / '..' / 'towers' / 'clip'}"], near, near) == (
        "image=clip",
    )
    with pytest.raises(InputError, match="There is no model folder") as caught:
        wanted_in(["image=clpi"], near, near)
    assert "did you mean `clip`" in caught.value.hint
    monkeypatch.setenv("HANDFUL_TOWERS", os.pathsep.join([str(else_), ""]))
    assert places_near() == (else_,)
    assert wanted_in(["audio=clap"], places_near(), places_near()) == ("audio=clap",)


def test_a_folder_elsewhere_is_remembered_by_the_project_and_named_by_the_run(
    tmp_path: Path,
) -> None:
    project, else_ = tmp_path / "shop", tmp_path / "elsewhere"
    for folder in (project / "towers" / "clip", project / "runs", else_ / "clap", else_ / "clip"):
        folder.mkdir(parents=True)
    wanted = (f"audio=only:{else_ / 'clap'}@1", "image=clip", f"image={else_ / 'clip'}")
    for _ in range(2):
        kept = remember(wanted, project)
    assert kept == ("audio=only:clap@1", "image=clip", f"image={else_ / 'clip'}")
    assert else_ in places_near(project / "runs")
    assert len((project / "towers" / "elsewhere.jsonl").read_text().splitlines()) == 1
    assert remember((), tmp_path / "none") == ()
    assert not (tmp_path / "none").exists()


def test_folders_stand_beside_the_blocks_or_instead_of_them(shelf: Path, tmp_path: Path) -> None:
    plain = Recipe.of("fast", ("text", "image"))
    recipe = with_local(
        plain,
        [f"text={shelf / 'minilm'}", f"image=only:{shelf / 'clip'}", f"image={shelf / 'clip'}@2"],
        tmp_path,
        ("text", "image"),
    )
    assert recipe.modalities == ("text", "image")
    towers = build(recipe)
    assert isinstance(towers["text"], JoinedTower)
    assert list(towers["text"].kernels()) == ["characters", "words", "minilm"]
    assert isinstance(towers["image"], LocalTower)
    assert list(towers["image"].kernels()) == ["clip", "clip-layer-2"]
    again = Recipe.from_dict(json.loads(json.dumps(recipe.as_dict())))
    assert again == recipe
    assert again.serving(["text"]).local.keys() == {"text"}
    assert with_local(plain, (), tmp_path, ()) is plain
    assert "local" not in plain.as_dict(), "runs of before are written as before"


def test_folders_of_one_name_become_views_of_two(shelf: Path, tmp_path: Path) -> None:
    twin = models.copy_of(shelf / "minilm", tmp_path / "minilm")
    models.change_json(twin / "config.json", hidden_dropout_prob=0.2)
    words = models.copy_of(shelf / "minilm", tmp_path / "words")
    wanted = [f"text={folder}" for folder in (shelf / "minilm", twin, words)]
    recipe = with_local(Recipe.of("fast", ("text",)), wanted, tmp_path, ("text",))
    assert [each.view for each in recipe.local["text"]] == ["minilm", "minilm-2", "words-2"]
    with pytest.raises(UsageError, match="was named twice for text"):
        with_local(Recipe(blocks={}), wanted[:1] * 2, tmp_path, ("text",))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("audio=clap", "No item has audio"),
        ("text=whisper", "does not read text: it reads audio"),
        ("image=minilm", "does not read image: it reads text"),
        ("text=minilm@9", "has no layer 9 for text: it has 3"),
        ("text=routed@1", "its layers cannot be listened to"),
    ],
)
def test_what_a_folder_cannot_do_is_said(
    shelf: Path, tmp_path: Path, wanted: str, said: str
) -> None:
    modality, name = wanted.split("=")
    with pytest.raises(UsageError, match=said):
        with_local(Recipe(blocks={}), [f"{modality}={shelf / name}"], tmp_path, ("text", "image"))


def test_the_folders_of_a_recipe_must_stay_what_they_were(shelf: Path, tmp_path: Path) -> None:
    folder = models.copy_of(shelf / "minilm", tmp_path / "minilm")
    recipe = with_local(Recipe(blocks={}), [f"text={folder}"], tmp_path, ("text",))
    require_same(recipe)
    models.change_json(folder / "1_Pooling" / "config.json", pooling_mode="cls")
    with pytest.raises(InputError, match="its settings differ"):
        require_same(recipe)


def test_leaner_views_keep_what_model_folders_see() -> None:
    usual = ("lab", "hog", "fisher_gradient", "fisher_colour")
    kept = ("fisher_gradient", "fisher_colour")
    assert lean_of("image", usual) == kept
    assert lean_of("image", (*usual, "clip")) == (*kept, "clip")
    assert lean_of("image", (*kept, "clip")) == ()
    assert lean_of("image", ("clip", "siglip")) == ()
    assert lean_of("image", ("lab", "hog", "lbp")) == ()
    assert lean_of("text", ("characters", "words", "minilm")) == ()
