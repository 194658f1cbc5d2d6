"""Several blocks run as one tower."""

import numpy as np
import pytest

from handful.foundation.errors import ConfigError, InputError, UsageError
from handful.learn.towers.classical.image.base import paint
from handful.learn.towers.classical.tower import ClassicalTower, make_block

SMALL = {"size": 32, "words": 6, "width": 4, "samples": 600}


def pictures(count=20, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (40, 30, 3), dtype=np.uint8) for _ in range(count)]


def tower(batch=32):
    blocks = [make_block("image", "lab", {"size": 32}), make_block("image", "hog", {"size": 32})]
    blocks.append(make_block("image", "fisher_colour", SMALL))
    return ClassicalTower(blocks, prepare=lambda values: paint(values, 32), batch=batch)


@pytest.fixture(scope="module")
def fitted():
    made = tower()
    made.fit(pictures(), seed=0)
    return made


def test_views_are_what_the_blocks_give_alone(fitted):
    views = fitted.encode(pictures(seed=1))
    assert list(views) == ["lab", "hog", "fisher_colour"]
    for name, block in fitted.blocks.items():
        np.testing.assert_allclose(views[name], block.encode(pictures(seed=1)), atol=1e-5)


def test_the_batch_size_changes_nothing(fitted):
    small = tower(batch=3)
    small.load(fitted.state())
    views = fitted.encode(pictures(seed=1))
    for name, rows in small.encode(pictures(seed=1)).items():
        np.testing.assert_allclose(rows, views[name], atol=1e-5)


def test_preparation_happens_once_per_batch(fitted):
    seen = []

    def prepare(values):
        seen.append(len(values))
        return paint(values, 32)

    ClassicalTower([fitted.blocks["lab"], fitted.blocks["hog"]], prepare=prepare, batch=8).encode(
        pictures()
    )
    assert seen == [8, 8, 4]


def test_only_some_views(fitted):
    assert list(fitted.encode(pictures(2), only=["hog"])) == ["hog"]
    with pytest.raises(UsageError, match=r"no block `hogg`.*\n.*did you mean `hog`"):
        fitted.encode(pictures(2), only=["hogg"])


def test_state_makes_the_same_tower(fitted):
    other = tower()
    assert other.fingerprint() != fitted.fingerprint()
    other.load(fitted.state())
    assert other.fingerprint() == fitted.fingerprint()
    assert other.fingerprints() == fitted.fingerprints()
    assert {key.partition(".")[0] for key in fitted.state()} == {"fisher_colour"}


def test_kernels_are_what_the_blocks_prefer(fitted):
    assert fitted.kernels() == {"lab": "rbf", "hog": "rbf", "fisher_colour": "linear"}


def test_a_state_of_other_blocks_is_refused(fitted):
    stranger = ClassicalTower([make_block("image", "lab", {"size": 32})])
    with pytest.raises(InputError, match="holds the block `fisher_colour`"):
        stranger.load(fitted.state())
    with pytest.raises(InputError, match="lacks"):
        tower().load({})


def test_nothing_to_work_on_is_an_error(fitted):
    with pytest.raises(InputError, match="no image to learn"):
        tower().fit([], seed=0)
    with pytest.raises(UsageError, match="no image to encode"):
        fitted.encode([])


def test_an_unfitted_tower_says_so():
    with pytest.raises(UsageError, match="fisher_colour"):
        tower().encode(pictures(1))


def test_blocks_must_be_different_and_of_one_modality():
    lab = make_block("image", "lab")
    with pytest.raises(ConfigError, match="different"):
        ClassicalTower([lab, lab])
    with pytest.raises(ConfigError, match="at least one block"):
        ClassicalTower([])
    with pytest.raises(ConfigError, match="one modality"):
        ClassicalTower([lab, make_block("audio", "mfcc")])
    with pytest.raises(ConfigError, match="batch"):
        ClassicalTower([lab], batch=0)


def test_an_unknown_block_is_named():
    with pytest.raises(UsageError, match='There is no "labb"'):
        make_block("image", "labb")
