"""One ingest at work: looks at a source's entries, reads what changed, commits, counts.

Entries go to the threads in handfuls that take a twentieth of a second, because handing over one
small file costs as much as reading it. What is looked at comes back in its order.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple

from handful.data.library import keywords
from handful.data.library.copies import conflicts_with, telling
from handful.data.library.examine import Limits, examine
from handful.data.library.holding import still_held
from handful.data.library.items import Item, Label, LabelKind, Part, Rights
from handful.data.library.known import Known
from handful.data.library.library import Library
from handful.data.library.locks import GIVEN, in_place, is_refused
from handful.data.library.pausing import Pause
from handful.data.library.report import AddReport, Progress, Tally
from handful.data.library.returning import Returning, is_copied
from handful.data.library.rows import LabelRow
from handful.data.library.sources.base import Aside, Candidate
from handful.data.library.sources.pairing import Pairing
from handful.data.library.thumbnails import Thumbnails
from handful.data.library.writer import Writer
from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import InputError, require
from handful.foundation.hardware import go_last, look_at_battery

PAUSED = "paused"
"""What an add says that was asked to wait."""

_LOOK_S = 0.2
_BATTERY_S = 20.0
_HANDFUL_S = 0.05
_MOST_AT_ONCE = 64
_MOST_BYTES = 4_000_000
_MOST_CHARACTERS = 20_000_000
"""Texts that wait to be committed; everything else that waits is small."""

Entry = Candidate | Aside


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How a source is taken in."""

    limits: Limits = field(default_factory=Limits)
    """What is accepted as text, image and sound."""
    pairing: Pairing = "auto"
    """Which files make one item; see `sources/pairing.py`."""
    batch_items: int = 2048
    """At most so many items wait to be committed."""
    batch_s: float = 2.0
    """At most so long; what is interrupted later loses no more than this."""
    threads: int = 0
    """How many files are decoded side by side; 0 for one per core, at most 8."""
    gentle: bool = False
    """Let everything else go first: one thread, low priority, and no work on a low battery."""
    copy: bool = False
    """Keep the bytes of everything in the library, so that the source may go."""
    battery_percent: int = 30
    """What counts as low; without a battery, or where the system does not say, nothing does."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.batch_items >= 1, "batch_items", self.batch_items, "1 or more")
        require(self.batch_s >= 0, "batch_s", self.batch_s, "0 or more")
        require(0 <= self.threads <= 64, "threads", self.threads, "in [0, 64]")
        allowed = 0 <= self.battery_percent <= 100
        require(allowed, "battery_percent", self.battery_percent, "in [0, 100]")


class Feed(NamedTuple):
    """A source ready to be read.

    Attributes:
        total: How many files there are; None when a table is read as it comes.
        choices: Sentences about what was decided.
        entries: What is in it.
    """

    total: int | None
    choices: list[str]
    entries: Iterable[Entry]


class _Taken(NamedTuple):
    """A candidate as far as it had to be looked at.

    Attributes:
        candidate: Of the source.
        known: The item that had its name; read only when something about it changed.
        parts: What was read; None when nothing was.
        thumbnails: Content to its small form.
        is_same: Whether nothing about it changed; otherwise what was not read was forgotten.
        lost: Items that had the same content, and whose files look otherwise now.
    """

    candidate: Candidate
    known: Item | None = None
    parts: dict[str, Part] | None = None
    thumbnails: Mapping[str, bytes] = {}
    is_same: bool = False
    lost: Sequence[Item] = ()


class Taking:
    """One ingest: reads, counts, commits.

    Args:
        library: Where to.
        writer: Holds its lock.
        source: The folder, table or archive, as items name it.
        config: Batches, threads, limits.
        annotator: Who the labels in the source are from.
        on_progress: Called after each item and each commit.
        again: Whether what was forgotten is wanted.
    """

    def __init__(
        self,
        library: Library,
        writer: Writer,
        source: str,
        config: Config,
        annotator: str,
        on_progress: Callable[[Progress], None] | None,
        again: bool,
    ) -> None:
        self._library = library
        self._writer = writer
        self._source = source
        self._config = config
        self._annotator = annotator
        self._on_progress = on_progress
        self._thumbnails = Thumbnails(library.folder)
        self._pause = Pause(library.folder)
        self._power = _Power(config.battery_percent) if config.gentle else None
        self._looked = 0.0
        self._known = Known(library, source, copy=config.copy)
        self._met = Returning(library, writer, source, again)
        self._tally = Tally()
        self._items: Counter[str] = Counter()
        self._labels = 0
        self._committed = 0
        self._added: list[Item] = []
        self._changed: list[Item] = []
        self._said: list[LabelRow] = []
        self._made: dict[str, bytes] = {}
        self._contents: set[str] = set()
        self._characters = 0
        self._started = self._last_commit = time.monotonic()
        self._total: int | None = None

    def take_in(self, feed: Feed) -> AddReport:
        """Read everything there is.

        Args:
            feed: The source.

        Raises:
            InputError: When there is nothing in it.
            StorageError: When the disk refuses; what was committed stays.
        """
        self._total = feed.total
        try:
            with closing(self._read_all(feed.entries)) as stream:
                for taken in stream:
                    if isinstance(taken, Aside):
                        self._tally.aside(taken)
                        self._tell(taken.name)
                    else:
                        self._note_item(taken)
                    self._commit_when_due()
                    self._wait_when_asked()
        except (KeyboardInterrupt, InputError):
            self._commit()  # what was read is kept
            raise
        if not self._tally.seen:
            raise InputError(f'"{self._source}" holds nothing to read.', "check the path")
        for item in self._met.gone(self._known.unseen()):  # marked; nothing is dropped
            self._changed.append(item)
            self._commit_when_due()
        self._commit()
        self._met.clear()
        return self._report(feed.choices)

    def _read_all(self, entries: Iterable[Entry]) -> Generator[_Taken | Aside]:
        """Decode several handfuls side by side, in order, with a bounded number on the way."""
        threads = self._config.threads or min(os.cpu_count() or 1, 8)
        threads, first = (1, go_last) if self._config.gentle else (threads, None)
        pace = _Pace()
        if threads == 1 and first is None:  # a second thread would only pass the turn to and fro
            for handful in pace.cut(entries):
                yield from pace.heed(self._take(handful))
            return
        waiting: deque[Future[_Read]] = deque()
        with ThreadPoolExecutor(threads, "read", first) as pool:
            try:
                for handful in pace.cut(entries):
                    waiting.append(pool.submit(self._take, handful))
                    if len(waiting) > 2 * threads:
                        yield from pace.heed(waiting.popleft().result())
                while waiting:
                    yield from pace.heed(waiting.popleft().result())
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _take(self, handful: list[Entry]) -> _Read:
        """Read the candidates that changed. Runs in a thread."""
        start = time.perf_counter()
        candidates = [entry for entry in handful if not isinstance(entry, Aside)]
        found = self._known.find(candidates)
        changed = [each.row for each in found if each.row >= 0 and not each.is_same]
        items = self._known.items(changed)
        known = iter(found)
        taken: list[_Taken | Aside] = []
        for entry in handful:
            if isinstance(entry, Aside):
                taken.append(entry)
                continue
            row, is_same = next(known)
            if is_same:
                taken.append(_Taken(entry, is_same=True))
            elif row < 0 and self._met.is_unwanted(entry.key):
                taken.append(_Taken(entry))
            else:
                taken.append(self._read(entry, items.get(row)))
        return _Read(self._with_lost(taken), time.perf_counter() - start)

    def _with_lost(self, taken: list[_Taken | Aside]) -> list[_Taken | Aside]:
        read = [each.parts for each in taken if isinstance(each, _Taken) and each.parts]
        lost = iter(self._met.lost(read) if read else [])
        return [
            each._replace(lost=next(lost)) if isinstance(each, _Taken) and each.parts else each
            for each in taken
        ]

    def _read(self, candidate: Candidate, known: Item | None) -> _Taken:
        parts: dict[str, Part] = {}
        thumbnails: dict[str, bytes] = {}
        copy = self._config.copy or (known is not None and is_copied(known))
        for piece in candidate.pieces:
            part, thumbnail = examine(piece, self._config.limits, self._library.media, copy=copy)
            parts[piece.modality] = part
            if thumbnail is not None:
                thumbnails[part.content_sha256] = thumbnail
        if "image" in parts:
            parts["image"] = keywords.noted(parts["image"], candidate.keyword_task)
        return _Taken(candidate, known, parts, thumbnails)

    def _note_item(self, taken: _Taken) -> None:
        candidate, known, parts = taken.candidate, taken.known, taken.parts
        if taken.is_same:
            self._tally.unchanged(len(candidate.pieces))
            self._items["unchanged"] += 1
        elif parts is None:
            self._leave_out(candidate, Unreadable("item/forgotten"))
        else:
            known = self._met.known_as(candidate.key, known, parts, taken.lost)
            if known is None and self._met.was_forgotten(candidate.key, parts):
                self._leave_out(candidate, Unreadable("item/forgotten"))
            elif is_refused(candidate, known, self._library.card.locked):
                self._met.leave_out(parts)
                self._leave_out(candidate, Unreadable("split/locked", split=str(candidate.split)))
            else:
                self._note_parts(candidate, known, parts)
                self._made.update(taken.thumbnails)
        self._tell(candidate.key)

    def _leave_out(self, candidate: Candidate, why: Unreadable) -> None:
        for piece in candidate.pieces:
            self._tally.aside(Aside(piece.name or candidate.key, why))

    def _note_parts(self, candidate: Candidate, known: Item | None, parts: dict[str, Part]) -> None:
        for piece in candidate.pieces:
            self._tally.part(piece.name or candidate.key, parts[piece.modality])
        candidate = in_place(candidate, known, self._library.card.locked)
        parts = still_held(parts, known)
        if known and known.parts == parts and self._says_same(candidate, known):
            self._items["unchanged"] += 1  # looked at again, such as a file without rights
        else:
            self._put(candidate, known, parts)

    def _put(self, candidate: Candidate, known: Item | None, parts: dict[str, Part]) -> None:
        """Line an item up for the next commit."""
        # What was said of it under another name still holds where nothing is said now.
        is_silent = self._is_renamed(candidate, known) and candidate.rights == Rights()
        item = Item(
            id=known.id if known else self._writer.fresh_id(),
            key=candidate.key,
            source=self._source,
            parts=parts,
            group=candidate.group or (known.group if known else ""),
            split=candidate.split or (known.split if known else None),
            split_reason=GIVEN if candidate.split else (known.split_reason if known else ""),
            rights=known.rights if known and is_silent else candidate.rights,
            consent=known.consent if known and is_silent else candidate.consent,
            lineage=known.lineage if known and is_silent else candidate.lineage,
            created=known.created if known else datetime.now(UTC),
            revision=known.revision + 1 if known else 0,
            declared_sha256=candidate.declared_sha256,
        )
        said = keywords.answers(parts.get("image"), candidate.keyword_task)
        labels = self._new_labels(candidate, {**said, **candidate.labels}, known)
        self._labels += len(labels)
        if labels or item.group or item.split or item.rights.licence or (known and known.labels):
            self._contents.update(telling(parts))  # who says nothing contradicts nobody
        self._characters += sum(map(len, item.words.values()))
        if known:
            self._changed.append(item)
            self._said += [LabelRow(item.id, label) for label in labels]
            self._items["changed"] += 1
        else:
            self._added.append(replace(item, labels=tuple(labels)) if labels else item)
            self._items["added"] += 1

    def _new_labels(
        self, candidate: Candidate, given: Mapping[str, str], known: Item | None
    ) -> list[Label]:
        """Only what the source did not say before; what it no longer says is taken back.

        Under another name, or where the source says what it always said, nothing is taken back.
        """
        if not given and not (known and known.labels):
            return []
        said = {
            label.task: label.value
            for label in (known.labels if known else ())
            if label.kind == LabelKind.IMPORT
            and label.annotator == self._annotator
            and label.value is not None
            and not label.superseded
        }
        is_known = known is not None and self._says_same(candidate, known)
        if self._is_renamed(candidate, known) or (is_known and not candidate.keyword_task):
            said = {task: value for task, value in said.items() if task in given}
        answers: dict[str, str | None] = {**dict.fromkeys(said), **given}
        now, kind = datetime.now(UTC), LabelKind.IMPORT
        return [
            Label(task=task, value=value, annotator=self._annotator, kind=kind, time=now)
            for task, value in answers.items()
            if said.get(task) != value
        ]

    def _says_same(self, candidate: Candidate, known: Item) -> bool:
        says = candidate.declared_sha256 == known.declared_sha256
        return says and not self._is_renamed(candidate, known)

    def _is_renamed(self, candidate: Candidate, known: Item | None) -> bool:
        names = (self._source, candidate.key)
        return known is not None and (known.source, known.key) != names

    def _tell(self, name: str, waiting: str = "") -> None:
        if self._on_progress:
            seconds = time.monotonic() - self._started
            seen = self._tally.seen
            progress = Progress(seen, self._total, self._committed, name, seconds, waiting)
            self._on_progress(progress)

    def _commit_when_due(self) -> None:
        waiting = len(self._added) + len(self._changed)
        if not waiting:
            return
        late = time.monotonic() - self._last_commit >= self._config.batch_s
        full = waiting >= self._config.batch_items or self._characters >= _MOST_CHARACTERS
        if full or late:
            self._commit()

    def _wait_when_asked(self) -> None:
        """Stand still while somebody or the battery asks for it; what was read is safe then."""
        now = time.monotonic()
        if now - self._looked < _LOOK_S:
            return
        self._looked = now
        while why := self._reason_to_wait():
            self._commit()
            self._tell("", why)
            time.sleep(_LOOK_S)

    def _reason_to_wait(self) -> str:
        if self._pause.is_asked:
            return PAUSED
        return self._power.reason_to_wait() if self._power else ""

    def _commit(self) -> None:
        count = len(self._added) + len(self._changed)
        self._thumbnails.put(self._made)
        self._library.media.flush()
        self._writer.commit(self._added, changed=self._changed, labels=self._said)
        self._committed += count
        self._added, self._changed, self._said = [], [], []
        self._made, self._characters = {}, 0
        self._last_commit = time.monotonic()
        if count:
            self._tell("")

    def _report(self, choices: list[str]) -> AddReport:
        verdicts = self._tally.verdicts
        return AddReport(
            source=self._source,
            version=self._library.version,
            seen=self._tally.seen,
            ok=verdicts["ok"],
            repaired=verdicts["repaired"],
            quarantined=verdicts["quarantine"],
            skipped=verdicts["skipped"],
            items_added=self._items["added"],
            items_changed=self._items["changed"],
            items_unchanged=self._items["unchanged"],
            labels=self._labels,
            reasons=dict(sorted(self._tally.reasons.items())),
            remarks=tuple(self._tally.remarks),
            renamed=tuple(self._met.renames),
            gone=tuple(self._met.missing),
            conflicts=tuple(conflicts_with(self._library, self._contents)),
            choices=tuple(choices),
            seconds=time.monotonic() - self._started,
            decoded_twice=self._tally.decoders[2],
            decoded_once=self._tally.decoders[1],
        )


class _Read(NamedTuple):
    """A handful that was read, and how long that took."""

    taken: list[_Taken | Aside]
    seconds: float


class _Power:
    """Asks the battery now and then."""

    def __init__(self, least: int) -> None:
        self._least = least
        self._asked_s = -_BATTERY_S
        self._why = ""

    def reason_to_wait(self) -> str:
        if time.monotonic() - self._asked_s >= _BATTERY_S:
            self._asked_s = time.monotonic()
            battery = look_at_battery()
            is_low = battery and battery.is_in_use and battery.percent < self._least
            self._why = f"the battery is at {battery.percent} %" if battery and is_low else ""
        return self._why


class _Pace:
    """Decides how many entries go to a thread at once: as many as take a twentieth of a second."""

    def __init__(self) -> None:
        self._count = 1

    def cut(self, entries: Iterable[Entry]) -> Iterator[list[Entry]]:
        """Take entries in handfuls; those that hold their bytes in memory in smaller ones."""
        handful: list[Entry] = []
        held = 0
        for entry in entries:
            handful.append(entry)
            held += 0 if isinstance(entry, Aside) else _held(entry)
            if len(handful) >= self._count or held >= _MOST_BYTES:
                yield handful
                handful, held = [], 0
        if handful:
            yield handful

    def heed(self, read: _Read) -> list[_Taken | Aside]:
        """Learn from how long a handful took; at most double at a time."""
        wanted = int(len(read.taken) * _HANDFUL_S / max(read.seconds, 1e-6))
        self._count = max(1, min(wanted, 2 * self._count, _MOST_AT_ONCE))
        return read.taken


def _held(candidate: Candidate) -> int:
    return sum(piece.place.held for piece in candidate.pieces if piece.place)
