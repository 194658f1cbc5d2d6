"""What an ingest says while it goes on and when it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from handful.data.library.copies import Conflict
from handful.data.library.items import Part, Status
from handful.data.library.sources.base import Aside
from handful.data.modalities.reading import reason_of

UNCHANGED = "file/unchanged"
"""The reason of a file that need not be read again."""


class Remark(NamedTuple):
    """One thing worth saying about one file.

    Attributes:
        name: What people call it inside the source.
        reason: Stable code, such as `image/truncated`.
        verdict: `quarantine`, `repaired`, `skipped` or `note`.
        what: The sentence that follows the name.
        hint: What to do now; may be empty.
    """

    name: str
    reason: str
    verdict: str
    what: str
    hint: str


class Progress(NamedTuple):
    """How far an ingest is.

    Attributes:
        seen: Files that have their verdict.
        total: How many there are; None when a table is read as it comes.
        committed: Items that are safe on disk, whatever happens now.
        name: What was looked at last.
        seconds: Wall time since the start.
        waiting: Why it does nothing now, in words; empty while it works.
    """

    seen: int
    total: int | None
    committed: int
    name: str
    seconds: float
    waiting: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AddReport:
    """What came of an ingest.

    Attributes:
        source: The folder, table or archive, absolute.
        version: The library's version afterwards.
        seen: Files and texts that were looked at.
        ok: Of these, taken as they are.
        repaired: Of these, taken with something put right.
        quarantined: Of these, not usable until mended.
        skipped: Of these, left alone on purpose.
        items_added: New items.
        items_changed: Items that were read anew because something about them changed.
        items_unchanged: Items that were in the library already.
        labels: Statements that were added.
        reasons: Code to how many files it applies to, unchanged ones included.
        remarks: One entry for every quarantined and repaired file, every note, and every file
            skipped for another reason than being unchanged.
        choices: Sentences about what was decided: which files make an item, which column is what.
        seconds: Wall time.
        renamed: Items whose files have another name or place: what they were called, and are now.
        gone: Names of the items whose files are no longer there; kept with their labels, and left
            out until the files come back.
        conflicts: What is said of copies of what came, and contradicted by others.
        decoded_twice: Pictures of which two decoders, written apart, made the same.
        decoded_once: Pictures that one decoder made, their structure walked by our own parser.
    """

    source: str
    version: int
    seen: int
    ok: int
    repaired: int
    quarantined: int
    skipped: int
    items_added: int
    items_changed: int
    items_unchanged: int
    labels: int
    reasons: Mapping[str, int]
    remarks: tuple[Remark, ...]
    choices: tuple[str, ...]
    seconds: float
    renamed: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    decoded_twice: int = 0
    decoded_once: int = 0


class Tally:
    """Counts verdicts: one for every file looked at, so that the sums add up.

    Attributes:
        verdicts: `ok`, `repaired`, `quarantine` and `skipped` to how many files.
        reasons: Code to how many files.
        remarks: One entry for each code of each file, but for files that did not change.
        decoders: How many decoders agreed to how many usable pictures.
    """

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.remarks: list[Remark] = []
        self.decoders: Counter[int] = Counter()

    @property
    def seen(self) -> int:
        """How many files have their verdict."""
        return sum(self.verdicts.values())

    def aside(self, aside: Aside) -> None:
        """Note a file that becomes no part.

        Args:
            aside: With its reason.
        """
        code = aside.reason.reason
        self.verdicts[reason_of(code).verdict] += 1
        self._remark(aside.name, code, aside.reason.what)

    def unchanged(self, files: int) -> None:
        """Note files that were in the library already.

        Args:
            files: How many.
        """
        self.verdicts["skipped"] += files
        self.reasons[UNCHANGED] += files

    def part(self, name: str, part: Part) -> None:
        """Note a file that was read.

        Args:
            name: What people call it.
            part: What came of it.
        """
        is_bad = part.status == Status.QUARANTINED
        self.verdicts["quarantine" if is_bad else str(part.status)] += 1
        if part.modality == "image" and part.usable:
            self.decoders[int(part.meta.get("decoders", 1))] += 1
        if part.reason:
            self._remark(name, part.reason, part.detail)
        for note in part.notes:
            self._remark(name, note, reason_of(note).what)

    def _remark(self, name: str, code: str, what: str) -> None:
        reason = reason_of(code)
        self.reasons[code] += 1
        self.remarks.append(Remark(name, code, reason.verdict, what, reason.hint))
