"""Batches of a library: complete, resumable to the batch, bounded, and safe in a fork."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handful.data.batches import order
from handful.data.batches.loader import Batch, Config, Loader, Position
from handful.data.library.ingest import ingest
from handful.data.library.library import Library
from handful.foundation.errors import ConfigError, InputError, UsageError

ITEMS = 30


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Texts of rising length; every third item has a picture as well, every tenth only that."""
    folder = tmp_path_factory.mktemp("files")
    dice = np.random.default_rng(0)
    for place in range(ITEMS):
        if place % 10:
            (folder / f"{place:02}.txt").write_text(f"note {place} " + "very " * place + "old")
        if place % 3 == 0 or place % 10 == 0:
            pixels = dice.integers(0, 255, (8 + place, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{place:02}.png")
    library = Library.create(folder.parent / "library")
    ingest(library, folder)
    assert len(library) == ITEMS
    return library


@pytest.fixture
def loader(filled: Library) -> Callable[..., Loader]:
    def make(size: int = 4, **settings: Any) -> Loader:
        inner = {
            name: settings.pop(name)
            for name in ("by_length", "tokens", "shuffle", "seed")
            if name in settings
        }
        return Loader(filled, Config(order=order.Config(size=size, **inner), **settings))

    return make


def keys(batches: Iterable[Batch]) -> list[list[str]]:
    return [[item.key for item in batch.items] for batch in batches]


def test_an_epoch_brings_every_item_with_its_values(loader: Callable[..., Loader]) -> None:
    found = list(loader().epoch(0))
    assert sorted(chain.from_iterable(keys(found))) == [f"{place:02}" for place in range(ITEMS)]
    for batch in found:
        assert not batch.lost
        for row, item in enumerate(batch.items):
            place = int(item.key)
            words, picture = batch.values["text"][row], batch.values["image"][row]
            assert (words is None) == (place % 10 == 0)
            assert words is None or f"note {place} " in next(iter(words.values()))
            assert (picture is None) == (place % 3 > 0 and place % 10 > 0)
            assert picture is None or picture.shape == (8 + place, 8, 3)
            assert batch.values["audio"][row] is None


def test_the_next_epoch_has_another_order_and_the_same_one_the_same(
    loader: Callable[..., Loader],
) -> None:
    assert keys(loader().epoch(0)) == keys(loader(threads=7, ahead=1).epoch(0))
    assert keys(loader().epoch(0)) != keys(loader().epoch(1))
    assert keys(loader(seed=1).epoch(0)) != keys(loader().epoch(0))


@pytest.mark.parametrize("stop", [0, 1, 5, 8])
def test_a_stopped_epoch_goes_on_exactly_where_it_was(
    loader: Callable[..., Loader], filled: Library, stop: int
) -> None:
    whole = list(loader(by_length=True).epoch(2))
    position = whole[stop - 1].position if stop else loader().start._replace(epoch=2)
    kept = Position.from_dict(position.as_dict())
    elsewhere = Loader(
        Library.open(filled.folder), Config(order=order.Config(size=4, by_length=True))
    )
    assert keys(elsewhere.after(kept)) == keys(whole[stop:])
    assert list(loader(by_length=True).after(whole[-1].position)) == []


def test_a_position_of_other_rows_seed_or_settings_is_refused(
    loader: Callable[..., Loader],
) -> None:
    made = loader()
    with pytest.raises(UsageError, match="other rows"):
        made.after(made.start._replace(digest="0" * 64, version=7))
    with pytest.raises(UsageError, match="seed 5"):
        made.after(made.start._replace(seed=5))
    with pytest.raises(UsageError, match="batch 99, and an epoch has 8"):
        made.after(made.start._replace(batch=99))


def test_what_others_write_meanwhile_does_not_come(filled: Library, tmp_path: Path) -> None:
    library = Library.create(tmp_path / "library")
    (tmp_path / "a").mkdir()
    for place in range(6):
        (tmp_path / "a" / f"{place}.txt").write_text(f"the note number {place}")
    ingest(library, tmp_path / "a")
    loader = Loader(Library.open(library.folder), Config(order=order.Config(size=2)))
    coming = loader.epoch(0)
    first = next(coming)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "late.txt").write_text("a note that came late")
    ingest(Library.open(library.folder), tmp_path / "b")
    assert len(list(chain.from_iterable(keys([first, *coming])))) == 6
    assert len(Library.open(library.folder)) == 7


def test_only_some_modalities_are_read(loader: Callable[..., Loader]) -> None:
    pictures = loader(modalities=("image",))
    assert len(pictures) == len([p for p in range(ITEMS) if p % 3 == 0 or p % 10 == 0])
    assert all(batch.values.keys() == {"image"} for batch in pictures.epoch())
    assert pictures.waiting.read.keys() == {"image"}
    both = loader(modalities=("text", "image"), complete=True)
    for batch in both.epoch():
        assert all(value is not None for values in batch.values.values() for value in values)
    assert 0 < len(both) < len(pictures)


def test_batches_keep_to_their_tokens(loader: Callable[..., Loader]) -> None:
    made = loader(size=30, by_length=True, tokens=300, modalities=("text",))
    for batch in made.epoch():
        longest = max(len(next(iter(words.values()))) for words in batch.values["text"])
        assert len(batch) == 1 or longest * len(batch) <= 300
    assert len(made.deal(0)) > 5


def test_a_file_that_went_missing_is_named_and_the_rest_comes(tmp_path: Path) -> None:
    for place in range(5):
        (tmp_path / f"{place}.txt").write_text(f"the note number {place}")
    library = Library.create(tmp_path / "library")
    ingest(library, tmp_path)
    (tmp_path / "3.txt").unlink()
    (batch,) = Loader(library, Config(order=order.Config(shuffle=False))).epoch()
    present = [words is not None for words in batch.values["text"]]
    missing = [item.key for item, held in zip(batch.items, present, strict=True) if not held]
    assert len(missing) <= 1
    assert len(batch.lost) == len(missing)
    assert all("3.txt" in sentence for sentence in batch.lost)


def test_no_more_than_some_batches_are_read_ahead(
    loader: Callable[..., Loader], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    honest = Library.read_part

    def counting(self: Library, item: Any, modality: str) -> Any:
        read.append(item.key)
        return honest(self, item, modality)

    monkeypatch.setattr(Library, "read_part", counting)
    coming = loader(size=2, modalities=("text",), ahead=3).epoch()
    next(coming)
    time.sleep(0.2)
    assert len(read) <= 2 * 3
    coming.close()


def test_leaving_in_the_middle_leaves_no_thread(loader: Callable[..., Loader]) -> None:
    before = threading.active_count()
    for batch in loader(size=2).epoch():
        assert len(batch) == 2
        break
    coming = loader(size=2).epoch()
    next(coming)
    coming.close()
    gc.collect()  # the first one was left to the collector
    assert threading.active_count() <= before


def test_waiting_is_told_from_use(
    loader: Callable[..., Loader], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Library.read_part

    def slow(self: Library, item: Any, modality: str) -> Any:
        time.sleep(0.03)
        return honest(self, item, modality)

    for _ in loader(modalities=("text",)).epoch():
        time.sleep(0.01)
    quick = loader(modalities=("text",), threads=2)
    for _ in quick.epoch():
        time.sleep(0.05)
    monkeypatch.setattr(Library, "read_part", slow)
    starved = loader(modalities=("text",), threads=1)
    for _ in starved.epoch():
        pass
    assert quick.waiting.share < 0.5 < starved.waiting.share
    assert "reading text takes 100%" in starved.waiting.sentence()


def _in_child(loader: Loader, pipe: Any) -> None:
    try:
        pipe.send(keys(loader.epoch(0)))
    except UsageError as error:
        pipe.send(str(error))


@pytest.mark.timeout(120)
def test_a_loader_works_in_a_spawned_process(loader: Callable[..., Loader]) -> None:
    made = loader()
    parent, child = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_in_child, args=(made, child))
    process.start()
    assert parent.poll(90), "the reader hangs"
    assert parent.recv() == keys(made.epoch(0))
    process.join(10)
    process.close()
    parent.close()
    child.close()


FORKED = """
import os, sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from handful.data.batches.loader import Loader
from handful.data.library.library import Library
loader = Loader(Library.open(Path(sys.argv[1])))
next(loader.epoch(0)).items
if os.fork() == 0:
    try:
        next(loader.epoch(0))
    except Exception as error:
        print(error, flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_is_told_why_it_cannot_and_does_not_hang(filled: Library) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED, str(filled.folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "forked from one that had used the library" in done.stdout


def test_nothing_to_read_is_said(loader: Callable[..., Loader]) -> None:
    with pytest.raises(InputError, match="No item has any of audio"):
        loader(modalities=("audio",))
    with pytest.raises(InputError, match="in the split test has any of text"):
        loader(modalities=("text",), split="test")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"modalities": ("imge",)}, "imge"),
        ({"length_of": "video"}, "video"),
        ({"split": "trian"}, "trian"),
    ],
)
def test_misspelt_settings_are_named(
    loader: Callable[..., Loader], wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        loader(**wrong)
    with pytest.raises(ConfigError):
        loader(ahead=0)


def test_rows_are_found_after_changes_and_deletions(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for place in range(12):
        (files / f"{place:02}.txt").write_text(f"the note number {place}")
    library = Library.create(tmp_path / "library")
    ingest(library, files)
    for place in (2, 7):
        (files / f"{place:02}.txt").write_text(f"the note number {place}, written anew")
    ingest(library, files)
    library = Library.open(library.folder)
    batches = list(Loader(library, Config(order=order.Config(size=5, shuffle=False))).epoch())
    assert list(chain.from_iterable(keys(batches))) == [item.key for item in library.items()]
    said = {
        item.key: next(iter(words.values()))
        for batch in batches
        for item, words in zip(batch.items, batch.values["text"], strict=True)
    }
    assert ["anew" in said[key] for key in ("02", "07", "03")] == [True, True, False]
