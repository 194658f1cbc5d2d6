import io

import numpy as np
import pytest
import soundfile

from handful.data.modalities.audio.structure import check
from handful.data.modalities.reading import Unreadable


def packed(kind, coding, seconds=2):
    samples = np.random.default_rng(0).normal(0, 0.1, 16000 * seconds).astype("f4")
    target = io.BytesIO()
    soundfile.write(target, samples, 16000, format=kind, subtype=coding)
    return target.getvalue()


KINDS = {
    "audio/wav": ("WAV", "PCM_16"),
    "audio/aiff": ("AIFF", "PCM_16"),
    "audio/ogg": ("OGG", "VORBIS"),
    "audio/mpeg": ("MP3", "MPEG_LAYER_III"),
    "audio/flac": ("FLAC", "PCM_16"),
}


@pytest.mark.parametrize("mime", KINDS)
def test_whole_files_need_no_repair(mime):
    assert check(mime, packed(*KINDS[mime])) == ()


@pytest.mark.parametrize("mime", ["audio/wav", "audio/aiff"])
def test_every_cut_is_noticed(mime):
    data = packed(*KINDS[mime])
    for kept in range(60, len(data) - 1, 997):
        with pytest.raises(Unreadable):
            check(mime, data[:kept])


def test_a_cut_inside_a_page_or_frame_is_noticed():
    for mime in ("audio/ogg", "audio/mpeg"):
        data = packed(*KINDS[mime])
        with pytest.raises(Unreadable) as caught:
            check(mime, data[:-5])
        assert caught.value.reason == "audio/truncated"


def test_a_cut_between_pages_leaves_the_end_mark_missing():
    data = packed("OGG", "VORBIS", 8)
    assert check("audio/ogg", data[: data.rfind(b"OggS")]) == ("audio/no_end_mark",)


def test_a_hole_between_pages_is_noticed():
    data = packed("OGG", "VORBIS", 8)
    last = data.rfind(b"OggS")
    with pytest.raises(Unreadable) as caught:
        check("audio/ogg", data[:last] + b"hole" + data[last:])
    assert caught.value.reason == "audio/damaged"


def test_a_chunk_before_the_samples_is_stepped_over():
    data = packed("WAV", "PCM_16")
    with_note = data[:12] + b"LIST\x03\x00\x00\x00abc\x00" + data[12:]
    assert check("audio/wav", with_note) == ()
