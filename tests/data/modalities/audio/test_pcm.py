import io
import struct

import numpy as np
import pytest
import soundfile

from handful.data.modalities.audio import pcm


def wav(kind: str, channels: int, frames: int = 501) -> bytes:
    dice = np.random.default_rng(3)
    samples = np.clip(dice.normal(0, 0.4, (frames, channels)), -1, 1)
    samples[0], samples[1] = 1, -1
    file = io.BytesIO()
    soundfile.write(file, samples, 8_000, format="WAV", subtype=kind)
    return file.getvalue()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
def test_the_numbers_are_those_of_libsndfile_to_the_bit(kind, channels):
    data = wav(kind, channels)
    plain = pcm.look(data)
    assert plain == (channels, 8_000, 501, kind)
    expected, _ = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    assert plain
    np.testing.assert_array_equal(pcm.samples(data, plain), expected)


def test_plain_floats_are_taken_as_they_are():
    values = np.array([0.25, -1.5, np.nan, np.inf], "<f4")
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 3, 1, 8_000, 32_000, 4, 32)
    body = b"WAVE" + fmt + struct.pack("<4sI", b"data", values.nbytes) + values.tobytes()
    data = b"RIFF" + struct.pack("<I", len(body)) + body
    plain = pcm.look(data)
    assert plain
    np.testing.assert_array_equal(pcm.samples(data, plain)[:, 0], values)
    expected, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    np.testing.assert_array_equal(expected, values)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-2],
        lambda data: data + b"LIST\x04\x00\x00\x00abcd",
        lambda data: data[:20] + b"\x02" + data[21:],
        lambda data: data[:22] + b"\x00" + data[23:],
        lambda data: data[:28] + b"\x00" + data[29:],
        lambda data: data[:32] + b"\x03" + data[33:],
        lambda data: data[:34] + b"\x0c" + data[35:],
        lambda data: data[:4] + b"\x00\x00" + data[6:],
        lambda data: b"RF64" + data[4:],
        lambda data: data[:30],
    ],
)
def test_anything_else_is_left_to_libsndfile(spoil):
    assert pcm.look(spoil(wav("PCM_16", 1))) is None
