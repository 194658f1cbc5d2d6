"""`handful promote`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker


def promote(
    release: str,
    *,
    why: str = "",
    anyway: bool = False,
    gradually: bool = False,
    margin: float = 0.01,
    project: Path | None = None,
) -> None:
    """Put a release to use, if it is proven to be no worse than the one in use.

    Both were evaluated on held-back items; they are compared by the goal, item by item. PASS: a
    loss is ruled out. FAIL: a loss is proven. CANNOT TELL: there were too few items, and the
    smallest loss they would have shown is named. Only PASS changes anything.

    Args:
        release: The first digits of its digest.
        why: The reason, kept in the log.
        anyway: Promote although the verdict is not PASS; needs --why, and the log says so.
        gradually: Let a running server try it beside the champion first: unseen, then for 1, 5, 25
            and 50 % of items; it makes it champion, or takes it back.
        margin: Loss that is accepted, as further mistakes per item; 0.01 is one in a hundred.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    done = shop.promote(release, why, anyway=anyway, gradually=gradually, margin=margin)
    for line in done.meaning:
        console.sentence(line)
    overruled = "" if done.verdict == "PASS" else f" {done.verdict} was overruled."
    called = "tried beside the champion wherever it is served" if gradually else "the champion"
    console.done(
        f"Release {done.entry.digest[:12]} is {called}.{overruled}",
        record=shop.shelf,
        next_step="handful shelf" if gradually else "handful rollback takes it back",
        digest=done.entry.digest,
        before=done.entry.previous,
        verdict=str(done.verdict),
        evidence=done.entry.evidence,
    )
