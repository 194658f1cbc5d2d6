"""Read a table that lists items: CSV, TSV, JSONL or Parquet.

Paths in it are taken from the table's own folder, or from the ZIP and TAR archives that lie beside
it. A row that cannot be read is named with its line and left out; the others go on.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from handful.data.library.items import Consent, Lineage, Rights
from handful.data.library.sources.archive import list_archive, open_archive
from handful.data.library.sources.base import Aside, Candidate, FilePlace, Leaf, Piece, Place
from handful.data.library.sources.columns import (
    SAMPLE,
    SPLITS,
    Columns,
    Row,
    as_text,
    find_roles,
    is_blank,
    language_of,
)
from handful.data.library.sources.embedded import (
    Embedded,
    EmbeddedPlace,
    class_names,
    file_of,
    is_file,
    named,
)
from handful.data.library.sources.tar import is_tar, list_tar
from handful.data.modalities import caps
from handful.data.modalities.reading import Unreadable
from handful.data.modalities.sniff import kind_by_name
from handful.data.modalities.text.plain import decode
from handful.foundation.errors import InputError

MOST_BYTES = caps.TABLE_BYTES
"""Largest CSV or JSONL that is read; larger ones are better kept as Parquet."""

_ROWS = 64
"""Rows of a Parquet that are in memory at once; each may hold a picture."""

_MOST_SAMPLED = 100_000_000

_SEPARATORS = ",;\t|"


class Line(NamedTuple):
    """One row with the line of the file it ends on, for messages."""

    number: int
    row: Row


class Plan(NamedTuple):
    """A table that is ready to be read.

    Attributes:
        columns: What each column is for.
        choices: The same in sentences.
        candidates: One per row; rows that cannot be used come as asides.
    """

    columns: Columns
    choices: list[str]
    candidates: Iterator[Candidate | Aside]


def read_table(
    path: Path, columns: Columns, root: Path, stack: ExitStack, default: Rights, room: Path
) -> Plan:
    """Prepare to read a table.

    Args:
        path: The table.
        columns: What the caller decided about its columns.
        root: The folder that relative paths start from and that no path may leave.
        stack: Keeps archives open until their members are read.
        default: Terms of rows that give none.
        room: A folder of ours, where a compressed TAR is unpacked into a file without a name.

    Raises:
        InputError: When it cannot be read as a table, or holds nothing to read.
        UsageError: When the caller names a column that is not there.
    """
    files = _Files(root, stack, room)
    sample = _sample(path)
    columns = find_roles(sample, columns, lambda text: files.find(text) is not None, path.name)
    if not (columns.image or columns.audio or columns.text):
        names = list(dict.fromkeys(name for row in sample for name in row))
        raise InputError(
            f'"{path}" has no column of image paths, sound paths or text; its columns are '
            + (", ".join(names[:12]) or "none")
            + ".",
            'say which one it is, such as columns={"text": "note"}',
        )
    names = list(dict.fromkeys(name for row in sample for name in row))
    reader = _Reader(columns, files, default)
    return Plan(columns, columns.sentences(names), map(reader.candidate, lines(path)))


def _sample(path: Path) -> list[Row]:
    """The first rows; fewer where they hold whole files."""
    rows: list[Row] = []
    held = 0
    for each in islice(lines(path), SAMPLE):
        if isinstance(each, Line):
            rows.append(each.row)
            held += sum(len(cell.data) for cell in each.row.values() if isinstance(cell, Embedded))
        if held > _MOST_SAMPLED:
            break
    return rows


def lines(path: Path) -> Iterator[Line | Aside]:
    """Read the rows of a table.

    Args:
        path: By its ending `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.parquet`.

    Yields:
        Rows with nested values flattened to dotted names, and asides for what cannot be read.

    Raises:
        InputError: When the file as a whole cannot be read.
    """
    ending = path.suffix.lower()
    if ending == ".parquet":
        return _parquet_lines(path)
    text = _text(path)
    return _json_lines(text) if ending in (".jsonl", ".ndjson") else _csv_lines(text, path)


class _Files:
    """Finds the files a table names: in its folder, or in archives that lie there."""

    def __init__(self, root: Path, stack: ExitStack, room: Path) -> None:
        self._root = root
        self._stack = stack
        self._room = room
        self._members: Mapping[str, Place] | None = None

    def find(self, text: str) -> Place | None:
        """The place a path names; None when there is nothing there."""
        try:
            return self.place(text)
        except Unreadable:
            return None

    def place(self, text: str) -> Place:
        """The place a path names.

        Raises:
            Unreadable: When there is nothing there, or it lies outside.
        """
        if isinstance(text, Embedded):
            return EmbeddedPlace(text)
        name = text.strip().replace("\\", "/")
        try:
            path = (self._root / name).resolve()
            exists = path.exists()
        except (OSError, ValueError, RuntimeError) as error:  # too long, NUL inside, a circle
            raise Unreadable("file/missing") from error
        if not path.is_relative_to(self._root):
            raise Unreadable("file/outside")
        if exists:
            return FilePlace(name, str(path))
        member = self._in_archives().get(str(PurePosixPath(name)))
        if member is None:
            raise Unreadable("file/missing")
        return member

    def _in_archives(self) -> Mapping[str, Place]:
        """Opened when the first path is not found on disk."""
        if self._members is None:
            members: dict[str, Place] = {}
            for path in sorted(self._root.iterdir()):
                for leaf in self._leaves(path):
                    members.setdefault(str(PurePosixPath(leaf.name)), leaf.place)
            self._members = members
        return self._members

    def _leaves(self, path: Path) -> Sequence[Leaf]:
        """The files in an archive; none when it is something else."""
        if path.suffix.lower() == ".zip" and path.is_file():
            archive = self._stack.enter_context(open_archive(path))
            return list_archive(archive, str(path)).leaves
        if is_tar(path) and path.is_file():
            return list_tar(path, self._stack, self._room).tree.leaves
        return []


class _Reader:
    """Makes a candidate of a row."""

    def __init__(self, columns: Columns, files: _Files, default: Rights) -> None:
        self._columns = columns
        self._files = files
        self._default = default
        self._keys: set[str] = set()

    def candidate(self, line: Line | Aside) -> Candidate | Aside:
        if isinstance(line, Aside):
            return line
        row, columns = line.row, self._columns
        pieces = [
            piece
            for modality, names in (("image", columns.image), ("audio", columns.audio))
            if (piece := self._media(modality, names or (), row))
        ]
        text = self._text(columns.text or (), row)
        pieces += [text] if text else []
        if not pieces:
            return Aside(f"line {line.number}", Unreadable("table/empty_row", line=line.number))
        try:
            expires = _day(row, columns.consent_expires)
        except ValueError:
            told = f"`{columns.consent_expires}` is no day such as 2027-01-31"
            return _bad_row(line.number, told)
        return Candidate(
            key=self._key(line, pieces),
            pieces=tuple(pieces),
            labels={
                name: as_text(row[name])
                for name in columns.labels or ()
                if not is_blank(row.get(name))
            },
            group=_cell(row, columns.group),
            split=SPLITS.get(_cell(row, columns.split).lower()),
            rights=Rights(
                licence=_cell(row, columns.licence) or self._default.licence,
                evidence=_cell(row, columns.evidence) or self._default.evidence,
                holder=_cell(row, columns.holder) or self._default.holder,
                attribution=_cell(row, columns.attribution) or self._default.attribution,
            ),
            consent=Consent(
                subjects=_several(row, columns.person),
                basis=_cell(row, columns.consent_basis),
                scope=_cell(row, columns.consent_scope),
                expires=expires,
            ),
            lineage=Lineage(
                parents=_several(row, columns.parents), operation=_cell(row, columns.operation)
            ),
        )

    def _key(self, line: Line, pieces: Sequence[Piece]) -> str:
        """The row's id, else its first file's name, else its line; made unique by the line."""
        first = next((piece.name for piece in pieces if piece.place or piece.fault), "")
        key = _cell(line.row, self._columns.id) or first or f"line {line.number}"
        if key in self._keys:
            key = f"{key} (line {line.number})"
        self._keys.add(key)
        return key

    def _media(self, modality: str, names: Sequence[str], row: Row) -> Piece | None:
        value = next((row[name] for name in names if not is_blank(row.get(name))), None)
        if value is None:
            return None
        return self._file(modality, value if isinstance(value, str) else str(value))

    def _file(self, modality: str, text: str) -> Piece:
        try:
            return Piece(modality=modality, name=str(text), place=self._files.place(text))
        except Unreadable as fault:
            return Piece(modality=modality, name=text, fault=fault)

    def _text(self, names: Sequence[str], row: Row) -> Piece | None:
        """Words by language; a single cell that names a text file stands for the file."""
        cells = {name: str(row[name]) for name in names if not is_blank(row.get(name))}
        if len(cells) == 1:
            (only,) = cells.values()
            # A CSV is a table, unless a row says that it is this item's text.
            is_file = kind_by_name(only) == "text" or only.lower().endswith((".csv", ".tsv"))
            if is_file and "\n" not in only and self._files.find(only):
                return self._file("text", only)
        words: dict[str, str] = {}
        for name, text in cells.items():
            language = language_of(name, names)
            words[language] = f"{words[language]}\n{text}" if language in words else text
        return Piece(modality="text", name=", ".join(cells), words=words) if words else None


def _cell(row: Row, name: str | None) -> str:
    value = row.get(name) if name else None
    return "" if is_blank(value) else as_text(value)


def _several(row: Row, name: str | None) -> tuple[str, ...]:
    return tuple(word for each in _cell(row, name).split(";") if (word := each.strip()))


def _day(row: Row, name: str | None) -> str:
    told = _cell(row, name)
    return date.fromisoformat(told[:10]).isoformat() if told else ""


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(
                f'"{path}" has {size} bytes, and tables up to {MOST_BYTES} are read.',
                "write it as Parquet, or split it",
            )
        return decode(path.read_bytes())[0]
    except OSError as error:
        raise InputError(f'Cannot read "{path}": {error.strerror}.', "check the path") from error
    except Unreadable as error:
        raise error.about(str(path)) from error


def _json_lines(text: str) -> Iterator[Line | Aside]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield _bad_row(number, str(error).split(":")[0])
            continue
        if isinstance(entry, dict):
            yield Line(number, dict(_flat(entry)))
        else:
            yield _bad_row(number, "it is no object")


def _csv_lines(text: str, path: Path) -> Iterator[Line | Aside]:
    csv.field_size_limit(max(csv.field_size_limit(), 1 << 27))  # the default refuses long notes
    reader = csv.reader(io.StringIO(text, newline=""), _dialect(text, path), strict=True)
    header: list[str] | None = None
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _bad_row(reader.line_num, str(error))
            continue
        if header is None:
            header = _header(fields, path)
        elif len(fields) == len(header):
            yield Line(reader.line_num, dict(zip(header, fields, strict=True)))
        elif any(field.strip() for field in fields):
            facts = {"line": reader.line_num, "found": len(fields), "expected": len(header)}
            yield Aside(f"line {reader.line_num}", Unreadable("table/row_length", **facts))


def _dialect(text: str, path: Path) -> type[csv.Dialect]:
    """The separator is the one that the first line has most of, outside of quotes."""
    first = text.partition("\n")[0]
    outside = "".join(first.split('"')[::2])
    counts = {separator: outside.count(separator) for separator in _SEPARATORS}
    best = "\t" if path.suffix.lower() == ".tsv" else max(counts, key=lambda each: counts[each])

    class Dialect(csv.excel):
        delimiter = best

    return Dialect


def _header(fields: Sequence[str], path: Path) -> list[str]:
    names = [field.strip() or f"column {place}" for place, field in enumerate(fields, start=1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f'"{path}" has more than one column named "{twice[0]}".', "give each its own name"
        )
    return names


def _parquet_lines(path: Path) -> Iterator[Line | Aside]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            number, names = 0, class_names(file.schema_arrow.metadata)
            for batch in file.iter_batches(batch_size=_ROWS):
                for entry in batch.to_pylist():
                    number += 1
                    row = dict(_flat(entry, where=f"{path}!row {number}"))
                    for name in row.keys() & names.keys():
                        row[name] = named(row[name], names[name])
                    yield Line(number, row)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f'Cannot read "{path}" as Parquet: {str(error).splitlines()[0].rstrip(".")}.',
            "write or copy it again",
        ) from error


def _flat(
    entry: Mapping[str, Any], prefix: str = "", depth: int = 0, where: str = ""
) -> Iterator[tuple[str, Any]]:
    """Dotted names for nested values; of a list, the first value stands for all.

    `where` is the row of a table whose cells may hold files.
    """
    for name, value in entry.items():
        if where and isinstance(value, dict) and is_file(value):
            yield f"{prefix}{name}", file_of(value, where)
            continue
        inside: Any = {"0": value[0]} if isinstance(value, list) and value else value
        if isinstance(inside, dict) and depth < 8:
            yield from _flat(inside, f"{prefix}{name}.", depth + 1, where)
        else:
            yield f"{prefix}{name}", value


def _bad_row(number: int, error: str) -> Aside:
    return Aside(f"line {number}", Unreadable("table/bad_row", line=number, error=error))
