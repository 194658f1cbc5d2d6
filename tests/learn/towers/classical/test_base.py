"""Fingerprints and the check of states from outside."""

from dataclasses import dataclass

import numpy as np
import pytest

from handful.foundation.errors import InputError
from handful.learn.towers.classical.base import Block, take


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    scale: float = 1.0


class Plain(Block[float]):
    modality = "audio"
    prefers = "rbf"

    def encode(self, values):
        return np.asarray(values, np.float32)[:, None] * self.config.scale


class Newer(Plain):
    version = 2


class Prepared(Plain):
    preparation = "halved"


class Learned(Plain):
    def __init__(self, config, mean):
        super().__init__(config)
        self.mean = mean

    def state(self):
        return {"mean": self.mean}


def test_the_name_is_the_file_name():
    assert Plain(Settings()).name == __name__.rpartition(".")[2]


def test_a_block_without_state_needs_no_fit_and_loads_nothing():
    block = Plain(Settings())
    block.fit([1.0], seed=0)
    assert block.state() == {}
    block.load({})
    with pytest.raises(InputError, match="unknown"):
        block.load({"mean": np.zeros(1)})


def test_a_fingerprint_changes_with_all_that_changes_vectors():
    blocks = [
        Plain(Settings()),
        Plain(Settings(scale=2.0)),
        Newer(Settings()),
        Prepared(Settings()),
        Learned(Settings(), np.zeros(2, np.float32)),
        Learned(Settings(), np.ones(2, np.float32)),
        Learned(Settings(), np.zeros((2, 1), np.float32)),
        Learned(Settings(), np.zeros(2, np.int32)),
    ]
    fingerprints = [block.fingerprint() for block in blocks]
    assert len(set(fingerprints)) == len(blocks)
    assert all(len(each) == 64 for each in fingerprints)
    assert Plain(Settings()).fingerprint() == fingerprints[0]


def test_memory_layout_does_not_change_a_fingerprint():
    square = np.arange(6, dtype=np.float32).reshape(2, 3)
    twisted = np.asfortranarray(square)
    plain, turned = Learned(Settings(), square), Learned(Settings(), twisted)
    assert plain.fingerprint() == turned.fingerprint()


def test_take_passes_what_fits():
    state = {"mean": np.zeros((3, 5)), "count": np.array(4)}
    assert take(state, {"mean": (None, 5), "count": ()}, "plain").keys() == state.keys()


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        ({}, "lacks"),
        ({"mean": np.zeros(3), "extra": np.zeros(1)}, "extra"),
        ({"mean": np.zeros(4)}, r"\(4,\)"),
        ({"mean": np.zeros((3, 1))}, r"\(3, 1\)"),
        ({"mean": np.array([0, np.nan, 1])}, "not finite"),
    ],
)
def test_take_refuses_what_does_not_fit(state, complaint):
    with pytest.raises(InputError, match=complaint):
        take(state, {"mean": (3,)}, "plain")
