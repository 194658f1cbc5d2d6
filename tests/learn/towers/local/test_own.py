"""An own tower as a model folder: the vectors of its network, found and refused like others."""

import json

import numpy as np
import pytest
import torch

from handful.data.modalities.base import Sound
from handful.foundation.errors import InputError, UsageError
from handful.learn.model.packed.tokens import pack
from handful.learn.model.packed.transformer import PackedTransformer
from handful.learn.model.sizes import Shape
from handful.learn.towers.local.opening import open_folder
from handful.learn.towers.local.taps import OUTPUT, Tap
from handful.learn.towers.own import folder as own
from handful.learn.towers.own.reading import kept, piece
from tiny.corpora import READING, wake


@pytest.fixture
def tower(tmp_path):
    torch.manual_seed(0)
    network = PackedTransformer(Shape(width=32, layers=2, heads=2), READING.windows, has_text=True)
    wake(network, 0.2)
    own.write(tmp_path / "mine", network, READING, "# mine")
    return network, tmp_path / "mine"


def values(kind):
    dice = np.random.default_rng(0)
    if kind == "text":
        return ["a blue bowl", "cup"]
    if kind == "image":
        return [dice.integers(0, 256, (h, 40, 3), dtype=np.uint8) for h in (20, 60)]
    return [Sound(dice.normal(0, 0.1, n).astype(np.float32), 8000) for n in (2000, 5000)]


@pytest.mark.parametrize("kind", ["text", "image", "audio"])
def test_a_folder_gives_what_its_network_gives(tower, kind):
    network, path = tower
    opened = open_folder(path)
    assert opened.family.name == "own"
    assert opened.about.widths == {"text": 32, "image": 32, "audio": 32}
    found = opened.family.load(opened.folder, kind, "float32").encode(
        values(kind), [OUTPUT, Tap(1, "mean")]
    )
    for row, value in enumerate(values(kind)):
        (array,) = kept(kind, value, READING)
        with torch.no_grad():
            read = network(pack([piece(kind, 0, array, READING)]))
        assert np.allclose(found[OUTPUT][row], read.pooled_SD()[0], atol=1e-5)
        first = torch.nn.functional.rms_norm(read.left[0], (32,)).mean(0)
        assert np.allclose(found[Tap(1, "mean")][row], first, atol=1e-5)


def test_there_is_no_first_token(tower):
    opened = open_folder(tower[1])
    encoder = opened.family.load(opened.folder, "text", "float32")
    with pytest.raises(UsageError, match="no first token"):
        encoder.encode(["cup"], {Tap(1, "first")})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda config: config.update(format=2), "format 2"),
        (lambda config: config["network"]["shape"].update(heads=4, width=64), "another shape"),
        (lambda config: config["reading"].update(patch_px=16), "windows"),
        (lambda config: config["reading"].update(colour=1), "describes no own tower"),
    ],
)
def test_a_config_of_something_else_is_refused(tower, change, said):
    path = tower[1]
    config = json.loads((path / "config.json").read_text())
    change(config)
    (path / "config.json").write_text(json.dumps(config))

    def use():
        opened = open_folder(path)
        opened.family.load(opened.folder, "image", "float32")

    with pytest.raises(InputError, match=said):
        use()
