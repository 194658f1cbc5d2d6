"""Which items are meant, as conditions on the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from handful.data.library.items import Split, Status
from handful.data.library.store import is_one_of
from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import UsageError, did_you_mean


def conditions(
    ids: Iterable[str] | None,
    having: Sequence[str],
    split: Split | str | None,
    source: str | None,
    with_quarantined: bool,
) -> list[str]:
    """Turn a choice into SQL conditions that all must hold.

    Args:
        ids: Only these.
        having: Only those with all these modalities usable.
        split: Only those in this split.
        source: Only those that came from there.
        with_quarantined: Also those of which nothing can be used.

    Raises:
        UsageError: For an unknown modality or split.
    """
    found = []
    for modality in having:
        if modality not in MODALITIES:
            raise UsageError(
                f'There is no modality "{modality}".', did_you_mean(modality, MODALITIES)
            )
        found.append(_usable(modality))
    if not with_quarantined:
        found.append("(" + " OR ".join(map(_usable, MODALITIES)) + ")")
    if split is not None:
        known = [str(each) for each in Split]
        if split not in known:
            raise UsageError(f'There is no split "{split}".', did_you_mean(str(split), known))
        found.append(is_one_of("split", [str(split)]))
    if source is not None:
        found.append(is_one_of("source", [source]))
    if ids is not None:
        found.append(is_one_of("id", ids))
    return found


def _usable(modality: str) -> str:
    return is_one_of(f"{modality}_status", [Status.OK, Status.REPAIRED])
