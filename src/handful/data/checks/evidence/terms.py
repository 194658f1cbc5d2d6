"""What SPDX expressions allow and demand: AND binds by all, OR leaves a choice, unknown forbids.

An expression becomes a list of alternatives. `A OR B` has one for each, of which whoever uses the
thing may choose; `A AND B` joins what both forbid and demand. An exception after WITH only gives
permissions, so it is passed over. What a licence says stands in `terms.toml`, with sources.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

USES = ("publish", "sell", "change")
"""What may be done with a thing: pass it on, take money with it, pass on a changed version."""

DUTIES = ("credit", "text", "changes", "same_terms", "source")
"""What may be demanded: name somebody, pass the terms on, say what was changed, use the same
terms for changed versions, offer the source."""

NOBODY_SAID = ("noassertion", "none", "unknown", "n/a", "na", "?")
"""What people and tools write when they do not know; the first two are SPDX's own words."""

_MOST_ALTERNATIVES = 64
_TOKEN = re.compile(r"\(|\)|[^\s()]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """One way in which a thing may be used.

    Attributes:
        forbids: Of `USES`.
        demands: Of `DUTIES`.
        families: Names of share-alike families that changed versions must belong to.
        licences: SPDX ids this follows from, sorted.
        unknown: Ids of which nobody wrote down here what they say.
    """

    forbids: frozenset[str] = frozenset()
    demands: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()
    licences: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def allows(self, uses: Collection[str]) -> bool:
        """Whether something may be done; what is unknown allows nothing.

        Args:
            uses: Of `USES`, all at once.
        """
        return not self.unknown and self.forbids.isdisjoint(uses)

    def __and__(self, other: Terms) -> Terms:
        """What binds who must keep both: the most restrictive wins."""
        return Terms(
            forbids=self.forbids | other.forbids,
            demands=self.demands | other.demands,
            families=self.families | other.families,
            licences=_merged(self.licences, other.licences),
            unknown=_merged(self.unknown, other.unknown),
        )

    @property
    def strictness(self) -> tuple[int, int, int, tuple[str, ...]]:
        """Sorts from free to strict."""
        return (len(self.unknown), len(self.forbids), len(self.demands), self.licences)


@cache
def is_expression(licence: str) -> bool:
    """Whether a text is a valid SPDX expression of known ids or `LicenseRef-...`.

    Args:
        licence: Any text.
    """
    try:
        canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        return False
    return True


def terms_of(expression: str) -> list[Terms]:
    """What an expression allows and demands.

    Args:
        expression: SPDX, ids in any case, with AND, OR, WITH, `+`, parentheses and
            `LicenseRef-...`.

    Returns:
        The alternatives one may choose from, the freest first; never empty. What is no expression,
        or says that nobody knows, is one alternative that is unknown.
    """
    text = expression.strip()
    if not text or text.lower() in NOBODY_SAID:
        return [Terms(unknown=(text or "nothing",))]
    try:
        known = str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return [Terms(unknown=(text,))]
    tokens = _TOKEN.findall(known)[::-1]
    return sorted(_any_of(tokens), key=lambda each: each.strictness)


def best_for(expression: str, uses: Collection[str]) -> Terms:
    """The alternative that allows something and demands least.

    Args:
        expression: As for `terms_of`.
        uses: Of `USES`, all at once.

    Returns:
        The freest that allows it; where none does, the freest of all.
    """
    choices = terms_of(expression)
    return next((each for each in choices if each.allows(uses)), choices[0])


def together(terms: Iterable[Terms]) -> Terms:
    """What binds a whole that is made of many things: the most restrictive of each wins.

    Args:
        terms: One of each thing.
    """
    whole = Terms()
    for each in set(terms):
        whole = whole & each
    return whole


def clashes(families: Collection[str]) -> list[tuple[str, str]]:
    """Share-alike families that cannot be one whole.

    Args:
        families: From `Terms.families`.
    """
    pairs = {frozenset(pair) for pair in _catalogue()["together"]["pairs"]}
    names = sorted(families)
    return [
        (one, other)
        for place, one in enumerate(names)
        for other in names[place + 1 :]
        if frozenset((one, other)) not in pairs
    ]


def source_of(licence: str) -> str:
    """Where it is written what a licence says; empty for an unknown one.

    Args:
        licence: One SPDX id.
    """
    entry = _entry(licence)
    return entry["source"] if entry else ""


def _any_of(tokens: list[str]) -> list[Terms]:
    """Read `A OR B OR ...`; tokens are taken from the end."""
    found = _all_of(tokens)
    while tokens and tokens[-1].upper() == "OR":
        tokens.pop()
        found = _few([*found, *_all_of(tokens)])
    return found


def _all_of(tokens: list[str]) -> list[Terms]:
    found = _one(tokens)
    while tokens and tokens[-1].upper() == "AND":
        tokens.pop()
        found = _few([one & other for one, other in product(found, _one(tokens))])
    return found


def _one(tokens: list[str]) -> list[Terms]:
    word = tokens.pop()
    if word == "(":
        found = _any_of(tokens)
        tokens.pop()
        return found
    if tokens and tokens[-1].upper() == "WITH":
        del tokens[-2:]
    return [_simple(word)]


def _few(choices: Sequence[Terms]) -> list[Terms]:
    """Without alternatives that forbid, demand and leave unknown all that another does."""
    every = sorted(set(choices), key=lambda each: each.strictness)
    kept: list[Terms] = []
    for each in every:
        if not any(
            free.forbids <= each.forbids
            and free.demands <= each.demands
            and free.families <= each.families
            and set(free.unknown) <= set(each.unknown)
            for free in kept
        ):
            kept.append(each)
    return kept[:_MOST_ALTERNATIVES]


@cache
def _simple(licence: str) -> Terms:
    entry = _entry(licence)
    if entry is None:
        return Terms(licences=(licence,), unknown=(licence,))
    family = entry.get("family", "")
    name = licence.removesuffix("+") if family == "of its own" else family
    return Terms(
        forbids=frozenset(entry.get("forbids", ())),
        demands=frozenset(entry["demands"]),
        families=frozenset((name,) if name else ()),
        licences=(licence,),
    )


def _entry(licence: str) -> Mapping[str, Any] | None:
    for name in (licence, licence.removesuffix("+")):
        for entry in _catalogue().values():
            if name in entry.get("ids", ()) or (
                "pattern" in entry and re.fullmatch(entry["pattern"], name)
            ):
                return entry
    return None


@cache
def _catalogue() -> Mapping[str, Mapping[str, Any]]:
    text = resources.files("handful.data.checks.evidence").joinpath("terms.toml").read_text("utf-8")
    return tomllib.loads(text)


def _merged(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))
