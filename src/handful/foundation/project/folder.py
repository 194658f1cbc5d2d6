"""The project: one folder with its settings, its goal, and the four records.

project.toml   name, tariff; a folder is a project once this file exists
goal.toml      what the user wants, in costs
library/       the versioned items
runs/<id>/     one training each
releases/<digest>/  immutable bundles
shelf.jsonl    which release is champion, challenger, previous; append-only
events/        uses of releases
feedback/      what people said of the answers
incidents/     releases that a server took back, and why; not there before the first
cache/         everything that can be made again; may be deleted at any time
towers/        model folders that read as well, where there are any
keys/          what releases are signed with; the private half is for its owner only
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from uuid import uuid4

from handful.foundation import config
from handful.foundation.errors import InputError, ProjectError, storage
from handful.foundation.goal import Goal
from handful.foundation.hardware.power import Tariff
from handful.foundation.project.atomic import write_text
from handful.foundation.project.lock import locked
from handful.foundation.project.manifest import FORMAT, refuse_newer

SETTINGS = "project.toml"
GOAL = "goal.toml"
CACHE = "cache"
FOLDERS = ("library", "runs", "releases", "events", "feedback", CACHE)

_HEADING = """Settings of this Handful project. Edit by hand as you like."""
_GOAL_HEADING = """What a good answer is worth here. Training chooses by this, on held-out answers
that are never the test answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The content of `project.toml`."""

    format: int
    """Version of the folder's layout; written by Handful."""
    id: str
    """Never changes, so that copies of a project can be told to be copies."""
    name: str
    """What you call it."""
    created: str
    """When, in UTC."""
    tariff: Tariff = field(default_factory=Tariff)
    """What time and energy cost here."""
    asks: dict[str, str] = field(default_factory=dict)
    """What to say when a modality is missing that would help, such as audio = "Tap it"."""
    towers: tuple[str, ...] = ()
    """Folders that hold model folders, beside the project's own `towers`."""
    signing_required: bool = False
    """Refuse to put a release to use that this project's own key did not sign."""


class Project:
    """One project on disk.

    Get one by `Project.create`, `Project.open` or `Project.find`.

    Attributes:
        folder: Its absolute path.
        settings: The content of `project.toml`.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings

    def __repr__(self) -> str:
        return f"Project({str(self.folder)!r})"

    @classmethod
    def create(cls, folder: Path | str, name: str = "") -> Self:
        """Make a new project; files that are in the folder already stay as they are.

        `project.toml` is written last, so an interrupted call leaves no half project and may be
        repeated.

        Args:
            folder: Where; made when missing.
            name: What to call it; the folder's name when empty.

        Raises:
            ProjectError: When there is a project already, or the path is a file.
            StorageError: When the disk refuses.
        """
        folder = Path(folder).expanduser().absolute()
        try:
            with storage("make", folder):
                return cls._create(folder, name or folder.name)
        except FileNotFoundError:
            raise ProjectError(
                f'"{folder}" cannot be made: no folder can be made there.', "choose another place"
            ) from None

    @classmethod
    def _create(cls, folder: Path, name: str) -> Self:
        if (folder / SETTINGS).exists():
            raise ProjectError(
                f'"{folder}" is a project already.', "use it, or choose another folder"
            )
        if folder.exists() and not folder.is_dir():
            raise ProjectError(f'"{folder}" is a file, and a project is a folder.')
        settings = Settings(
            format=FORMAT,
            id=str(uuid4()),
            name=name,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        project = cls(folder, settings)
        project._make_folders()
        if not project.goal_file.exists():
            write_text(project.goal_file, config.to_toml(Goal(), _GOAL_HEADING))
        write_text(folder / SETTINGS, config.to_toml(settings, _HEADING))
        return project

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Open the project in exactly this folder.

        Args:
            folder: The folder that holds `project.toml`.

        Raises:
            ProjectError: When it is no project, or its settings are damaged.
            NewerFormatError: When a newer Handful made it.
            ConfigError: When its settings are wrong; all mistakes are named.
            StorageError: When it may not be read.
        """
        folder = Path(folder).expanduser().absolute()
        path = folder / SETTINGS
        with storage("read", path):
            is_project = path.is_file()
        if not is_project:
            what = "is not there" if not folder.exists() else f"is no project: it has no {SETTINGS}"
            raise ProjectError(f'"{folder}" {what}.', f'handful new "{folder}"')
        try:
            data = config.read_toml(path)
        except InputError as error:
            raise ProjectError(error.what, error.hint) from None
        refuse_newer(data.get("format"), path)
        return cls(folder, config.build(Settings, data, str(path)))

    @classmethod
    def find(cls, start: Path | None = None) -> Self:
        """Open the nearest project: in this folder or the closest parent that holds one.

        Args:
            start: Where to begin; the working folder when left out.

        Raises:
            ProjectError: When there is none.
            NewerFormatError: When a newer Handful made it.
        """
        start = (start or Path.cwd()).expanduser().absolute()
        for folder in (start, *start.parents):
            if (folder / SETTINGS).is_file():
                return cls.open(folder)
        raise ProjectError(
            f'There is no project in "{start}" or above it.',
            "make one with `handful new NAME`, or name one with `--project FOLDER`",
        )

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.settings.name

    @property
    def library(self) -> Path:
        """The versioned items."""
        return self._ready("library")

    @property
    def runs(self) -> Path:
        """One folder per training."""
        return self._ready("runs")

    @property
    def releases(self) -> Path:
        """One folder per immutable bundle."""
        return self._ready("releases")

    @property
    def events(self) -> Path:
        """Uses of releases."""
        return self._ready("events")

    @property
    def feedback(self) -> Path:
        """What people said of the answers."""
        return self._ready("feedback")

    @property
    def cache(self) -> Path:
        """Everything that can be made again."""
        return self._ready("cache")

    @property
    def shelf(self) -> Path:
        """The append-only log of release aliases."""
        return self.folder / "shelf.jsonl"

    @property
    def keys(self) -> Path:
        """What releases are signed with; not there before the first release."""
        return self.folder / "keys"

    @property
    def goal_file(self) -> Path:
        """Where the goal is written."""
        return self.folder / GOAL

    def goal(self) -> Goal:
        """Read the goal; the default one when `goal.toml` was deleted.

        Raises:
            InputError: When the file is not TOML.
            ConfigError: When it is wrong; all mistakes are named.
        """
        return config.load(Goal, self.goal_file) if self.goal_file.exists() else Goal()

    @contextmanager
    def changing(self, doing: str) -> Iterator[None]:
        """Be the only process that changes this project while the block runs.

        Args:
            doing: The verb, shown to a process that comes second.

        Raises:
            BusyError: When another process is changing it.
            StorageError: When the folder cannot be written.
        """
        with locked(self.folder / ".lock", doing):
            yield

    def _ready(self, name: str) -> Path:
        """A folder of the project, made again when someone deleted it while it was empty."""
        path = self.folder / name
        if not path.is_dir():
            with storage("make", path):
                path.mkdir(parents=True, exist_ok=True)
        return path

    def _make_folders(self) -> None:
        for name in FOLDERS:
            self._ready(name)
