"""Work out what the licences of all items allow and demand together: the strictest of each wins.

Use when: before a library, a model or its answers leave your hands; `--gate` then says no.
Cost: one pass over the rows; no file is opened.
Source: SPDX licence expressions 3.0; obligations as in `terms.toml`, which names their sources.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from handful.data.checks.base import Check, Finding, Remedy, Severity, View, some
from handful.data.checks.evidence.terms import (
    NOBODY_SAID,
    USES,
    Terms,
    best_for,
    clashes,
    is_expression,
    source_of,
    together,
)
from handful.data.checks.workbench import Workbench
from handful.data.library.items import Item
from handful.foundation.console import plural
from handful.foundation.errors import require
from handful.foundation.wording import listed

_IN_WORDS = {
    "publish": "published",
    "sell": "used for money",
    "change": "passed on in changed form",
    "credit": "name whom the licences say",
    "text": "pass their texts or addresses on",
    "changes": "say what was changed",
    "same_terms": "put changed versions under the same terms",
    "source": "offer the source",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What you want to do with what is made from the library."""

    uses: tuple[str, ...] = ("publish",)
    """Of `publish`, `sell` and `change`; what forbids another use is only noted."""

    def __post_init__(self) -> None:
        """Check the rules."""
        ok = bool(self.uses) and set(self.uses) <= set(USES)
        require(ok, "uses", list(self.uses), "some of `publish`, `sell` and `change`")


class Licences(Check):
    """Items that may not be used as wanted, terms that clash, and credit that nobody can give."""

    not_covered = (
        "Whether a stated licence is true is not judged, nor rights in what is shown: people, "
        "brands, buildings. Whether a model is a changed version of what it learned from is "
        "disputed; this is no legal advice."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Read every item's expression, and say what binds the whole."""
        by_terms: dict[str, list[Item]] = defaultdict(list)
        for item in view.usable:
            by_terms[item.rights.licence.strip()].append(item)
        chosen = {said: best_for(said, self.config.uses) for said in by_terms}
        is_told = "missing_licence" in view.beside
        untold = {said: each for said, each in by_terms.items() if not (is_told and _vague(said))}
        findings = [
            self._about_unknown(untold, chosen),
            *(self._about_forbidden(use, by_terms, chosen) for use in USES),
            self._about_clash(by_terms, chosen),
            self._about_credit(by_terms, chosen),
            self._about_duties(by_terms, chosen),
        ]
        return [finding for finding in findings if finding]

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """Unknown terms, one that forbids money, two that clash, and one that nobody credits."""
        said = {
            "free": "CC0-1.0",
            "odd": "LicenseRef-somebody-said",
            "unpaid": "CC-BY-NC-4.0",
            "alike": "CC-BY-SA-4.0",
            "other": "ODbL-1.0",
            "uncredited": "CC-BY-4.0 AND MIT",
        }
        for key, licence in said.items():
            bench.item(key, dice, licence=licence)
        return ["odd", "unpaid", "alike", "other", "uncredited"]

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Terms that demand nothing, or leave a choice that demands nothing."""
        for place, licence in enumerate(
            ("CC0-1.0", "LicenseRef-own-work", "CC-BY-NC-4.0 OR CC0-1.0", "MIT-0 AND Unlicense")
        ):
            bench.item(f"free-{place}", dice, licence=licence)

    def _about_unknown(
        self, by_terms: dict[str, list[Item]], chosen: dict[str, Terms]
    ) -> Finding | None:
        bad = {said: items for said, items in by_terms.items() if chosen[said].unknown}
        if not bad:
            return None
        items = _items(bad)
        counts = {said or "not stated": len(each) for said, each in sorted(bad.items())}
        return self.finding(
            f"{plural(len(items), 'item')} may not be published, because their terms are unknown",
            Severity.WARNING if "publish" in self.config.uses else Severity.NOTE,
            (item.id for item in items),
            evidence={"licences": counts},
            meaning="What is unknown counts as forbidden. A library, a model or an answer that "
            f"contains them cannot be published with a clear conscience: {some(counts, 4)}.",
            fix="Find out and add their source again with `--licence`, or set them aside.",
            remedy=Remedy(
                action="quarantine",
                items=tuple(sorted(item.id for item in items)),
                because="its terms are unknown",
            ),
        )

    def _about_forbidden(
        self, use: str, by_terms: dict[str, list[Item]], chosen: dict[str, Terms]
    ) -> Finding | None:
        bad = {said: items for said, items in by_terms.items() if use in chosen[said].forbids}
        if not bad:
            return None
        items = _items(bad)
        is_wanted = use in self.config.uses
        return self.finding(
            f"{plural(len(items), 'item')} may not be {_IN_WORDS[use]}: {some(sorted(bad), 4)}",
            Severity.WARNING if is_wanted else Severity.NOTE,
            (item.id for item in items),
            evidence={
                "licences": {said: len(each) for said, each in sorted(bad.items())},
                "sources": _sources(chosen[said] for said in bad),
            },
            meaning=f"The whole is bound by its strictest part, so nothing that contains them may "
            f"be {_IN_WORDS[use]}.",
            fix="Set them aside before you do so, or ask the holders."
            if is_wanted
            else f"Nothing, as long as you do not want that. Ask with `--use {use}` to be sure.",
            remedy=Remedy(
                action="quarantine",
                items=tuple(sorted(item.id for item in items)),
                because=f"may not be {_IN_WORDS[use]}",
            )
            if is_wanted
            else None,
        )

    def _about_clash(
        self, by_terms: dict[str, list[Item]], chosen: dict[str, Terms]
    ) -> Finding | None:
        whole = together(chosen.values())
        bad = clashes(whole.families)
        if not bad:
            return None
        names = {name for pair in bad for name in pair}
        items = _items(
            {said: each for said, each in by_terms.items() if chosen[said].families & names}
        )
        pairs = [f"{one} with {other}" for one, other in bad]
        return self.finding(
            f"Terms that each want the whole for themselves: {some(pairs, 3)}",
            Severity.WARNING if "change" in self.config.uses else Severity.NOTE,
            (item.id for item in items),
            evidence={"clashes": [list(pair) for pair in bad]},
            meaning="A changed version of things under both must be under each of them, which "
            "cannot be. Side by side, each under its own terms, they may be passed on.",
            fix="Keep them apart when you pass changed versions on.",
        )

    def _about_credit(
        self, by_terms: dict[str, list[Item]], chosen: dict[str, Terms]
    ) -> Finding | None:
        wanting = [
            item
            for said, items in by_terms.items()
            if "credit" in chosen[said].demands
            for item in items
            if not (item.rights.attribution or item.rights.holder)
        ]
        if not wanting:
            return None
        return self.finding(
            f"{plural(len(wanting), 'item')} must be credited, and nobody is named",
            Severity.WARNING if "publish" in self.config.uses else Severity.NOTE,
            (item.id for item in wanting),
            evidence={
                "licences": dict(Counter(item.rights.licence for item in wanting).most_common())
            },
            meaning="Their licences allow much on the condition that somebody is named. Without a "
            f"name the condition cannot be kept. First: {some((item.key for item in wanting), 3)}.",
            fix="Add their table again with a column for the holder or the attribution.",
        )

    def _about_duties(
        self, by_terms: dict[str, list[Item]], chosen: dict[str, Terms]
    ) -> Finding | None:
        bound = {said: each for said, each in by_terms.items() if chosen[said].demands}
        if not bound:
            return None
        whole = together(chosen[said] for said in bound)
        duties = [_IN_WORDS[duty] for duty in _IN_WORDS if duty in whole.demands]
        items = _items(bound)
        return self.finding(
            f"Whoever passes this on has {plural(len(duties), 'duty', 'duties')} "
            f"({plural(len(items), 'item')})",
            Severity.NOTE,
            (item.id for item in items),
            evidence={
                "duties": sorted(whole.demands),
                "licences": {said: len(each) for said, each in sorted(bound.items())},
                "sources": _sources([whole]),
            },
            meaning=f"You must {listed(duties)}.",
            fix="`handful library notice` writes the text that names everybody.",
        )


def _vague(said: str) -> bool:
    return said.lower() in ("", *NOBODY_SAID) or not is_expression(said)


def _items(by_terms: dict[str, list[Item]]) -> list[Item]:
    return [item for items in by_terms.values() for item in items]


def _sources(terms: Iterable[Terms]) -> dict[str, str]:
    names = sorted({licence for each in terms for licence in each.licences})
    return {name: source_of(name) for name in names}
