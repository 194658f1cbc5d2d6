"""Run checks over a library: all that are found, one after the other, none stopping the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from handful.data.checks.base import Check, Embed, Finding, Fit, Severity, View
from handful.data.library.library import Library
from handful.foundation import components

ROOM = "handful.data.checks"

_log = logging.getLogger(__name__)
_ORDER = list(Severity)


class Failure(NamedTuple):
    """A check that could not do its work.

    Attributes:
        check: Its name.
        error: What it stumbled over.
    """

    check: str
    error: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckReport:
    """What all checks found.

    Attributes:
        version: The library's version they looked at.
        digest: Its row digest.
        items: How many items they looked at.
        findings: The most serious first.
        failures: Checks that could not do their work; their silence says nothing.
        seconds: Check to wall time.
    """

    version: int
    digest: str
    items: int
    findings: tuple[Finding, ...]
    failures: tuple[Failure, ...]
    seconds: Mapping[str, float]

    @property
    def is_clean(self) -> bool:
        """Whether every check did its work and none found more than a note."""
        notes = all(finding.severity == Severity.NOTE for finding in self.findings)
        return notes and not self.failures

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "version": self.version,
            "digest": self.digest,
            "items": self.items,
            "findings": [finding.as_dict() for finding in self.findings],
            "failures": [failure._asdict() for failure in self.failures],
            "seconds": dict(self.seconds),
        }


def run_checks(
    library: Library,
    names: Sequence[str] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
    cache: Path | None = None,
    embed: Embed | None = None,
    fit: Fit | None = None,
) -> CheckReport:
    """Run checks over a library.

    Args:
        library: At any version.
        names: Which checks; all that are found when left out.
        settings: Check to what its `Config` should say.
        on_progress: Told each check's name before it runs, how many are done and how many there
            are.
        cache: The project's `cache`, for what takes long to make.
        embed: Vectors for checks that want some; crude ones when left out.
        fit: A classifier for checks that want one; a crude one when left out.

    Returns:
        All findings, the most serious first.

    Raises:
        UsageError: When there is no check of a given name.
        ConfigError: When settings are wrong.
    """
    wanted = list(names) if names is not None else list(components.find(ROOM))
    checks = [make_check(name, (settings or {}).get(name)) for name in wanted]
    view = replace(View.of(library, cache, embed=embed, fit=fit), beside=tuple(wanted))
    findings: list[Finding] = []
    failures: list[Failure] = []
    seconds: dict[str, float] = {}
    for done, check in enumerate(checks):
        if on_progress:
            on_progress(check.name, done, len(checks))
        started = time.monotonic()
        try:
            findings += check.run(view)
        except Exception as error:
            _log.exception("the check %s failed", check.name)
            failures.append(Failure(check.name, f"{type(error).__name__}: {error}"))
        seconds[check.name] = time.monotonic() - started
    findings.sort(key=lambda finding: (_ORDER.index(finding.severity), finding.id))
    return CheckReport(
        version=library.version,
        digest=library.digest(),
        items=len(view.items),
        findings=tuple(findings),
        failures=tuple(failures),
        seconds=seconds,
    )


def make_check(name: str, settings: Mapping[str, Any] | None = None) -> Check:
    """Make one check.

    Args:
        name: Its name.
        settings: What its `Config` should say; defaults for the rest.

    Raises:
        UsageError: When there is no such check.
        ConfigError: When the settings are wrong.
    """
    return components.make(ROOM, name, Check, settings)
