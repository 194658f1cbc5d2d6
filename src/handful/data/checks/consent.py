"""Find items that people agreed to for a time that is over.

Use when: a table says until when consent holds (`consent_expires`); before every training.
Cost: one pass over the rows; no file is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from handful.data.checks.base import Check, Finding, Remedy, Severity, View, some
from handful.data.checks.workbench import Workbench
from handful.foundation.console import plural
from handful.foundation.errors import require

_LONG_AGO, _FAR_AHEAD = "2001-01-31", "9999-12-31"


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """On which day it is asked."""

    day: str = ""
    """As `2027-01-31`, to see what will have ended by then; today when left out."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(not self.day or _is_day(self.day), "day", self.day, "a day such as `2027-01-31`")


class Consent(Check):
    """Each item's last day of consent against a day."""

    not_covered = (
        "Only a day that the source states is seen. Whether somebody agreed, took it back, or "
        "agreed to this use is not judged; neither is anybody in an item that names no day."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Name the usable items whose consent has ended."""
        day = date.fromisoformat(self.config.day) if self.config.day else date.today()
        ended = [item for item in view.usable if item.consent.has_expired(day)]
        if not ended:
            return []
        people = sorted({name for item in ended for name in item.consent.subjects})
        last = {item.id: item.consent.expires for item in ended}
        stated = sum(bool(item.consent.expires) for item in view.usable)
        return [
            self.finding(
                f"Consent has ended for {plural(len(ended), 'item')}",
                Severity.SERIOUS,
                last,
                evidence={"people": people, "expired": last, "with_a_day": stated},
                meaning="The people in them agreed until a day that has passed, so they may no "
                "longer be used. Training leaves them out by itself; a run or a release that "
                f"learned from them earlier still knows them: {some(i.key for i in ended)}.",
                fix="Ask again and correct the day in the source, or set them aside. "
                "`handful library forget` removes a person and names what learned from them.",
                remedy=Remedy(
                    action="quarantine", items=tuple(sorted(last)), because="consent has ended"
                ),
            )
        ]

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """Two items whose day is over, beside one whose day is not and one without a day."""
        bench.item("ended-1", dice, consent_expires=_LONG_AGO, person="p1")
        bench.item("ended-2", dice, consent_expires=_LONG_AGO, person="p2")
        bench.item("holds", dice, consent_expires=_FAR_AHEAD, person="p1")
        bench.item("open", dice)
        return ["ended-1", "ended-2"]

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Items whose day lies ahead, and one without a day."""
        for place in range(3):
            bench.item(f"holds-{place}", dice, consent_expires=_FAR_AHEAD, person=f"p{place}")
        bench.item("open", dice)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
