"""Find items whose terms nobody gave, or gave in words that mean nothing exact.

Use when: before anything made from the library leaves your hands.
Cost: one pass over the rows; no file is opened.
Source: SPDX licence list and expression syntax, as the package `packaging` carries them.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from packaging.licenses import canonicalize_license_expression

from handful.data.checks.base import Check, Finding, Remedy, Severity, View, some
from handful.data.checks.evidence.terms import NOBODY_SAID, is_expression
from handful.data.checks.workbench import Workbench
from handful.data.library.items import Item

_VERSIONS = ("4.0", "3.0", "2.0", "1.0", "2.0-only", "3.0-only", "3-Clause")
_COMMON = (
    *("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-ND-4.0", "CC-BY-NC-SA-4.0"),
    *("MIT", "Apache-2.0", "BSD-3-Clause", "GPL-2.0-or-later", "GPL-3.0-or-later", "OFL-1.1"),
    *("Unlicense", "ODbL-1.0", "PDDL-1.0", "MPL-2.0", "ISC", "Unicode-3.0"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is accepted."""

    accept: tuple[str, ...] = ()
    """Words that are accepted although they are no SPDX expression, such as `our own`."""


class MissingLicence(Check):
    """Items without a licence, and items whose licence is no SPDX expression."""

    not_covered = (
        "Whether a stated licence is true, and what it allows, is not judged here; nor are rights "
        "of people who can be seen or heard."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Sort items by what their licence says."""
        missing: list[Item] = []
        unknown: dict[str, list[Item]] = defaultdict(list)
        for item in view.usable:
            licence = item.rights.licence.strip()
            if licence.lower() in ("", *NOBODY_SAID):
                missing.append(item)
            elif licence not in self.config.accept and not is_expression(licence):
                unknown[licence].append(item)
        findings = [self._about_missing(missing, len(view.usable))] if missing else []
        return findings + ([self._about_unknown(unknown)] if unknown else [])

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """One item without a licence, one that says it is not known, one with an invented one."""
        bench.item("stated-1", dice, licence="MIT OR Apache-2.0")
        bench.item("stated-2", dice)
        bench.item("silent", dice, licence="")
        bench.item("unsure", dice, licence="NOASSERTION")
        bench.item("invented", dice, licence="CC-BY-NC-5.0")
        return ["silent", "unsure", "invented"]

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Simple ids, an expression, and a licence of one's own."""
        for place, licence in enumerate(
            ("CC0-1.0", "CC-BY-SA-4.0 AND MIT", "GPL-2.0-or-later", "LicenseRef-own-work")
        ):
            bench.item(f"stated-{place}", dice, licence=licence)

    def _about_missing(self, missing: list[Item], among: int) -> Finding:
        sources = sorted({item.source for item in missing})
        return self.finding(
            f"{len(missing)} of {among} items do not say under which terms they may be used",
            Severity.WARNING,
            (item.id for item in missing),
            evidence={"missing": len(missing), "items": among, "sources": sources},
            meaning="You may be free to train on them, and nobody can tell. What is made from them "
            "cannot be published with a clear conscience.",
            fix="If the files are your own, add their source again with "
            "`--licence LicenseRef-own-work`; otherwise find out, or leave them out. "
            f"They came from {some(sources, 3)}.",
            remedy=_aside(missing),
        )

    def _about_unknown(self, unknown: dict[str, list[Item]]) -> Finding:
        count = sum(map(len, unknown.values()))
        near = {licence: suggestions(licence) for licence in unknown}
        hints = [f'"{licence}" may be {" or ".join(ids)}' for licence, ids in near.items() if ids]
        return self.finding(
            f"{count} items name a licence that is not in the SPDX list: "
            f"{some(sorted(unknown), 4)}",
            Severity.WARNING,
            (item.id for items in unknown.values() for item in items),
            evidence={
                "licences": {
                    licence: {"items": len(items), "near": near[licence]}
                    for licence, items in sorted(unknown.items())
                }
            },
            meaning="Without its version a licence says nothing exact, so what it allows and "
            "demands cannot be worked out.",
            fix=(f"{some(hints, 4)}. " if hints else "")
            + "Write the SPDX id, or `LicenseRef-…` for terms of your own, and add again.",
            remedy=_aside([item for items in unknown.values() for item in items]),
        )


def _aside(items: list[Item]) -> Remedy:
    return Remedy(
        action="quarantine",
        items=tuple(sorted(item.id for item in items)),
        because="its terms are unknown",
    )


def suggestions(licence: str) -> list[str]:
    """Known ids that a text may have meant.

    Args:
        licence: A text that is no SPDX expression.

    Returns:
        At most two ids.
    """
    wanted = "-".join(licence.replace("_", " ").split())
    versioned = [f"{wanted}-{version}" for version in _VERSIONS]
    known = [canonicalize_license_expression(name) for name in versioned if is_expression(name)]
    lower = {name.lower(): name for name in _COMMON}
    near = difflib.get_close_matches(wanted.lower(), lower, n=2, cutoff=0.7)
    return [str(name) for name in known[:2]] or [lower[name] for name in near]
