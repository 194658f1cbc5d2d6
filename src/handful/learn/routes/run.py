"""A run on disk: what was trained, from what, how well it did, what it cost, and the model.

runs/<id>/manifest.json   the record; `state` is `started`, `interrupted` or `done`
         /config.toml     the resolved settings
         /seen.txt        which items it learned from, as hashes of their ids
         /answers.jsonl   what the chosen way said of each held-out item
         /model/          weights.safetensors and its manifest
         /wording.safetensors  what photos and sounds say in words, where pairs taught it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from handful.foundation.errors import ProjectError, UsageError, did_you_mean
from handful.foundation.predictor import Answer, Query
from handful.foundation.project.atomic import read_lines
from handful.foundation.project.manifest import read_manifest
from handful.learn.model.wording import Wording
from handful.learn.routes.model import Model


@dataclass(frozen=True, eq=False)
class Run:
    """One training.

    Attributes:
        folder: Where it lies.
        manifest: Its record.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open a run.

        Args:
            folder: Its folder.

        Raises:
            ProjectError: When there is none, or it is damaged.
            NewerFormatError: When a newer Handful wrote it.
        """
        return cls(folder, read_manifest(folder, "run"))

    @property
    def id(self) -> str:
        """Its name in the project."""
        return self.folder.name

    @property
    def task(self) -> str:
        """What it answers; empty when it learned without labels."""
        return str(self.manifest["labels"])

    @property
    def is_done(self) -> bool:
        """Whether it came to its end."""
        return self.manifest["state"] == "done"

    @property
    def table(self) -> list[dict[str, Any]]:
        """Every way to learn on the same held-out items, ours first; empty without labels."""
        return list(self.manifest.get("table", []))

    @cached_property
    def model(self) -> Model:
        """The trained model, loaded when first used.

        Raises:
            ProjectError: When the run did not come to its end.
        """
        if not self.is_done:
            raise ProjectError(
                f'The run "{self.id}" was interrupted before it had a model.', "train again"
            )
        return Model.load(self.folder / "model")

    @cached_property
    def wording(self) -> Wording | None:
        """What photos and sounds say in words, read when first used; None where nothing taught it.

        Raises:
            ProjectError: When it is damaged.
        """
        return Wording.load(self.folder)

    def held_out(self) -> list[dict[str, Any]]:
        """What the chosen way said of each item while it was held out, with the truth."""
        return read_lines(self.folder / "answers.jsonl")

    def predict(self, text: Any = None, image: Any = None, audio: Any = None) -> Answer:
        """Answer for one item from what is known of it.

        Args:
            text: A string, a path, or language to text.
            image: A path, bytes, or a `[height, width, 3]` uint8 array.
            audio: A path, bytes, or a `Sound`.

        Raises:
            InputError: When nothing was given or something cannot be read.
        """
        given = {"text": text, "image": image, "audio": audio}
        query: Query = {name: value for name, value in given.items() if value is not None}
        return self.model.predict([query])[0]


def runs_in(folder: Path) -> list[Run]:
    """Every run that has a record, oldest first.

    Args:
        folder: The project's `runs`.
    """
    if not folder.is_dir():
        return []
    return [
        Run.open(path) for path in sorted(folder.iterdir()) if (path / "manifest.json").is_file()
    ]


def pick(folder: Path, name: str = "", task: str | None = None) -> Run:
    """Find one run.

    Args:
        folder: The project's `runs`.
        name: Its id or the start of it; the newest finished one when empty.
        task: Only runs for this task; any when None.

    Raises:
        UsageError: When there is none.
    """
    every = runs_in(folder)
    done = [run for run in every if run.is_done and (task is None or run.task == task)]
    if not name:
        if not done:
            what = f'for "{task}" ' if task else ""
            raise UsageError(
                f"There is no finished run {what}yet.", "handful train --labels TASK --budget 5min"
            )
        return done[-1]
    fitting = [run for run in every if run.id == name] or [
        run for run in every if run.id.startswith(name)
    ]
    if not fitting:
        raise UsageError(f'There is no run "{name}".', _known(every, name))
    return fitting[-1]


def _known(every: Sequence[Run], name: str) -> str:
    return did_you_mean(name, [run.id for run in every]) if every else "handful train makes one"
