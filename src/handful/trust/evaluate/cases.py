"""Cases: items whose truth is known and that took no part in the learning."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handful.foundation.errors import UsageError
from handful.foundation.predictor import Query

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Case:
    """One question with its right answer."""

    id: str
    """Names the item; two reports are paired by it."""
    query: Query
    """What the predictor is given: modality to path, bytes or decoded value."""
    truth: str
    """The class it really is."""
    group: str | None = None
    """What it must not be torn from: speaker, author, batch, burst; None when it stands alone."""


def check_cases(cases: Sequence[Case]) -> None:
    """Refuse cases that no report can be made from.

    Args:
        cases: What is to be asked.

    Raises:
        UsageError: When there are none, an id stands twice, or a query or a truth is empty.
    """
    if not cases:
        raise UsageError(
            "There are no cases to evaluate on.", "label some items that training does not see"
        )
    twice = [name for name, count in Counter(case.id for case in cases).items() if count > 1]
    if twice:
        raise UsageError(
            f"Every case needs an id of its own, and {len(twice)} ids stand more than once: "
            f"{listed(twice)}.",
            "give the items ids that differ",
        )
    empty = [case.id for case in cases if not case.query]
    if empty:
        raise UsageError(
            f"A case must hold at least one modality, and {len(empty)} hold none: {listed(empty)}.",
            "leave these cases out",
        )
    without = [case.id for case in cases if not case.truth]
    if without:
        raise UsageError(
            f"The truth of every case must be known, and {len(without)} have none: "
            f"{listed(without)}.",
            "label them, or leave them out",
        )


def group_labels(ids: Sequence[str], groups: Sequence[str | None]) -> list[str] | None:
    """One group label per case, for statistics that count groups rather than rows.

    Args:
        ids: N ids of cases.
        groups: Their N groups.

    Returns:
        N labels; a case without a group gets one of its own. None when no case has a group.
    """
    if all(group is None for group in groups):
        return None
    return [
        f"alone:{name}" if group is None else f"group:{group}"
        for name, group in zip(ids, groups, strict=True)
    ]


def digest_of(cases: Sequence[Case]) -> str:
    """Hash of which cases were asked and what their truth is; what they hold is not read.

    Args:
        cases: N cases, in any order.

    Returns:
        64 hexadecimal digits (SHA-256).
    """
    ordered = sorted(cases, key=lambda case: case.id)
    rows = [[case.id, case.truth, case.group] for case in ordered]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


def listed(names: Iterable[str]) -> str:
    """The first few names of a list, and how many more there are.

    Args:
        names: Such as the ids of cases.
    """
    every = list(names)
    shown = ", ".join(f'"{name}"' for name in every[:_SHOWN])
    return shown + (f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else "")
