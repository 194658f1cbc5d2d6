"""Take folders, tables and archives into a library: strictly, step by step, again and again.

Every file looked at gets exactly one verdict, so `seen = ok + repaired + quarantined + skipped`.
Work is committed in small batches: what a progress report calls committed survives anything, and a
second run over the same source only looks at what changed. Originals are only ever read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from handful.data.library.items import Rights
from handful.data.library.library import Library
from handful.data.library.pausing import Pause
from handful.data.library.report import AddReport, Progress
from handful.data.library.sources.archive import list_archive, open_archive
from handful.data.library.sources.base import Aside, Candidate, FilePlace, Leaf, Tree, absolute
from handful.data.library.sources.columns import SPLITS, Columns, given
from handful.data.library.sources.embedded import split_of
from handful.data.library.sources.folder import list_folder, sort_out
from handful.data.library.sources.pairing import Pairing, pair
from handful.data.library.sources.table import Plan, read_table
from handful.data.library.sources.tar import ANSWER, Shard, is_tar, list_tar
from handful.data.library.splitting import place_new
from handful.data.library.taking import Config, Feed, Taking
from handful.data.modalities.sniff import kind_by_name
from handful.foundation.errors import InputError, UsageError
from handful.foundation.project.folder import FOLDERS, GOAL, SETTINGS

__all__ = ["Config", "ingest"]


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
    Pause(library.folder).forget()
    with library.writing("add", str(path)) as writer, ExitStack() as stack:
        if not path.exists():
            raise InputError(f'There is nothing at "{path}".', "check the path")
        taking = Taking(library, writer, str(path), config, annotator, on_progress, again)
        rights = Rights(licence=licence)

        def feed() -> Feed:  # not kept here: its list of files is let go before rows are counted
            shard = None if _is_table(path) else _list(path, library, stack)
            tables = _shards(shard.tree) if shard and path.is_dir() else []
            _check_options(path, shard is None or bool(tables), task, columns, media_root)
            if shard and not tables:
                found = _from_tree(path, shard, config.pairing, task, rights)
            else:
                root = Path(absolute(media_root or (path if tables else path.parent)))
                open_table = partial(
                    read_table, root=root, stack=stack, default=rights, room=library.folder
                )
                if shard:
                    found = _from_shards(path, tables, shard.tree, given(columns), open_table)
                else:
                    plan = open_table(path, given(columns))
                    found = Feed(None, plan.choices, plan.candidates)
            return found._replace(entries=_asking(found.entries, labels_from_keywords))

        report = taking.take_in(feed())
        pa.default_memory_pool().release_unused()  # the names are gone; counting comes
        said = place_new(library, writer, cache)
        return replace(report, version=library.version, choices=(*report.choices, *said))


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


def _from_tree(path: Path, shard: Shard, how: Pairing, task: str, rights: Rights) -> Feed:
    tree = shard.tree
    if not tree.leaves and not tree.asides:
        raise InputError(f'"{path}" holds no files.', "check the path")
    paired = pair(tree.leaves, how, task)
    pa.default_memory_pool().release_unused()  # sorting the names took several times their size
    told = (_told(each, rights, _answer(each.key, shard)) for each in paired.candidates)
    return Feed(len(tree.leaves) + len(tree.asides), paired.choices, chain(tree.asides, told))


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
) -> Feed:
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
    return Feed(None, [said, *plan.choices], entries())
