"""A new release on trial: another one is loaded beside it, answers where the new one fails, and
takes over again when the answers show that the new one is wrong.

Two kinds: a new champion, with the champion before it; and a challenger, with the champion, which
answers only its share. First the answers go to the other release, at once; then the shelf gets its
line, so that every other server follows; then that release answers its golden set; then the
incident is written. Two releases taken back within the hour end that: a person is asked, what fails
is still answered by the other release, and a challenger gets no items any more.
"""

from __future__ import annotations

import logging
import time
from typing import Any, NamedTuple

from handful.foundation.errors import HandfulError, ProjectError
from handful.use.release.shelf import CHALLENGER, CHAMPION, Shelf
from handful.use.serve.refusals import Refusal
from handful.use.serve.replica import Replica
from handful.use.serve.versions import Versions
from handful.use.watch.guards import Finding, Guard
from handful.use.watch.incidents import Incidents
from handful.use.watch.stages import Stages

log = logging.getLogger(__name__)

_AUTOMATIC = 2
"""Releases taken back by themselves within the window, after which a person is asked."""


class Trial(NamedTuple):
    """A new release and the one that answers where it fails.

    Attributes:
        new: Which is watched.
        old: Which answers where the new one fails.
        guard: What was found so far.
        stages: How far a challenger has come; None for a new champion.
    """

    new: Replica
    old: Replica
    guard: Guard
    stages: Stages | None = None


def failed(found: Any) -> bool:
    """Whether a result is a fault of the release, and none of the item or of the time.

    Args:
        found: An answer or a refusal.
    """
    return isinstance(found, Refusal) and found.code in ("model_failed", "not_finite")


def is_frozen(incidents: Incidents, hold_s: float) -> bool:
    """Whether so many releases were taken back lately that a person is asked first.

    Args:
        incidents: Of the project.
        hold_s: Seconds that count as lately.
    """
    return incidents.taken_back(hold_s) >= _AUTOMATIC


def take_back(trial: Trial, finding: Finding, versions: Versions, incidents: Incidents) -> bool:
    """Go back to the other release, if it is still the new one that is tried.

    Args:
        trial: What was watched.
        finding: What is wrong.
        versions: Which release answers.
        incidents: Where it is written down.

    Returns:
        Whether the other release answers now; False where a person is needed.
    """
    start = time.monotonic()
    frozen = is_frozen(incidents, trial.guard.config.hold_s)
    done: list[str] = []
    if trial.stages:
        # To give a challenger no more items needs nobody's leave.
        trial.stages.is_held = True
        done.append("the champion answers everything")
    elif not frozen and versions.current.digest == trial.new.digest:
        versions.current = trial.old
        done.append("the release before answers")
    if done and not frozen:
        try:
            _put_back(trial, finding, versions)
            done.append("the shelf says so")
            trial.old.check()
            done.append("it answered a canned query")
            count = trial.old.check_golden()
            done.append(f"it answered its golden set of {count} as it did")
        except HandfulError as error:
            done.append(f"not finished: {error.what}")
    content = {
        "trigger": finding._asdict(),
        "stage": trial.stages.standing._asdict() if trial.stages else {"stage": "champion"},
        "candidate": trial.new.digest,
        "before": trial.old.digest,
        "rolled_back": bool(done) and not frozen,
        "done": done,
        "seconds": round(time.monotonic() - start, 3),
        "open": ["which change of data, settings or code made it so?"],
    }
    _write(incidents, finding, "person needed" if frozen else "handled", content, trial.new.name)
    return bool(done) and not frozen


def make_champion(trial: Trial, versions: Versions) -> str:
    """Make a challenger that came through its trial the champion.

    Args:
        trial: With its stages.
        versions: Follows the shelf, and so changes who answers.

    Returns:
        Empty, or why it could not be done.
    """
    assert trial.stages
    standing = trial.stages.standing
    evidence = (
        f"canary: {standing.answers} answers, sure as often: {standing.signal}, "
        f"{trial.guard.share:.1%} of {standing.compared} differ"
    )
    try:
        shelf = Shelf(versions.place.shelf, who="handful serve")
        _require_tried(shelf, trial)
        shelf.put(trial.new.digest, CHAMPION, "came through its trial", evidence=evidence)
    except HandfulError as error:
        return error.what
    versions.look()
    return ""


def hold(trial: Trial, incidents: Incidents) -> None:
    """Write down that nothing could be shown of a challenger, which gets no items any more.

    Args:
        trial: With its stages.
        incidents: Where it is written down.
    """
    assert trial.stages
    guard, standing = trial.guard, trial.stages.standing
    said = (
        f"After {standing.answers} answers it is not shown that it is no worse "
        f"({standing.signal}; {guard.share:.0%} of {guard.compared} answers differ)."
    )
    finding = Finding("inconclusive", said, guard.compared, guard.differing, guard.failed)
    content = {
        "trigger": finding._asdict(),
        "stage": standing._asdict(),
        "candidate": trial.new.digest,
        "before": trial.old.digest,
        "rolled_back": False,
        "done": ["the champion answers everything"],
        "open": ["promote it all the same, or put another challenger on the shelf?"],
    }
    _write(incidents, finding, "person needed", content, trial.new.name)


def _write(
    incidents: Incidents, finding: Finding, severity: str, content: dict[str, Any], name: str
) -> None:
    try:
        path = incidents.write(finding.code, severity, content)
        log.error("release %s: %s See %s", name, finding.what, path)
    except HandfulError as error:
        log.error("release %s: %s (%s)", name, finding.what, error.what)


def _require_tried(shelf: Shelf, trial: Trial) -> None:
    aliases = shelf.aliases()
    is_same = aliases.get(CHALLENGER) == trial.new.digest
    if not is_same or aliases.get(CHAMPION) != trial.old.digest:
        raise ProjectError("somebody else changed the shelf meanwhile")


def _put_back(trial: Trial, finding: Finding, versions: Versions) -> None:
    from handful.use.release.promote import rollback  # reads reports, which serving never does

    place = versions.place
    shelf = Shelf(place.shelf, who="handful serve")
    if trial.stages:
        _require_tried(shelf, trial)
        shelf.put(trial.old.digest, CHALLENGER, finding.what, evidence="taken back")
        versions.look_at_challenger()
        return
    if shelf.aliases().get(CHAMPION) != trial.new.digest:
        raise ProjectError("somebody else changed the champion meanwhile")
    entry = rollback(shelf, place.releases, why=finding.what, trusted=place.trusted)
    if entry.digest != trial.old.digest:
        raise ProjectError(f"the shelf went back to {entry.digest[:12]}")
