"""Put a release to use, when the evaluation lets it pass, and take it back in one step.

Every step is one line of the shelf: who, when, why, and what it rests on. What is in use is read
off the lines, so a kill leaves either the old state or the new one, and going back needs no copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from handful.foundation.errors import FindingError, UsageError
from handful.foundation.goal import Goal
from handful.numerics.stats.base import Verdict
from handful.trust.evaluate.compare import compare
from handful.trust.evaluate.judgement import Judgement
from handful.use.release.bundle import Release, open_release
from handful.use.release.finding import find_release
from handful.use.release.shelf import CHALLENGER, CHAMPION, Entry, Shelf
from handful.use.release.signature import require_signed

_BACK = "rollback from "


@dataclass(frozen=True, kw_only=True, slots=True)
class Promoted:
    """What was put to use, and on what grounds."""

    entry: Entry
    """The line of the shelf."""
    verdict: Verdict
    """PASS, or what was overruled with a reason."""
    meaning: tuple[str, ...]
    """The grounds, in whole sentences."""
    judgement: Judgement | None
    """The comparison with the champion; None where there was nothing to compare with."""


def promote(
    name: str,
    releases: Path,
    shelf: Shelf,
    goal: Goal,
    *,
    why: str = "",
    anyway: bool = False,
    gradually: bool = False,
    trusted: str | None = None,
    margin: float = 0.01,
) -> Promoted:
    """Make a release the champion, if its evaluation beside the champion's lets it pass.

    Args:
        name: An alias, or the first digits of its digest.
        releases: The project's `releases`.
        shelf: The project's shelf.
        goal: What answers are worth.
        why: The reason, kept in the log; needed with `anyway`.
        anyway: Promote although the verdict is FAIL or CANNOT TELL; the log says so.
        gradually: Make it the challenger: a running server tries it beside the champion, on a
            growing share of items, and makes it champion when nothing speaks against it.
        trusted: The public key that must have signed it; None asks for no signature.
        margin: Loss that is accepted, as further mistakes per item.

    Returns:
        What was done, and on what grounds.

    Raises:
        UsageError: When there is no such release, it is the champion already, or `anyway` came
            without a reason.
        ProjectError: When it was altered, or not signed as it must be.
        FindingError: When the verdict is FAIL or CANNOT TELL; nothing changed.
        BusyError: When another process is changing the shelf.
        StorageError: When the disk refuses; the champion is then the one it was.
    """
    if anyway and not why.strip():
        raise UsageError(
            "Overruling the verdict needs a reason, which the log keeps.",
            'handful promote RELEASE --anyway --why "what makes it right"',
        )
    new = open_release(find_release(releases, shelf.find(name)))
    if trusted is not None:
        require_signed(new.folder, new.digest, trusted)
    champion = shelf.aliases().get(CHAMPION)
    if champion == new.digest:
        raise UsageError(f'The release "{new.digest[:12]}" is the champion already.')
    if gradually and champion is None:
        raise UsageError(
            "There is no champion to try it beside.", "leave out --gradually for the first one"
        )
    judgement, verdict, meaning = _judge(champion, new, releases, goal, margin)
    if verdict != Verdict.PASS and not anyway:
        raise FindingError(
            " ".join(meaning) + " Nothing was changed.",
            'evaluate on more held-back items, or overrule it: --anyway --why "REASON"',
        )
    evidence = f"{verdict}: {_evidence(new, champion, judgement)}"
    if verdict != Verdict.PASS:
        evidence = f"overruled {evidence}"
    alias = CHALLENGER if gradually else CHAMPION
    entry = shelf.put(new.digest, alias, why or meaning[0], evidence=evidence)
    return Promoted(entry=entry, verdict=verdict, meaning=meaning, judgement=judgement)


def rollback(shelf: Shelf, releases: Path, *, why: str = "", trusted: str | None = None) -> Entry:
    """Make the release champion that was it before the one in use.

    Said again, it goes one champion further back, never to one that was rolled back.

    Args:
        shelf: The project's shelf.
        releases: The project's `releases`.
        why: The reason, kept in the log.
        trusted: The public key that must have signed it; None asks for no signature.

    Returns:
        The line of the shelf.

    Raises:
        UsageError: When there is no earlier champion.
        ProjectError: When the earlier release is gone or altered, or not signed as it must be.
        BusyError: When another process is changing the shelf.
        StorageError: When the disk refuses; the champion is then the one it was.
    """
    line = champions(shelf.history())
    if len(line) < 2:
        raise UsageError(
            "There is no earlier champion to go back to.",
            "handful promote RELEASE puts another one to use; handful shelf lists them",
        )
    now, before = line[-1], line[-2]
    release = open_release(find_release(releases, before))
    if trusted is not None:
        require_signed(release.folder, release.digest, trusted)
    return shelf.put(before, CHAMPION, why or f"back from {now[:12]}", evidence=f"{_BACK}{now}")


def champions(history: list[Entry]) -> list[str]:
    """The champions that led to the one in use, oldest first, without those rolled back.

    Args:
        history: Every event of the shelf.
    """
    line: list[str] = []
    for entry in history:
        if entry.what != "alias" or entry.alias != CHAMPION:
            continue
        if entry.evidence.startswith(_BACK) and line[-2:-1] == [entry.digest]:
            line.pop()
        else:
            line.append(entry.digest)
    return line


def _judge(
    champion: str | None, new: Release, releases: Path, goal: Goal, margin: float
) -> tuple[Judgement | None, Verdict, tuple[str, ...]]:
    """The comparison, what follows from it, and why."""
    if champion is None:
        return None, Verdict.PASS, ("PASS: there is no champion yet, so there is nothing to lose.",)
    old = open_release(find_release(releases, champion))
    reports = {release.digest: release.report() for release in (old, new)}
    before, after = reports[old.digest], reports[new.digest]
    if before is None or after is None:
        without = [digest[:12] for digest, report in reports.items() if report is None]
        said = (
            f"CANNOT TELL: {' and '.join(without)} {'was' if len(without) == 1 else 'were'} "
            "released without an evaluation, so there is nothing to compare."
        )
        return None, Verdict.CANNOT_TELL, (said,)
    if old.about["labels"] != new.about["labels"]:
        said = f'FAIL: it answers "{new.about["labels"]}", the champion "{old.about["labels"]}".'
        return None, Verdict.FAIL, (said,)
    try:
        found = compare(before, after, goal, margin=margin)
    except UsageError as error:
        return None, Verdict.CANNOT_TELL, (f"CANNOT TELL: {error.what}",)
    return found, found.verdict, found.meaning


def _evidence(new: Release, champion: str | None, judgement: Judgement | None) -> str:
    if champion is None:
        return "first champion"
    if judgement is None:
        return f"no comparison with {champion[:12]}"
    report = new.report()
    assert report is not None  # a judgement rests on two reports
    return f"report {report.id} against {champion[:12]} on {judgement.n} cases"
