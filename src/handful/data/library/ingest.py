"""Take folders, tables and archives into a library: strictly, step by step, again and again.

Every file looked at gets exactly one verdict, so `seen = ok + repaired + quarantined + skipped`.
Work is committed in small batches: what a progress report calls committed survives anything, and a
second run over the same source only looks at what changed. Originals are only ever read.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from handful.data.library import keywords
from handful.data.library.copies import conflicts_with, telling
from handful.data.library.examine import Limits, examine
from handful.data.library.holding import still_held
from handful.data.library.items import Item, Label, LabelKind, Part, Rights
from handful.data.library.library import Library
from handful.data.library.locks import GIVEN, let_in
from handful.data.library.report import AddReport, Progress, Tally
from handful.data.library.returning import Returning
from handful.data.library.rows import LabelRow
from handful.data.library.sources.archive import list_archive, open_archive
from handful.data.library.sources.base import Aside, Candidate, FilePlace, Leaf, Tree, absolute
from handful.data.library.sources.columns import SPLITS, Columns, given
from handful.data.library.sources.embedded import split_of
from handful.data.library.sources.folder import list_folder, sort_out
from handful.data.library.sources.pairing import Pairing, pair
from handful.data.library.sources.table import Plan, read_table
from handful.data.library.sources.tar import ANSWER, Shard, is_tar, list_tar
from handful.data.library.splitting import place_new
from handful.data.library.writer import Writer
from handful.data.modalities.reading import Unreadable, reason_of
from handful.data.modalities.sniff import kind_by_name
from handful.foundation.errors import InputError, UsageError, require
from handful.foundation.project.folder import FOLDERS, GOAL, SETTINGS


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How a source is taken in."""

    limits: Limits = field(default_factory=Limits)
    """What is accepted as text, image and sound."""
    pairing: Pairing = "auto"
    """Which files make one item; see `sources/pairing.py`."""
    batch_items: int = 256
    """At most so many items wait to be committed."""
    batch_s: float = 2.0
    """At most so long; what is interrupted later loses no more than this."""
    threads: int = 0
    """How many files are decoded side by side; 0 for one per core, at most 8."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.batch_items >= 1, "batch_items", self.batch_items, "1 or more")
        require(self.batch_s >= 0, "batch_s", self.batch_s, "0 or more")
        require(0 <= self.threads <= 64, "threads", self.threads, "in [0, 64]")


def ingest(
    library: Library,
    source: Path,
    *,
    labels_from_folders: bool | str = False,
    labels_from_keywords: str = "",
    columns: Columns | Mapping[str, Any] | None = None,
    licence: str = "",
    annotator: str = "import",
    media_root: Path | None = None,
    again: bool = False,
    cache: Path | None = None,
    config: Config | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> AddReport:
    """Take a source into a library.

    Args:
        library: Where to.
        source: A folder, a table (CSV, TSV, JSONL, Parquet), a ZIP or TAR archive, a WebDataset
            shard, or a single file.
        labels_from_folders: Take the name of the folder a file lies in as its answer; a text names
            the task, True calls it `folder`.
        labels_from_keywords: Take the keywords that a photo program wrote into a picture (IPTC or
            XMP) as answers; see `keywords`. The text names the task of keywords that name none.
        columns: For tables: role to column, such as `{"image": "photo", "labels": ["grade"]}`.
            Roles left out are found by content. See `Columns`.
        licence: Terms of everything that does not say its own.
        annotator: Who the labels in the source are from.
        media_root: For tables: the folder that relative paths start from; the table's own when
            left out. No path may leave it.
        again: Take in what was forgotten as well; left out otherwise.
        cache: The project's `cache`, where what tells copies is kept; only a library that was
            split needs it, because its new items are placed at once.
        config: Batches, threads, limits.
        on_progress: Called after each item and each commit, from this thread.

    Returns:
        The counts, which add up, and one remark for each file that needs one.

    Raises:
        InputError: When there is nothing at `source`, or nothing in it.
        UsageError: When a named column is not there, or an option does not fit the source.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; what was committed stays, and running again resumes.
    """
    config = config or Config()
    path = Path(absolute(source))
    task = "folder" if labels_from_folders is True else labels_from_folders or ""
    with library.writing("add", str(path)) as writer, ExitStack() as stack:
        if not path.exists():
            raise InputError(f'There is nothing at "{path}".', "check the path")
        rights = Rights(licence=licence)
        shard = None if _is_table(path) else _list(path, library, stack)
        tables = _shards(shard.tree) if shard and path.is_dir() else []
        _check_options(path, shard is None or bool(tables), task, columns, media_root)
        if shard and not tables:
            feed = _from_tree(path, shard, config.pairing, task, rights)
        else:
            root = Path(absolute(media_root or (path if tables else path.parent)))
            open_table = partial(read_table, root=root, stack=stack, default=rights)
            if shard:
                feed = _from_shards(path, tables, shard.tree, given(columns), open_table)
            else:
                plan = open_table(path, given(columns))
                feed = _Feed(None, plan.choices, plan.candidates)
        feed = feed._replace(entries=_asking(feed.entries, labels_from_keywords))
        run = _Run(library, writer, str(path), config, annotator, on_progress, again)
        report = run.take_in(feed)
        said = place_new(library, writer, cache)
        return replace(report, version=library.version, choices=(*report.choices, *said))


class _Feed(NamedTuple):
    """A source ready to be read: how many files, what was decided, and what is in it."""

    total: int | None
    choices: list[str]
    entries: Iterable[Candidate | Aside]


def _check_options(
    path: Path, is_table: bool, task: str, columns: object, media_root: Path | None
) -> None:
    if is_table and task:
        raise UsageError(
            f'"{path.name}" is a table, and labels come from its columns.',
            'name them, such as columns={"labels": ["grade"]}',
        )
    if not is_table and (columns or media_root):
        raise UsageError(
            f'"{path.name}" is no table, so it has no columns and no paths in it.',
            "leave these options out",
        )


def _is_table(path: Path) -> bool:
    return kind_by_name(path.name) == "table" and path.is_file()


def _list(path: Path, library: Library, stack: ExitStack) -> Shard:
    if path.is_dir():
        return Shard(list_folder(path, _own_places(library.folder)), {})
    if is_tar(path):
        return list_tar(path, stack, library.folder)
    if kind_by_name(path.name) == "archive":
        archive = stack.enter_context(open_archive(path))
        return Shard(list_archive(archive, str(path)), {})
    found = sort_out(path.name, FilePlace(path.name, str(path)))
    return Shard(Tree([found], []) if isinstance(found, Leaf) else Tree([], [found]), {})


def _own_places(library: Path) -> list[Path]:
    """The project's own files, should its folder lie inside the source."""
    library = library.resolve()
    project = library.parent
    if not (project / SETTINGS).exists():
        return [library]
    return [library, *(project / name for name in (*FOLDERS, SETTINGS, GOAL, "shelf.jsonl"))]


def _from_tree(path: Path, shard: Shard, how: Pairing, task: str, rights: Rights) -> _Feed:
    tree = shard.tree
    if not tree.leaves and not tree.asides:
        raise InputError(f'"{path}" holds no files.', "check the path")
    paired = pair(tree.leaves, how, task)
    candidates = [_told(each, rights, _answer(each.key, shard)) for each in paired.candidates]
    return _Feed(len(tree.leaves) + len(tree.asides), paired.choices, [*tree.asides, *candidates])


def _told(candidate: Candidate, rights: Rights, answer: Mapping[str, str]) -> Candidate:
    """A candidate with what its source says of it; most say nothing, and there are many."""
    if rights == Rights() and not answer:
        return candidate
    return replace(candidate, rights=rights, labels={**answer, **candidate.labels})


def _answer(key: str, shard: Shard) -> dict[str, str]:
    return {ANSWER: shard.answers[key]} if key in shard.answers else {}


def _asking(entries: Iterable[Candidate | Aside], task: str) -> Iterable[Candidate | Aside]:
    """Candidates that know which task their keywords answer."""
    if not task:
        return entries
    return (
        entry if isinstance(entry, Aside) else replace(entry, keyword_task=task)
        for entry in entries
    )


def _shards(tree: Tree) -> list[str]:
    """The Parquet files of a folder that holds nothing else to read: a dataset in pieces."""
    if tree.leaves:
        return []
    tables = [aside.name for aside in tree.asides if aside.reason.reason == "file/table"]
    return sorted(name for name in tables if name.lower().endswith(".parquet"))


def _from_shards(
    path: Path,
    tables: Sequence[str],
    tree: Tree,
    columns: Columns,
    open_table: Callable[[Path, Columns], Plan],
) -> _Feed:
    """All tables of a dataset one after another; what the first one's columns are for, all are."""
    plan = open_table(path / tables[0], columns)

    def entries() -> Iterator[Candidate | Aside]:
        yield from (aside for aside in tree.asides if aside.name not in tables)
        for name in tables:
            split = split_of(name, SPLITS)
            for each in open_table(path / name, plan.columns).candidates:
                if isinstance(each, Aside):
                    yield each._replace(name=f"{name}: {each.name}")
                else:
                    yield replace(each, key=f"{name}: {each.key}", split=each.split or split)

    said = f"{len(tables)} tables were read as one dataset"
    return _Feed(None, [said, *plan.choices], entries())


class _Known(NamedTuple):
    """What the library knows of an item, as far as needed to see whether it changed."""

    item: Item
    looks: frozenset[tuple[str, str, int, str]]


class _Taken(NamedTuple):
    """A candidate with its parts; none when nothing about it changed."""

    candidate: Candidate
    known: Item | None
    parts: dict[str, Part] | None


class _Run:
    """One ingest: reads, counts, commits."""

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
        self._known = self._load_known()
        self._met = Returning(library, writer, str(source), again)
        self._tally = Tally()
        self._items: Counter[str] = Counter()
        self._labels = 0
        self._committed = 0
        self._added: list[Item] = []
        self._changed: list[Item] = []
        self._said: list[LabelRow] = []
        self._contents: set[str] = set()
        self._started = self._last_commit = time.monotonic()
        self._total: int | None = None

    def take_in(self, feed: _Feed) -> AddReport:
        self._total = feed.total
        try:
            with closing(self._read_all(self._let_in(feed.entries))) as stream:
                for taken in stream:
                    if isinstance(taken, Aside):
                        self._tally.aside(taken)
                        self._tell(taken.name)
                    else:
                        self._note_item(taken)
                    self._commit_when_due()
        except (KeyboardInterrupt, InputError):
            self._commit()  # what was read is kept
            raise
        if not self._tally.seen:
            raise InputError(f'"{self._source}" holds nothing to read.', "check the path")
        self._mark_gone()
        self._commit()
        self._met.clear()
        return self._report(feed.choices)

    def _load_known(self) -> dict[str, _Known]:
        known = {}
        items = self._library.items(source=self._source, with_quarantined=True)
        for item in sorted(items, key=lambda item: item.usable):  # of one name, what is in use
            looks = frozenset(
                (part.modality, part.origin, part.size, part.stamp) for part in item.parts.values()
            )
            known[item.key] = _Known(item, looks)
        return known

    def _let_in(self, entries: Iterable[Candidate | Aside]) -> Iterator[Candidate | Aside]:
        """What locked splits refuse is set aside, and said."""
        for entry in entries:
            known = None if isinstance(entry, Aside) else self._known.get(entry.key)
            yield from let_in(entry, known.item if known else None, self._library.card.locked)

    def _read_all(self, entries: Iterable[Candidate | Aside]) -> Generator[_Taken | Aside]:
        """Decode several items side by side, in order, with a bounded number on the way."""
        threads = self._config.threads or min(os.cpu_count() or 1, 8)
        waiting: deque[Future[_Taken] | Aside] = deque()
        with ThreadPoolExecutor(threads, thread_name_prefix="read") as pool:
            try:
                for entry in entries:
                    is_aside = isinstance(entry, Aside)
                    waiting.append(entry if is_aside else pool.submit(self._take, entry))
                    if len(waiting) > 4 * threads:
                        yield _result(waiting.popleft())
                while waiting:
                    yield _result(waiting.popleft())
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _take(self, candidate: Candidate) -> _Taken:
        """Read one candidate's pieces, unless nothing about it changed. Runs in a thread."""
        known = self._known.get(candidate.key)
        if known is None and self._met.is_unwanted(candidate.key):
            return _Taken(candidate, None, None)
        if known and _is_same(candidate, known):
            return _Taken(candidate, known.item, None)
        media, limits = self._library.media, self._config.limits
        parts = {piece.modality: examine(piece, limits, media) for piece in candidate.pieces}
        if "image" in parts:
            parts["image"] = keywords.noted(parts["image"], candidate.keyword_task)
        return _Taken(candidate, known.item if known else None, parts)

    def _note_item(self, taken: _Taken) -> None:
        candidate, known, parts = taken
        self._met.see(candidate.key)
        if parts is not None:
            known = self._met.known_as(candidate.key, known, parts)
        if known is None and (parts is None or self._met.was_forgotten(candidate.key, parts)):
            for piece in candidate.pieces:
                self._tally.aside(Aside(piece.name or candidate.key, Unreadable("item/forgotten")))
        elif parts is None:
            self._tally.unchanged(len(candidate.pieces))
            self._items["unchanged"] += 1
        else:
            for piece in candidate.pieces:
                self._tally.part(piece.name or candidate.key, parts[piece.modality])
            parts = still_held(parts, known)
            if known and known.parts == parts and self._says_same(candidate, known):
                self._items["unchanged"] += 1  # looked at again, such as a file without rights
            else:
                self._put(candidate, known, parts)
        self._tell(candidate.key)

    def _put(self, candidate: Candidate, known: Item | None, parts: dict[str, Part]) -> None:
        """Line an item up for the next commit."""
        # What was said of it under another name still holds where nothing is said now.
        is_silent = self._is_renamed(candidate, known) and candidate.rights == Rights()
        self._contents.update(telling(parts))
        item = Item(
            id=known.id if known else self._writer.fresh_id(),
            key=candidate.key,
            source=self._source,
            parts=parts,
            group=candidate.group or (known.group if known else ""),
            split=candidate.split or (known.split if known else None),
            split_reason=known.split_reason if known else "",
            rights=known.rights if known and is_silent else candidate.rights,
            created=known.created if known else datetime.now(UTC),
            revision=known.revision + 1 if known else 0,
            declared_sha256=candidate.declared_sha256,
        )
        if candidate.split:
            item = replace(item, split_reason=GIVEN)
        said = keywords.answers(parts.get("image"), candidate.keyword_task)
        labels = self._new_labels(candidate, {**said, **candidate.labels}, known)
        self._labels += len(labels)
        if known:
            self._changed.append(item)
            self._said += [LabelRow(item.id, label) for label in labels]
            self._items["changed"] += 1
        else:
            self._added.append(replace(item, labels=tuple(labels)))
            self._items["added"] += 1

    def _new_labels(
        self, candidate: Candidate, given: Mapping[str, str], known: Item | None
    ) -> list[Label]:
        """Only what the source did not say before; what it no longer says is taken back.

        Under another name, or where the source says what it always said, nothing is taken back.
        """
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
        return _declares_same(candidate, known) and not self._is_renamed(candidate, known)

    def _is_renamed(self, candidate: Candidate, known: Item | None) -> bool:
        names = (self._source, candidate.key)
        return known is not None and (known.source, known.key) != names

    def _mark_gone(self) -> None:
        """Mark the items of this source whose files are no longer there; nothing is dropped."""
        gone = self._met.gone(known.item for known in self._known.values())
        self._changed += gone

    def _tell(self, name: str) -> None:
        if self._on_progress:
            seconds = time.monotonic() - self._started
            seen = self._tally.seen
            self._on_progress(Progress(seen, self._total, self._committed, name, seconds))

    def _commit_when_due(self) -> None:
        waiting = len(self._added) + len(self._changed)
        late = time.monotonic() - self._last_commit >= self._config.batch_s
        if waiting >= self._config.batch_items or (waiting and late):
            self._commit()

    def _commit(self) -> None:
        count = len(self._added) + len(self._changed)
        self._writer.commit(self._added, changed=self._changed, labels=self._said)
        self._committed += count
        self._added, self._changed, self._said = [], [], []
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
            gone=tuple(self._met.lost),
            conflicts=tuple(conflicts_with(self._library, self._contents)),
            choices=tuple(choices),
            seconds=time.monotonic() - self._started,
        )


def _result(entry: Future[_Taken] | Aside) -> _Taken | Aside:
    return entry if isinstance(entry, Aside) else entry.result()


def _is_same(candidate: Candidate, known: _Known) -> bool:
    """Whether a source says the same of an item as before, and its files look the same."""
    if not _declares_same(candidate, known.item):
        return False
    if any(part.reason and reason_of(part.reason).again for part in known.item.parts.values()):
        return False
    looks = set()
    for piece in candidate.pieces:
        try:
            size, stamp = piece.place.look() if piece.place else (0, "")
        except Unreadable:
            return False
        origin = piece.place.origin if piece.place else piece.name
        looks.add((piece.modality, origin, size, stamp))
    return looks == known.looks


def _declares_same(candidate: Candidate, item: Item) -> bool:
    return candidate.declared_sha256 == item.declared_sha256
