import os
import shutil
from pathlib import Path

import pytest

from handful.foundation.errors import (
    BusyError,
    ConfigError,
    InputError,
    NewerFormatError,
    ProjectError,
    StorageError,
)
from handful.foundation.project import Project
from handful.foundation.project.folder import FOLDERS

AS_ROOT = os.geteuid() == 0


def test_a_new_project_has_every_place_and_opens_again(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "shop")
    assert {p.name for p in made.folder.iterdir()} == {"project.toml", "goal.toml", *FOLDERS}
    opened = Project.open(made.folder)
    assert opened.settings == made.settings
    assert opened.name == "shop"
    assert opened.goal().not_sure == 0.2
    assert opened.shelf == made.folder / "shelf.jsonl"


def test_files_that_are_there_already_stay(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"mine")
    (tmp_path / "goal.toml").write_text("not_sure = 0.5\n")
    project = Project.create(tmp_path, "My shop")
    assert (tmp_path / "photo.jpg").read_bytes() == b"mine"
    assert project.goal().not_sure == 0.5
    assert project.name == "My shop"


def test_the_nearest_project_above_is_found(tmp_path: Path) -> None:
    outer = Project.create(tmp_path / "outer")
    deep = outer.folder / "library" / "a" / "b"
    deep.mkdir(parents=True)
    assert Project.find(deep).folder == outer.folder
    with pytest.raises(ProjectError, match=r"no project in(.|\n)*handful new NAME"):
        Project.find(tmp_path)


def test_a_project_is_not_made_twice_or_from_a_file(tmp_path: Path) -> None:
    Project.create(tmp_path / "shop")
    with pytest.raises(ProjectError, match="is a project already"):
        Project.create(tmp_path / "shop")
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="is a file"):
        Project.create(tmp_path / "file")


def test_what_is_no_project_is_said_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"is no project(.|\n)*handful new"):
        Project.open(tmp_path)
    with pytest.raises(ProjectError, match="is not there"):
        Project.open(tmp_path / "none")


def test_an_interrupted_creation_is_no_project_and_is_finished_by_repeating(
    tmp_path: Path,
) -> None:
    whole = Project.create(tmp_path / "shop")
    (whole.folder / "project.toml").unlink()  # it is written last
    shutil.rmtree(whole.folder / "events")
    with pytest.raises(ProjectError):
        Project.open(whole.folder)
    assert Project.create(whole.folder).events.is_dir()


def test_a_newer_project_is_refused_by_name(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    path = project.folder / "project.toml"
    path.write_text(path.read_text().replace("format = 1", "format = 7\nnew_thing = 3"))
    with pytest.raises(NewerFormatError, match=r"project\.toml.* has format 7"):
        Project.open(project.folder)


def test_damaged_settings_are_named(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    path = project.folder / "project.toml"
    whole = path.read_text()
    path.write_text(whole[: whole.index("created")] + "created = ")
    with pytest.raises(ProjectError, match=r"Cannot read .*project\.toml"):
        Project.open(project.folder)
    path.write_text(whole.replace('currency = "EUR"', 'currency = ""\nprice = 3'))
    with pytest.raises(ConfigError) as caught:
        Project.open(project.folder)
    assert len(caught.value.mistakes) == 2


def test_a_damaged_goal_is_named_and_a_deleted_one_is_the_default(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    project.goal_file.write_text("not_sure = ")
    with pytest.raises(InputError, match=r"goal\.toml"):
        project.goal()
    project.goal_file.unlink()
    assert project.goal().not_sure == 0.2


def test_the_cache_may_be_deleted_at_any_time(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    shutil.rmtree(project.cache)
    assert project.cache.is_dir()


def test_one_process_changes_it_at_a_time(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    with (
        project.changing("add"),
        pytest.raises(BusyError),
        Project.open(project.folder).changing("train"),
    ):
        pass


@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_a_folder_without_permission_is_said_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StorageError, match="permission was denied"):
            Project.create(tmp_path / "shop")
    finally:
        tmp_path.chmod(0o700)
