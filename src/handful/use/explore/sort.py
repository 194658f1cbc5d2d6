"""Sort a folder by what a run says: look at every item, and copy those that are sure.

Looking changes nothing. Copying never moves or changes an original; each copy takes its name only
when it is whole, so a killed sort leaves whole files, and running it again goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

from handful.data.library.sources.base import Candidate, Piece, absolute
from handful.data.library.sources.folder import list_folder
from handful.data.library.sources.pairing import pair
from handful.data.modalities.audio.read import read as read_audio
from handful.data.modalities.image.read import read as read_image
from handful.data.modalities.reading import Unreadable, reason_of
from handful.data.modalities.text.read import read as read_text
from handful.data.operators.base import Limits
from handful.foundation.errors import InputError, UsageError
from handful.foundation.predictor import Level
from handful.foundation.project.folder import FOLDERS, GOAL, SETTINGS
from handful.learn.routes.run import Run

PILES = (Level.SURE, Level.FAIRLY_SURE, Level.NOT_SURE)

Wanted = Literal["sure", "fairly sure"]
"""The lowest level whose items are copied."""

OnItems = Callable[[int, int], None]
"""Told how many items were looked at, and how many there are."""

_BATCH = 64
_READERS = {
    "text": lambda data, limits: read_text(data, limits.text),
    "image": lambda data, limits: read_image(data, limits.image),
    "audio": lambda data, limits: read_audio(data, limits.audio),
}


class File(NamedTuple):
    """One file of an item.

    Attributes:
        name: Its path inside the folder.
        path: Where it lies.
        sha256: Of the bytes that were judged.
    """

    name: str
    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One item of the folder and what was said and done.

    Attributes:
        key: Its name.
        files: Those that could be read.
        label: The answer; the best guess where it is not sure.
        level: How sure.
        confidence: Probability of the answer.
        reason: In words.
        done: `copied`, `there already`, `left`, or why it could not be copied.
        copies: Where its files are now, inside the destination.
    """

    key: str
    files: tuple[File, ...]
    label: str
    level: Level
    confidence: float
    reason: str
    done: str = "left"
    copies: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON and tables."""
        return {
            "item": self.key,
            "files": [file.name for file in self.files],
            "answer": self.label,
            "level": str(self.level),
            "confidence": self.confidence,
            "reason": self.reason,
            "done": self.done,
            "copies": list(self.copies),
        }


class Left(NamedTuple):
    """A file that was not judged.

    Attributes:
        name: Its path inside the folder.
        why: In words.
        is_bad: Whether it could not be read, rather than being none of the run's business.
    """

    name: str
    why: str
    is_bad: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Sorted:
    """What came of looking at a folder, and of copying from it.

    Attributes:
        folder: What was looked at.
        run: The id of the run that answered.
        task: What it answered.
        classes: The answers there are.
        rows: One per item that was answered.
        left: Files that were not judged.
        seen: Files in the folder; those of `rows` and `left` add up to it.
        promises: The stated error rates, in sentences.
        choices: Which files make an item, in sentences.
        into: Where copies went; None when it was only looked.
        table: The CSV table of it all; None when it was only looked.
    """

    folder: Path
    run: str
    task: str
    classes: tuple[str, ...]
    rows: tuple[Row, ...]
    left: tuple[Left, ...]
    seen: int
    promises: tuple[str, ...]
    choices: tuple[str, ...] = ()
    into: Path | None = None
    table: Path | None = None

    def counts(self) -> dict[str, Counter[Level]]:
        """Class to how many items of each pile; classes that nothing was called are there too."""
        found: dict[str, Counter[Level]] = {name: Counter() for name in self.classes}
        for row in self.rows:
            found[row.label][row.level] += 1
        return found

    def done(self) -> Counter[str]:
        """What was done to how many items."""
        return Counter(row.done for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "folder": str(self.folder),
            "run": self.run,
            "task": self.task,
            "seen": self.seen,
            "items": [row.as_dict() for row in self.rows],
            "left": [file._asdict() for file in self.left],
            "counts": {
                name: {str(level): counted[level] for level in PILES}
                for name, counted in self.counts().items()
            },
            "done": dict(self.done()),
            "promises": list(self.promises),
            "into": str(self.into) if self.into else None,
            "table": str(self.table) if self.table else None,
        }


def look(
    folder: Path,
    run: Run,
    project: Path,
    *,
    on_items: OnItems = lambda done, total: None,
) -> Sorted:
    """Answer every item of a folder; nothing is written.

    Args:
        folder: Its files are paired to items as adding it would.
        run: Answers; it must have learned with labels.
        project: The project's folder, whose own records are left out.
        on_items: Told about progress.

    Raises:
        InputError: When the folder is missing, empty, or holds nothing that can be answered.
        UsageError: When it belongs to the project itself, or the run learned without labels.
    """
    _require_answers(run)
    root = Path(absolute(folder))
    own = own_places(project)
    require_folder(folder, own)
    tree = list_folder(root, own)
    seen = len(tree.leaves) + len(tree.asides)
    if not seen:
        raise InputError(f'"{folder}" holds no files.', "check the path")
    left = [
        Left(each.name, each.reason.what, reason_of(each.reason.reason).verdict == "quarantine")
        for each in tree.asides
    ]
    paired = pair(tree.leaves)
    rows: list[Row] = []
    for start in range(0, len(paired.candidates), _BATCH):
        rows += answered(paired.candidates[start : start + _BATCH], run, left)
        on_items(min(start + _BATCH, len(paired.candidates)), len(paired.candidates))
    if not rows:
        raise _nothing(folder, left)
    judge = run.model.judge
    return Sorted(
        folder=root,
        run=run.id,
        task=run.task,
        classes=run.model.classes,
        rows=tuple(rows),
        left=tuple(left),
        seen=seen,
        promises=tuple(judge.sentences()) if judge else (),
        choices=tuple(paired.choices),
    )


def own_places(project: Path) -> list[Path]:
    """What a project keeps for itself.

    Args:
        project: Its folder.
    """
    project = project.resolve()
    return [
        project / name for name in (*FOLDERS, SETTINGS, GOAL, "shelf.jsonl", ".lock", "autopilot")
    ]


def require_folder(folder: Path, own: Sequence[Path]) -> None:
    """Refuse what is no folder of the user's.

    Args:
        folder: As the user gave it.
        own: What the project keeps for itself.

    Raises:
        InputError: When it is missing or a file.
        UsageError: When it lies inside a project's own records.
    """
    root = Path(absolute(folder))
    if not root.exists():
        raise InputError(f'There is no folder "{folder}".', "check the path")
    if not root.is_dir():
        raise InputError(f'"{folder}" is a file, and a folder is needed.', "name its folder")
    if any(root.is_relative_to(place) for place in own):
        raise UsageError(
            f'"{folder}" belongs to the project itself.', "name a folder with your own files"
        )


def _require_answers(run: Run) -> None:
    if not run.task:
        raise UsageError(
            f'The run "{run.id}" learned without labels, so it can find but not sort.',
            "handful train --labels TASK, or name another with --run",
        )


def _nothing(folder: Path, left: Sequence[Left]) -> InputError:
    some = "; ".join(f"{file.name}: {file.why}" for file in left[:3])
    more = f"; and {len(left) - 3} more" if len(left) > 3 else ""
    return InputError(
        f'Nothing in "{folder}" can be answered. {some}{more}.', "check the path and the run"
    )


def answered(candidates: Sequence[Candidate], run: Run, left: list[Left]) -> Iterator[Row]:
    """Read some items, answer them together, and note what could not be read.

    Args:
        candidates: The items.
        run: Answers.
        left: Files that were not judged are added to it.
    """
    known = run.model.modalities
    ready: list[tuple[str, tuple[File, ...], dict[str, Any]]] = []
    for candidate in candidates:
        files, query = [], {}
        for piece in candidate.pieces:
            try:
                file, value = _read(piece)
            except Unreadable as fault:
                left.append(Left(piece.name, fault.what, True))
                continue
            files.append(file)
            if piece.modality in known:
                query[piece.modality] = value
        if query:
            ready.append((candidate.key, tuple(files), query))
        else:
            why = f'the run "{run.id}" learned from {" and ".join(known)} only'
            left += [Left(file.name, why, False) for file in files]
    if not ready:
        return
    answers = run.model.predict([query for _, _, query in ready])
    for (key, files, _), answer in zip(ready, answers, strict=True):
        yield Row(
            key=key,
            files=files,
            label=answer.label,
            level=answer.level,
            confidence=answer.confidence,
            reason=answer.reason,
        )


def _read(piece: Piece) -> tuple[File, Any]:
    """The bytes of a file once: hashed, and decoded as adding would."""
    assert piece.place is not None
    limits = Limits()
    data = piece.place.fetch(limits.most_bytes(piece.modality)).data
    value = _READERS[piece.modality](data, limits).value
    return File(piece.name, piece.place.path, sha256(data).hexdigest()), value


def kept_levels(wanted: Wanted) -> tuple[Level, ...]:
    """The levels whose items are copied.

    Args:
        wanted: The lowest of them.

    Raises:
        UsageError: When there is no such level.
    """
    levels = {"sure": PILES[:1], "fairly sure": PILES[:2]}
    if wanted not in levels:
        raise UsageError(
            f'"{wanted}" is no level that is copied.', "known: `sure` and `fairly sure`"
        )
    return levels[wanted]


def with_done(row: Row, done: str, copies: Sequence[str] = ()) -> Row:
    """The same row with what was done.

    Args:
        row: Of an item.
        done: In words.
        copies: Where its files are now.
    """
    return replace(row, done=done, copies=tuple(copies))
