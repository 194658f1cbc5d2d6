"""The report: every figure with its interval, every table, every answer, kept on disk.

Two files: `report.json` holds figures, tables and sentences; `report.jsonl` holds one line per
case, so that another predictor can be held against this one case by case, today or in a year.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from handful.foundation import config
from handful.foundation.console.jsonable import jsonable
from handful.foundation.errors import ProjectError, UsageError, did_you_mean, storage
from handful.foundation.goal import Goal
from handful.foundation.predictor import Answer, Level
from handful.foundation.project.atomic import write_json, write_text
from handful.foundation.project.manifest import FORMAT, refuse_newer
from handful.trust.evaluate.finding import Figure, Finding, Sheet

REPORT = "report.json"
ANSWERS = "report.jsonl"
KIND = "report"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One case and what was answered."""

    id: str
    """The case."""
    truth: str
    """What it really is."""
    group: str | None
    """Its group; None when it stands alone."""
    modalities: tuple[str, ...]
    """What it holds of what the predictor reads."""
    label: str
    """The best guess."""
    level: str
    """How sure, in words."""
    probabilities: Mapping[str, float]
    """Class to probability."""
    shares: Mapping[str, float]
    """Modality to its part in the decision."""
    error_rate: float | None
    """The stated error rate; None where none was stated."""

    @property
    def answer(self) -> Answer:
        """What was answered, as a predictor gives it."""
        return Answer(
            label=self.label,
            level=Level(self.level),
            probabilities=self.probabilities,
            shares=self.shares,
            error_rate=self.error_rate,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What one predictor's answers to one list of cases are worth."""

    predictor: str
    """The predictor's name."""
    classes: tuple[str, ...]
    """The classes it knows."""
    modalities: tuple[str, ...]
    """The modalities it reads."""
    goal: Goal
    """What answers were worth."""
    seed: int
    """Seed of everything that was drawn."""
    created: str
    """When, in UTC."""
    made_by: str
    """The Handful that measured."""
    code: str
    """Hash of the code that measured."""
    cases: str
    """Hash of the cases: their ids, truths and groups."""
    n: int
    """How many cases."""
    groups: int | None
    """How many groups they come from; None when no groups are known."""
    findings: tuple[Finding, ...]
    """What each measure found."""
    outcomes: tuple[Outcome, ...] = ()
    """Every case with its answer."""

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that name this report in cards and logs."""
        text = json.dumps(self.as_dict(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def meaning(self) -> list[str]:
        """What it all means, in whole sentences."""
        return [sentence for finding in self.findings for sentence in finding.meaning]

    @property
    def not_measured(self) -> dict[str, str]:
        """Measures that found nothing, and why."""
        return {one.measure: one.missing for one in self.findings if one.missing}

    @property
    def sheets(self) -> list[Sheet]:
        """All tables."""
        return [sheet for finding in self.findings for sheet in finding.sheets]

    def finding(self, measure: str) -> Finding:
        """What one measure found.

        Args:
            measure: Its name.

        Raises:
            UsageError: When it did not take part.
        """
        for one in self.findings:
            if one.measure == measure:
                return one
        names = [one.measure for one in self.findings]
        raise UsageError(
            f'The report on "{self.predictor}" holds no "{measure}".', did_you_mean(measure, names)
        )

    def has(self, measure: str) -> bool:
        """Whether a measure took part and found something.

        Args:
            measure: Its name.
        """
        return any(one.measure == measure and not one.missing for one in self.findings)

    def figure(self, name: str) -> Figure:
        """One number.

        Args:
            name: Measure and figure, such as `accuracy.balanced`.

        Raises:
            UsageError: When there is no such figure.
        """
        known = {
            f"{finding.measure}.{each.name}": each
            for finding in self.findings
            for each in finding.figures
        }
        if name not in known:
            raise UsageError(
                f'The report on "{self.predictor}" holds no figure "{name}".',
                did_you_mean(name, known),
            )
        return known[name]

    def as_dict(self) -> dict[str, Any]:
        """Everything but the single answers, for JSON."""
        return {
            "kind": KIND,
            "format": FORMAT,
            "created": self.created,
            "made_by": self.made_by,
            "code": self.code,
            "predictor": self.predictor,
            "classes": list(self.classes),
            "modalities": list(self.modalities),
            "goal": plain_goal(self.goal),
            "seed": self.seed,
            "cases": {"digest": self.cases, "n": self.n, "groups": self.groups},
            "answers": _digest(_lines(self.outcomes)) if self.outcomes else None,
            "meaning": self.meaning,
            "findings": jsonable([finding.as_dict() for finding in self.findings]),
        }

    def save(self, folder: Path) -> Path:
        """Write `report.json` and `report.jsonl`; each takes its place in one step.

        Args:
            folder: Such as a run's folder; it must exist.

        Returns:
            The path of `report.json`.

        Raises:
            StorageError: When the disk refuses.
        """
        write_text(folder / ANSWERS, _lines(self.outcomes))
        write_json(folder / REPORT, self.as_dict())
        return folder / REPORT

    @classmethod
    def load(cls, folder: Path) -> Report:
        """Read back what `save` wrote.

        Args:
            folder: Where it was saved. A missing `report.jsonl` leaves the report without
                single answers.

        Raises:
            ProjectError: When there is no report, or it or its answers are damaged.
            NewerFormatError: When a newer Handful wrote it.
            StorageError: When it may not be read.
        """
        path = folder / REPORT
        content = _read(path)
        refuse_newer(content.get("format"), path)
        try:
            outcomes = _outcomes(folder / ANSWERS, content["answers"])
            return cls(
                predictor=content["predictor"],
                classes=tuple(content["classes"]),
                modalities=tuple(content["modalities"]),
                goal=config.build(Goal, content["goal"], str(path)),
                seed=content["seed"],
                created=content["created"],
                made_by=content["made_by"],
                code=content["code"],
                cases=content["cases"]["digest"],
                n=content["cases"]["n"],
                groups=content["cases"]["groups"],
                findings=tuple(Finding.from_dict(each) for each in content["findings"]),
                outcomes=outcomes,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(path, f"{type(error).__name__}: {error}") from None


def plain_goal(goal: Goal) -> dict[str, Any]:
    """A goal as plain data, the same for goals that are the same (10 and 10.0 are).

    Args:
        goal: What answers are worth.
    """
    return config.to_dict(config.build(Goal, config.to_dict(goal)))


def _read(path: Path) -> dict[str, Any]:
    with storage("read", path):
        if not path.is_file():
            raise ProjectError(
                f'"{path.parent}" holds no report: it has no {path.name}.',
                "make one with `handful evaluate`",
            )
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise _damaged(path, "it is no report")
    return content


def _outcomes(path: Path, digest: str | None) -> tuple[Outcome, ...]:
    if digest is None or not path.is_file():
        return ()
    with storage("read", path):
        text = path.read_text(encoding="utf-8", errors="replace")
    if _digest(text) != digest:
        raise _damaged(path, "its hash is not the one that the report names")
    rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    for row in rows:
        row["modalities"] = tuple(row["modalities"])
    return tuple(Outcome(**row) for row in rows)


def _lines(outcomes: Sequence[Outcome]) -> str:
    rows = (json.dumps(jsonable(asdict(one)), ensure_ascii=False) for one in outcomes)
    return "".join(f"{row}\n" for row in rows)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _damaged(path: Path, why: str) -> ProjectError:
    return ProjectError(f'Cannot read "{path}": it is damaged ({why}).', "evaluate again")
