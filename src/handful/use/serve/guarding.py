"""A new champion on trial: the release before stays loaded, answers where the new one fails, and
takes over again when the answers show that the new one is wrong.

First the answers go to the release before, at once; then the shelf gets its line, so that every
other server follows; then it is checked that the release answers; then the incident is written.
Two releases taken back within the hour end that: a person is asked, and what fails is still
answered by the release before.
"""

from __future__ import annotations

import logging
import time
from typing import Any, NamedTuple

from handful.foundation.errors import HandfulError, ProjectError
from handful.use.release.shelf import CHAMPION, Shelf
from handful.use.serve.refusals import Refusal
from handful.use.serve.replica import Replica
from handful.use.serve.versions import Versions
from handful.use.watch.guards import Finding, Guard
from handful.use.watch.incidents import Incidents

log = logging.getLogger(__name__)


class Trial(NamedTuple):
    """A new champion and the release before.

    Attributes:
        new: Which is watched.
        old: Which answers where the new one fails.
        guard: What was found so far.
    """

    new: Replica
    old: Replica
    guard: Guard


def failed(found: Any) -> bool:
    """Whether a result is a fault of the release, and none of the item or of the time.

    Args:
        found: An answer or a refusal.
    """
    return isinstance(found, Refusal) and found.code in ("model_failed", "not_finite")


def take_back(trial: Trial, finding: Finding, versions: Versions, incidents: Incidents) -> bool:
    """Go back to the release before, if it is still the new champion that answers.

    Args:
        trial: What was watched.
        finding: What is wrong.
        versions: Which release answers.
        incidents: Where it is written down.

    Returns:
        Whether the release before answers now; False where a person is needed.
    """
    start = time.monotonic()
    hold_s = trial.guard.config.hold_s
    is_frozen = incidents.taken_back(hold_s) >= 2
    done: list[str] = []
    if not is_frozen and versions.current.digest == trial.new.digest:
        versions.current = trial.old
        done.append("the release before answers")
        try:
            _put_back(trial, finding, versions)
            done.append("the shelf says so")
            trial.old.check()
            done.append("it answered a canned query")
        except HandfulError as error:
            done.append(f"not finished: {error.what}")
    content = {
        "trigger": finding._asdict(),
        "candidate": trial.new.digest,
        "before": trial.old.digest,
        "rolled_back": bool(done),
        "done": done,
        "seconds": round(time.monotonic() - start, 3),
        "open": ["which change of data, settings or code made it so?"],
    }
    severity = "person needed" if is_frozen else "handled"
    try:
        path = incidents.write(finding.code, severity, content)
        log.error("release %s: %s See %s", trial.new.name, finding.what, path)
    except HandfulError as error:
        log.error("release %s: %s (%s)", trial.new.name, finding.what, error.what)
    return bool(done)


def _put_back(trial: Trial, finding: Finding, versions: Versions) -> None:
    from handful.use.release.promote import rollback  # reads reports, which serving never does

    place = versions.place
    shelf = Shelf(place.shelf, who="handful serve")
    if shelf.aliases().get(CHAMPION) != trial.new.digest:
        raise ProjectError("somebody else changed the champion meanwhile")
    entry = rollback(shelf, place.releases, why=finding.what, trusted=place.trusted)
    if entry.digest != trial.old.digest:
        raise ProjectError(f"the shelf went back to {entry.digest[:12]}")
