import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.data.modalities.audio.read import Config, content_hash, read
from handful.data.modalities.base import Sound
from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import ConfigError

KINDS = [
    ("WAV", "PCM_16"),
    ("WAV", "PCM_24"),
    ("WAV", "FLOAT"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
    ("AIFF", "PCM_16"),
]


def tone(seconds=1.0, rate=16000, hertz=440):
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype("f4")


def packed(samples, kind="WAV", coding="PCM_16", rate=16000):
    target = io.BytesIO()
    soundfile.write(target, samples, rate, format=kind, subtype=coding)
    return target.getvalue()


def with_data_length(data, length):
    place = data.find(b"data") + 4
    return data[:place] + struct.pack("<I", length) + data[place + 4 :]


def reason_for(data, config=None):
    with pytest.raises(Unreadable) as caught:
        read(data, config)
    return caught.value.reason


@pytest.mark.parametrize(("kind", "coding"), KINDS)
def test_every_kind_comes_back(kind, coding):
    samples = tone()
    reading = read(packed(samples, kind, coding))
    assert reading.value.rate == 16000
    assert reading.value.samples.dtype == np.float32
    assert len(reading.value.samples) == pytest.approx(16000, abs=1200)
    assert reading.value.samples.std() == pytest.approx(samples.std(), rel=0.05)
    assert reading.meta["channels"] == 1


def test_lossless_samples_come_back_as_they_were():
    samples = (tone() * 32768).astype(np.int16)
    assert np.array_equal(read(packed(samples)).value.samples, samples.astype("f4") / 32768)


def test_the_same_samples_have_the_same_hash_in_any_packing():
    samples = (tone() * 32768).astype(np.int16)
    hashes = {read(packed(samples, kind)).content_sha256 for kind in ("WAV", "FLAC", "AIFF")}
    assert len(hashes) == 1


def test_the_rate_is_part_of_the_hash():
    samples = tone()
    assert content_hash(Sound(samples, 8000)) != content_hash(Sound(samples, 16000))


@pytest.mark.parametrize(("kind", "coding"), KINDS)
def test_half_a_file_is_refused(kind, coding):
    data = packed(tone(3), kind, coding)
    expected = "audio/damaged" if kind == "FLAC" else "audio/truncated"
    assert reason_for(data[: len(data) // 2]) == expected


@pytest.mark.parametrize(("kind", "coding"), KINDS)
def test_two_missing_bytes_are_refused(kind, coding):
    data = packed(tone(), kind, coding)
    assert reason_for(data[:-2]) in ("audio/truncated", "audio/damaged")


def test_random_bytes_inside_an_mp3_are_refused_in_silence(capfd):
    data = bytearray(packed(tone(3), "MP3", "MPEG_LAYER_III"))
    middle = len(data) // 2
    data[middle : middle + 400] = np.random.default_rng(0).bytes(400)
    assert reason_for(bytes(data)) == "audio/damaged"
    assert capfd.readouterr() == ("", "")


def test_tags_around_an_mp3_cost_nothing():
    plain = packed(tone(), "MP3", "MPEG_LAYER_III")
    tagged = b"ID3\x03\x00\x00\x00\x00\x00\x14" + bytes(20) + plain + b"TAG" + bytes(125)
    assert np.array_equal(read(tagged).value.samples, read(plain).value.samples)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF])
def test_a_stream_without_its_length_is_read_to_its_end(length):
    reading = read(with_data_length(packed(tone()), length))
    assert reading.repair == "audio/length_unknown"
    assert len(reading.value.samples) == 16000


def test_a_promise_that_is_not_kept_is_refused():
    data = packed(tone())
    assert reason_for(with_data_length(data, 2 * len(data))) == "audio/truncated"


@pytest.mark.parametrize("data", [packed(tone())[:44], with_data_length(packed(tone()), 0)])
def test_a_header_alone_is_refused(data):
    assert reason_for(data) in ("audio/empty", "audio/truncated")


def test_no_frames_are_refused():
    assert reason_for(packed(np.zeros(0, "f4"))) == "audio/empty"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "file/empty"),
        (b"this is a note", "audio/not_recognised"),
        (b"ID3\x03\x00\x00\x00\x00\x00\x0a0123456789", "audio/damaged"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/empty"),
        (b"\x89PNG\r\n\x1a\n", "audio/not_recognised"),
    ],
)
def test_what_is_no_sound_is_named(data, reason):
    assert reason_for(data) == reason


@pytest.mark.parametrize("rate", [0, 1_000_000])
def test_an_odd_rate_is_refused(rate):
    data = packed(tone())
    odd = data[:24] + struct.pack("<I", rate) + data[28:]
    assert reason_for(odd) == ("audio/damaged" if rate == 0 else "audio/odd_rate")


def test_six_channels_are_refused():
    assert reason_for(packed(np.zeros((100, 6), "f4"))) == "audio/channels"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(value):
    samples = tone()
    samples[500] = value
    assert reason_for(packed(samples, "WAV", "FLOAT")) == "audio/not_finite"


def test_a_wrong_scale_is_refused():
    samples = tone() * 1e30
    assert reason_for(packed(samples, "WAV", "FLOAT")) == "audio/out_of_range"


def test_a_long_recording_is_refused_before_it_is_decoded():
    assert reason_for(packed(tone(3)), Config(max_seconds=2)) == "audio/too_long"


def test_silence_is_noted():
    reading = read(packed(np.zeros(1000, "f4")))
    assert reading.notes == ("audio/silent",)


def test_two_channels_are_averaged():
    left, right = tone(hertz=440), tone(hertz=700)
    reading = read(packed(np.stack([left, right], 1), "WAV", "FLOAT"))
    assert np.allclose(reading.value.samples, (left + right) / 2, atol=1e-7)
    assert reading.notes == ()


def test_channels_that_cancel_leave_the_louder_one():
    left = tone()
    stereo = np.stack([0.9 * left, -left], 1)
    reading = read(packed(stereo, "WAV", "FLOAT"))
    assert np.allclose(reading.value.samples, -left, atol=1e-6)
    assert reading.notes == ("audio/anti_phase",)


def test_one_silent_channel_does_not_silence_the_other():
    stereo = np.stack([tone(), np.zeros(16000, "f4")], 1)
    assert read(packed(stereo, "WAV", "FLOAT")).value.samples.std() > 0.1


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([kind for kind in KINDS if kind[0] != "MP3"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8),
    st.floats(0.3, 1),
)
def test_spoiled_files_give_a_sound_or_a_reason(kind, changes, kept):
    data = bytearray(packed(tone(0.3), *kind))
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    try:
        sound = read(bytes(data[: int(kept * len(data))])).value
    except Unreadable:
        return
    assert np.isfinite(sound.samples).all()


def test_impossible_limits_are_refused():
    with pytest.raises(ConfigError, match="max_rate"):
        Config(min_rate=8000, max_rate=4000)


def test_the_hash_inside_a_flac_is_compared():
    for coding in ("PCM_16", "PCM_24", "PCM_S8"):
        data = bytearray(packed(tone(), "FLAC", coding))
        assert read(bytes(data)).notes == ()
        data[30] ^= 1
        assert reason_for(bytes(data)) == "audio/damaged"
        data[26:42] = bytes(16)  # an encoder that wrote none
        assert read(bytes(data)).notes == ()


@pytest.mark.parametrize("kind", ["ipod", "mp4", "mov", "adts"])
def test_the_sound_of_a_phone_is_read(kind):
    pytest.importorskip("av")
    from hostile.cases import spoken

    reading = read(spoken(kind))
    assert reading.value.rate == 16000
    assert reading.value.seconds == pytest.approx(0.5, abs=0.15)
    spectrum = np.abs(np.fft.rfft(reading.value.samples))
    loudest = spectrum.argmax() * 16000 / len(reading.value.samples)
    assert loudest == pytest.approx(440, abs=4)
    assert reading.meta["coding"].endswith("aac")


def test_a_missing_extra_is_named_with_the_command_that_adds_it(monkeypatch):
    from handful.data.modalities.audio import read as module
    from handful.foundation.hardware.extras import Module

    missing = lambda name: Module(name=name, is_installed=False)  # noqa: E731
    monkeypatch.setattr(module, "find_module", missing)
    with pytest.raises(Unreadable) as caught:
        read(b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00M4A isom")
    assert caught.value.reason == "audio/needs_media"
    assert caught.value.hint == 'pip install "handful[media]", then add again'
