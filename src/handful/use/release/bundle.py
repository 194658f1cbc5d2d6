"""A release: everything an answer depends on, in one folder that never changes.

releases/<digest>/manifest.json  every file with its hash, and the digest
                 /about.json     task, classes, run, library, costs: what the card is written from
                 /card.md        the same for people
                 /goal.toml      what answers were worth
                 /config.toml    the settings it was trained with
                 /seen.txt       which items it learned from, as hashes of their ids
                 /thresholds.json  when it says "sure"
                 /golden.json    made-up items and what it answers to them, see `golden.py`
                 /model/         weights (safetensors) and their description (JSON), nothing else
                 /evidence/      the evaluation: report.json, report.jsonl
                 /signature.json   who made it; signs the digest, see `signature.py`

The digest is the SHA-256 of the sorted list of files and their SHA-256, written as `sha256sum`
writes it. Neither time stamps nor paths outside the folder enter, so the same content has the same
name everywhere. A bundle is put together under a temporary name and renamed when it is whole; one
that can be seen is complete.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from handful.foundation import config
from handful.foundation.console.jsonable import jsonable
from handful.foundation.errors import InputError, ProjectError, storage
from handful.foundation.goal import Goal
from handful.foundation.project.atomic import UNFINISHED
from handful.foundation.project.lock import locked
from handful.foundation.project.manifest import MANIFEST, read_manifest
from handful.learn.routes.local import places_near, require_same
from handful.learn.routes.seen import SEEN
from handful.learn.routes.towers import Recipe
from handful.trust.evaluate.cases import listed
from handful.trust.evaluate.report import ANSWERS, REPORT, Report
from handful.use.release.card import write_card
from handful.use.release.golden import GOLDEN
from handful.use.release.seal import (
    ABOUT,
    KIND,
    digest_of,
    hash_of,
    manifest_of,
    require_intact,
)

CARD, GOAL, CONFIG = "card.md", "goal.toml", "config.toml"
THRESHOLDS, MODEL, EVIDENCE = "thresholds.json", "model", "evidence"

_KEPT = ("labels", "classes", "library", "items", "groups", "labelled", "seed", "profile")
_TOLD = ("table", "sentences", "predicted", "cost", "costs")
_JUDGE = ("thresholds", "judge")


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """One immutable bundle, whole and unaltered when it was opened."""

    folder: Path
    """Where it lies."""
    digest: str
    """Its name: 64 hexadecimal digits."""
    about: Mapping[str, Any]
    """Task, classes, run, library, costs."""
    files: Mapping[str, str]
    """Each file below the folder with its SHA-256."""

    @property
    def model(self) -> Path:
        """The folder with the weights and their description."""
        return self.folder / MODEL

    @property
    def card(self) -> str:
        """What it is, for people, in Markdown."""
        return (self.folder / CARD).read_text(encoding="utf-8")

    @property
    def thresholds(self) -> dict[str, Any]:
        """When it says "sure"; empty where the model has no thresholds."""
        return json.loads((self.folder / THRESHOLDS).read_text(encoding="utf-8"))

    def goal(self) -> Goal:
        """What answers were worth when it was made."""
        return config.load(Goal, self.folder / GOAL)

    def report(self) -> Report | None:
        """Its evaluation; None when it was released without one.

        Raises:
            ProjectError: When the report cannot be read.
        """
        folder = self.folder / EVIDENCE
        return Report.load(folder) if (folder / REPORT).is_file() else None


def make_release(
    run: Path,
    releases: Path,
    *,
    goal: Goal | None = None,
    thresholds: Mapping[str, Any] | None = None,
    learned_from: Mapping[str, Any] | None = None,
    golden: Mapping[str, Any] | None = None,
    with_answers: bool = True,
) -> Release:
    """Bundle a finished run; the same run gives the same release, however often it is called.

    Args:
        run: The run's folder. A `report.json` in it becomes the evidence.
        releases: The project's `releases`.
        goal: What answers are worth; the default goal when left out.
        thresholds: When it says "sure"; what the model's own description holds when left out.
        learned_from: What the library knows of the items and the run does not, such as
            `{"licences": {"CC0-1.0": 540}}`; see `handful.use.release.card`.
        golden: What it answers to made-up items, from `golden_of`; none when left out.
        with_answers: Whether the single answers of the evaluation go with it. Later comparisons
            need them; they name items and groups, so leave them out of what you give away.

    Returns:
        The release.

    Raises:
        ProjectError: When the run is not finished, holds no model, or a release of that digest
            was altered.
        InputError: When the model's folder holds anything but safetensors and JSON, or a model
            folder that it reads with is gone or another one.
        BusyError: When another process is making a release in this project.
        StorageError: When the disk refuses; no release is there then.
    """
    record = read_manifest(run, "run")
    if record.get("state") != "done":
        raise ProjectError(
            f'The run "{run.name}" cannot be released: its state is "{record.get("state")}".',
            "train again, to the end",
        )
    goal = goal or Goal()
    needs = _needs(run / MODEL)
    with _unfinished(releases) as folder:
        files = _copy_model(run / MODEL, folder)
        files += _copy_evidence(run, folder, with_answers)
        kept = [name for name in (CONFIG, SEEN) if (run / name).is_file()]
        files += [_copy(run / name, folder, name) for name in kept]
        about = _about(run, record, learned_from or {}) | needs
        report = _evidence_of(folder, about)
        found = thresholds if thresholds is not None else _thresholds_of(folder / MODEL)
        texts = {
            ABOUT: _json(about),
            GOAL: config.to_toml(goal, "What answers were worth when this was released."),
            THRESHOLDS: _json(found),
            CARD: write_card(about, goal, report),
        }
        if golden:
            texts[GOLDEN] = _json(golden)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
            files.append(name)
        hashes = {name: hash_of(folder / name) for name in files}
        (folder / MANIFEST).write_text(_json(manifest_of(hashes, about)), encoding="utf-8")
        return _publish(folder, releases, digest_of(hashes))


def open_release(folder: Path) -> Release:
    """Open a release after a look at every byte.

    Args:
        folder: Its folder.

    Returns:
        The release.

    Raises:
        ProjectError: When it is none, or any file is altered, missing or extra; all are named.
        NewerFormatError: When a newer Handful made it.
        StorageError: When it may not be read.
    """
    require_intact(folder)
    content = read_manifest(folder, KIND)
    return Release(
        folder=folder,
        digest=content["digest"],
        about=json.loads((folder / ABOUT).read_text(encoding="utf-8")),
        files=content["files"],
    )


@contextmanager
def _unfinished(releases: Path) -> Generator[Path, None, None]:
    """A folder to put a bundle together in; rests of killed processes are swept away first."""
    with storage("make", releases):
        releases.mkdir(parents=True, exist_ok=True)
    with locked(releases / ".lock", "release"), storage("write", releases):
        for rest in releases.glob(f"{UNFINISHED}*"):
            shutil.rmtree(rest, ignore_errors=True)
        folder = releases / f"{UNFINISHED}{secrets.token_hex(4)}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _publish(folder: Path, releases: Path, digest: str) -> Release:
    """Give a whole bundle its name, unless it has been released before."""
    target = releases / digest
    if not target.exists():
        for path in folder.rglob("*"):
            if path.is_file():
                path.chmod(0o444)
            _force(path)
        _force(folder)
        folder.rename(target)
        _force(releases)
    return open_release(target)


def _copy_model(model: Path, folder: Path) -> list[str]:
    """Copy the model's files, refusing whatever could hold code."""
    with storage("read", model):
        paths = sorted(model.rglob("*")) if model.is_dir() else []
    names = []
    for path in paths:
        if path.name.startswith(UNFINISHED) or (path.is_dir() and not path.is_symlink()):
            continue
        name = f"{MODEL}/{path.relative_to(model).as_posix()}"
        if path.is_symlink() or path.suffix not in (".safetensors", ".json"):
            raise InputError(
                f'"{path}" cannot be released: a model is made of .safetensors and .json files.',
                "move it out of the model's folder",
            )
        _copy(path, folder, name)
        _check(folder / name, path)
        names.append(name)
    if not any(name.endswith(".safetensors") for name in names):
        raise ProjectError(
            f'The run "{model.parent.name}" has no weights in "{MODEL}".', "train again, to the end"
        )
    return names


def _check(copied: Path, source: Path) -> None:
    """Look inside, as a name proves nothing."""
    try:
        if copied.suffix == ".json":
            json.loads(copied.read_text(encoding="utf-8"))
        else:
            with safe_open(copied, framework="numpy") as weights:
                weights.keys()
    except (ValueError, SafetensorError) as error:
        raise InputError(
            f'"{source}" is not what its name says: {error}.', "train again, or restore it"
        ) from None


def _copy_evidence(run: Path, folder: Path, with_answers: bool) -> list[str]:
    if not (run / REPORT).is_file():
        return []
    wanted = [REPORT, ANSWERS] if with_answers else [REPORT]
    return [
        _copy(run / name, folder, f"{EVIDENCE}/{name}") for name in wanted if (run / name).is_file()
    ]


def _copy(source: Path, folder: Path, name: str) -> str:
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return name


def _about(run: Path, record: Mapping[str, Any], learned_from: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: record[key] for key in (*_KEPT, *_TOLD) if key in record}
    stamp = {"run": run.name, "created": record["created"], "made_by": record["made_by"]}
    return jsonable({**stamp, **kept, "learned_from": dict(learned_from)})


def _needs(model: Path) -> dict[str, Any]:
    """The model folders that it reads with, which are not part of the bundle; {} without any.

    Raises:
        InputError: When one is gone, or no longer the one that was trained with.
    """
    if not (model / MANIFEST).is_file():
        return {}
    content = json.loads((model / MANIFEST).read_text(encoding="utf-8"))
    towers = content.get("towers") if isinstance(content, dict) else None
    if not isinstance(towers, dict) or not towers.get("local"):
        return {}
    recipe = Recipe.from_dict(towers)
    require_same(recipe, places_near(model))
    _require_names(recipe)
    return {
        "needs": [
            {
                "modality": modality,
                "folder": Path(each.folder).name,
                "family": each.family,
                "layer": each.tap,
                "weights": each.weights,
            }
            for modality, views in recipe.local.items()
            for each in views
        ]
    }


def _require_names(recipe: Recipe) -> None:
    """Refuse a path of this machine in a bundle: it tells of it, and names nothing elsewhere."""
    for each in (each for views in recipe.local.values() for each in views):
        if Path(each.folder).is_absolute():
            raise InputError(
                f'The run reads with "{each.folder}", and a release holds no path of a machine: '
                f'another folder called "{Path(each.folder).name}" is nearer.',
                "rename one of the two and train again",
            )


def _evidence_of(folder: Path, about: Mapping[str, Any]) -> Report | None:
    """The report that was copied, if it speaks of this model."""
    if not (folder / EVIDENCE / REPORT).is_file():
        return None
    report = Report.load(folder / EVIDENCE)
    if set(report.classes) != set(about["classes"]):
        raise ProjectError(
            f'The report of the run "{about["run"]}" speaks of the classes '
            f"{listed(report.classes)}, and the run of {listed(about['classes'])}.",
            "evaluate the run again",
        )
    return report


def _thresholds_of(model: Path) -> Any:
    """What the model's description says of when it is sure."""
    for name in (MANIFEST, "model.json"):
        if (model / name).is_file():
            content = json.loads((model / name).read_text(encoding="utf-8"))
            for key in _JUDGE:
                if isinstance(content, dict) and content.get(key):
                    return content[key]
    return {}


def _json(content: Any) -> str:
    return json.dumps(jsonable(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
