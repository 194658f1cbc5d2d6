from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import handful as hd
from handful.data.library import taking
from handful.data.library.report import Progress
from handful.doors.cli.app import main
from handful.foundation.hardware.extras import find_module


@pytest.fixture
def shop(tmp_path: Path) -> hd.Project:
    return hd.project(tmp_path / "shop")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    dice = np.random.default_rng(0)
    for number in range(3):
        pixels = dice.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        image = Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC)
        image.save(folder / f"{number}.png")
    return folder


def test_adding_says_how_pictures_were_checked(
    shop: hd.Project, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["add", str(photos), "--project", str(shop.folder)]) == 0
    told = capsys.readouterr()
    assert "3 files seen: 3 ok" in told.out
    if find_module("av").is_installed:
        assert "3 pictures decoded twice, by decoders written apart" in told.err
    else:
        assert "3 pictures decoded once" in told.err
        assert 'pip install "handful[media]"' in told.err


def test_without_a_second_decoder_it_is_said_what_was_done(
    shop: hd.Project,
    photos: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from handful.data.modalities.image import second

    monkeypatch.setattr(second, "CODECS", {})
    assert main(["add", str(photos), "--gentle", "--project", str(shop.folder)]) == 0
    told = capsys.readouterr().err
    assert "3 pictures decoded once, their structure walked apart" in told


def test_pausing_needs_something_to_pause(
    shop: hd.Project, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--project", str(shop.folder)]
    assert main(["library", "pause", *where]) == 2
    assert "No files are being added now." in capsys.readouterr().err
    assert main(["library", "resume", *where]) == 0
    assert "No `add` was waiting." in capsys.readouterr().err


def test_an_add_at_work_waits_and_goes_on(
    shop: hd.Project, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "_LOOK_S", 0.01)
    waiting, asked = threading.Event(), threading.Event()
    where = ["--project", str(shop.folder)]

    def told(progress: Progress) -> None:
        if progress.seen and not asked.is_set():
            asked.set()
            assert main(["library", "pause", *where]) == 0
        if progress.waiting:
            waiting.set()

    thread = threading.Thread(target=lambda: shop.add(photos, on_progress=told))
    thread.start()
    assert waiting.wait(20)
    assert thread.is_alive()
    assert main(["library", "resume", *where]) == 0
    thread.join(20)
    assert not thread.is_alive()
    assert len(shop.items.items()) == 3
