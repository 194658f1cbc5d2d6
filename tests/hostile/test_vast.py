"""What is not broken and not small: ten hours of sound, folders without end."""

import os
import struct
import subprocess
import sys
import tarfile
import textwrap
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from handful.data.library.ingest import ingest
from handful.data.library.library import Library
from handful.data.library.sources import folder as listing
from handful.data.library.sources.pairing import pair
from handful.data.modalities.audio.outset import least_seconds
from handful.data.modalities.image.read import read
from hostile.cases import photo, picture, sound, with_inner

HOURS = 10


def wav_header(frames: int, rate: int = 8_000) -> bytes:
    size = 2 * frames
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE" + fmt + struct.pack("<4sI", b"data", size)
    )


def long_wav(path: Path, hours: float) -> Path:
    """A whole recording of silence; the file has a hole where the samples are."""
    frames = int(hours * 3600 * 8_000)
    header = wav_header(frames)
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + 2 * frames)
    return path


def long_flac() -> bytes:
    """A header that gives ten hours, and little behind it."""
    data = bytearray(sound("FLAC", "PCM_16"))
    packed = int.from_bytes(data[18:26], "big")
    packed = packed >> 36 << 36 | HOURS * 3600 * (packed >> 44)
    data[18:26] = packed.to_bytes(8, "big")
    return bytes(data)


def test_ten_hours_in_a_header_are_refused_without_them(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "promised.flac").write_bytes(long_flac())
    (source / "promised.wav").write_bytes(wav_header(HOURS * 3600 * 8_000) + bytes(2_000))
    library = Library.create(tmp_path / "library")
    ingest(library, source)
    found = {item.key: item.parts["audio"] for item in library.items(with_quarantined=True)}
    reasons = {Path(part.origin).name: part.reason for part in found.values()}
    assert reasons == {"promised.flac": "audio/too_long", "promised.wav": "audio/truncated"}


def test_ten_hours_that_are_there_are_refused_by_their_first_bytes(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    with (source / "long.mp3").open("wb") as file:
        file.write(sound("MP3", "MPEG_LAYER_III"))
        file.truncate(HOURS * 3600 * 16_000)
    path = long_wav(tmp_path / "long.wav", 3)
    with tarfile.open(source.with_suffix(".tar"), "w") as archive:
        archive.add(path, "inside.wav")
    os.link(long_wav(tmp_path / "longer.wav", 6), source / "long.wav")
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from handful.data.library.ingest import ingest
        from handful.data.library.library import Library

        def peak():
            status = Path("/proc/self/status").read_text()
            return int(status.partition("VmHWM:")[2].split()[0]) / 1024

        base = Path(sys.argv[1])
        library = Library.create(base / "library")
        (base / "first").mkdir()
        (base / "first" / "a.txt").write_text("so that everything is loaded")
        ingest(library, base / "first")
        before = peak()
        reasons = {}
        for source in ("source", "source.tar"):
            reasons |= ingest(library, base / source).reasons
        bad = library.quarantined()
        assert {part.reason for _, part in bad} == {"audio/too_long"}, bad
        assert len(bad) == 3, bad
        print(peak() - before)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert float(done.stdout) < 30, "of some hundred megabytes nothing was in memory"


def test_what_cannot_be_told_is_read(tmp_path):
    assert least_seconds(b"", 10**9) == 0
    assert least_seconds(b"RIFF1234WAVEjunk", 10**9) == 0
    assert least_seconds(wav_header(80)[:20], 10**9) == 0
    assert least_seconds(sound("AIFF", "PCM_16")[:4096], 10**9) == 0
    assert least_seconds(sound("OGG", "OPUS")[:4096], 64_000 * 60) <= 60


@pytest.mark.parametrize("kind", [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")])
def test_the_first_bytes_never_give_more_than_there_is(kind):
    data = sound(*kind)
    from handful.data.modalities.audio.read import read as listen

    assert least_seconds(data[:4096], len(data)) <= listen(data).value.seconds


class Endless:
    """As many files as one likes, as `os.scandir` gives them, without a disk that holds them."""

    def __init__(self, folder: str, count: int) -> None:
        self._folder, self._count = folder, count

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def __iter__(self):
        for number in range(self._count):
            yield Entry(self._folder, f"{number:07}.jpg")

    def close(self):
        pass


class Entry:
    __slots__ = ("_folder", "name")

    def __init__(self, folder, name):
        self._folder, self.name = folder, name

    @property
    def path(self):
        return f"{self._folder}/{self.name}"

    def is_symlink(self):
        return False

    def is_dir(self, *, follow_symlinks=True):
        return False

    def is_file(self, *, follow_symlinks=True):
        return True


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_a_folder_of_300_000_files_takes_60_bytes_for_each(tmp_path, monkeypatch):
    count = 300_000
    pair(listing.list_folder(tmp_path).leaves)
    monkeypatch.setattr(listing.os, "scandir", lambda folder: Endless(str(folder), count))
    before, held = resident_mb(), pa.total_allocated_bytes()
    tree = listing.list_folder(tmp_path)
    candidates = pair(tree.leaves).candidates
    assert len(tree.leaves) == len(candidates) == count
    assert candidates[count - 1].key == f"{count - 1:07}"
    place = candidates[7].pieces[0].place
    assert place
    assert place.origin == f"{tmp_path}/0000007.jpg"
    assert sum(1 for _ in candidates[:1000]) == 1000
    grown = (pa.total_allocated_bytes() - held) + sum(
        array.nbytes for array in vars(candidates).values() if isinstance(array, np.ndarray)
    )
    assert grown < 60 * count
    assert resident_mb() - before < 120


@pytest.mark.slow
def test_50_000_real_files_that_are_all_empty_end_with_a_verdict_each(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(50_000):
        (source / f"{number:05}.jpg").touch()
    library = Library.create(tmp_path / "library")
    report = ingest(library, source)
    assert report.seen == report.quarantined == 50_000
    assert report.reasons == {"file/empty": 50_000}
    assert ingest(library, source).items_unchanged == 50_000


def test_the_picture_inside_is_never_the_picture():
    other = picture("JPEG", photo().rotate(45).resize((80, 64)))
    plain = read(picture("JPEG", photo(), quality=88))
    found = read(with_inner(photo(), other))
    assert "image/other_thumbnail" in found.notes
    assert found.content_sha256 == plain.content_sha256
