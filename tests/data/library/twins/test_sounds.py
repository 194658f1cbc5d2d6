import numpy as np
import pytest

from data.library.twins.things import RATE, music, resampled, vorbis
from handful.data.library.twins.sounds import print_of, twins
from handful.data.modalities.base import Sound

COUNT = 30
TUNES = [music(seed) for seed in range(COUNT)]
PRINTS = [print_of(tune) for tune in TUNES]


@pytest.mark.parametrize(
    "change",
    [
        lambda tune: Sound(tune.samples * np.float32(0.3), RATE),
        lambda tune: Sound(tune.samples[int(0.1313 * len(tune.samples)) :], RATE),
        lambda tune: Sound(tune.samples[: int(0.7 * len(tune.samples))], RATE),
        lambda tune: Sound(np.pad(tune.samples, (4321, 100)), RATE),
        lambda tune: resampled(tune, 11_025),
        vorbis,
    ],
    ids=["quieter", "start cut off", "end cut off", "silence before", "resampled", "re-encoded"],
)
def test_a_changed_recording_is_known_again_and_taken_for_no_other(change):
    changed = [print_of(change(tune)) for tune in TUNES]
    pairs = set(twins([*PRINTS, *changed], COUNT))
    right = {(place, COUNT + place) for place in range(COUNT)}
    assert len(pairs & right) / COUNT >= 0.95
    assert pairs <= right


def test_different_recordings_are_different():
    assert list(twins(PRINTS, 0)) == []


def test_silence_and_a_single_click_have_no_print():
    click = np.zeros(RATE, np.float32)
    click[500] = 1
    for samples in (np.zeros(RATE, np.float32), click, np.zeros(3, np.float32)):
        assert print_of(Sound(samples, RATE)) == b""


def test_only_new_ones_are_compared():
    assert sorted(twins([*PRINTS, PRINTS[7]], COUNT)) == [(7, COUNT)]
    assert list(twins([*PRINTS, *PRINTS], 2 * COUNT)) == []
