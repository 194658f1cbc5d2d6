"""A library with every kind of odd item."""

import io
import json
import wave
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from handful.data.library.ingest import ingest
from handful.data.library.items import LabelKind
from handful.data.library.library import Library
from handful.data.library.locking import lock
from handful.data.library.splits import Config
from handful.data.library.splitting import split_library


def png(seed):
    data = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


def wav(seed):
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.random.default_rng(seed).integers(-9999, 9999, 900, "i2").tobytes())
    return data.getvalue()


@pytest.fixture
def odd(tmp_path):
    """Files in place, a damaged one, archives, embedded files, names of all scripts, labels."""
    library = Library.create(tmp_path / "shop" / "library")
    files = tmp_path / "files"
    for place, name in enumerate(("cup", "Krug größer", "茶碗", "чашка")):
        folder = files / f"{name} {place}"
        folder.mkdir(parents=True)
        (folder / f"{name}.png").write_bytes(png(place))
        if place % 2:
            (folder / f"{name}.wav").write_bytes(wav(place))
        if place != 2:
            (folder / f"{name}.txt").write_text(f"a {name}, said «so» № {place}", "utf-8")
    (files / "broken.png").write_bytes(png(9)[:-40])
    (files / "empty.wav").write_bytes(b"")
    (files / "twin.png").write_bytes(png(0))
    ingest(library, files, labels_from_folders="kind", licence="CC-BY-4.0")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("in/ß.png", png(20))
        archive.writestr("in/damaged.png", png(21)[:-30])
        archive.writestr("in/ß.txt", "from an archive")
    ingest(library, tmp_path / "more.zip")
    table = [
        {"id": "t1", "text.en": "two\nlines", "text.fr": "deux", "firing": "F1", "split": "test"},
        {"id": "t2", "text.en": "", "text.fr": "seul", "firing": "F1", "split": "train"},
        {"id": "t3", "text.en": "=cmd", "text.fr": "", "firing": "F2", "split": ""},
        {"id": "t4", "text.en": " ", "text.fr": "", "firing": "F2", "split": ""},
    ]
    lines = tmp_path / "table.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in table), "utf-8")
    columns = {"text": ["text.en", "text.fr"], "id": "id", "group": "firing", "split": "split"}
    ingest(library, lines, columns={**columns, "labels": []}, licence="LicenseRef-own")
    cells = pa.table(
        {"image": [{"bytes": png(30), "path": "a.png"}, {"bytes": png(31), "path": ""}]}
    )
    pq.write_table(cells, tmp_path / "embedded.parquet")
    ingest(library, tmp_path / "embedded.parquet")
    say(library)
    split_library(library, Config(test=0.3), tmp_path / "cache")
    lock(library, "test")
    library.tag("tested")
    return library


def say(library):
    """Labels of every kind, some superseded, one taken back, one with odd signs."""
    ids = [item.id for item in library.items(with_quarantined=True)]
    when = datetime(1999, 12, 31, 23, 59, 59, 123456, tzinfo=UTC)
    library.label({ids[0]: "cup", ids[1]: "ложка"}, task="kind", annotator="ann", time=when)
    library.label({ids[0]: "bowl"}, task="kind", annotator="ann")
    library.label({ids[1]: None}, task="kind", annotator="ann")
    for kind in LabelKind:
        answers = {ids[2]: f"{kind} says"}
        library.label(answers, task="grade", annotator="x", kind=kind, confidence=0.25)
    with library.writing("mend") as writer:
        item = library.item(ids[3])
        rights = replace(item.rights, holder="Zoë", evidence="letter.pdf", attribution="© Zoë")
        writer.commit(changed=[replace(item, rights=rights, group="Gruppe «A»")])


@pytest.fixture
def empty(tmp_path):
    return Library.create(tmp_path / "other" / "library")


def bytes_of(library):
    """Every item's bytes, for those that have any."""
    found = {}
    for item in library.items(with_quarantined=True):
        for modality, part in item.parts.items():
            path = library.path_of(part)
            if path and part.sha256:
                found[item.id, modality] = Path(path).read_bytes()
    return found


def without_paths(items):
    """Items as they are but for where their files lie."""
    return [
        replace(
            item,
            parts={name: replace(part, path="") for name, part in item.parts.items()},
        )
        for item in items
    ]
