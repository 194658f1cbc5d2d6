import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.foundation.errors import InputError, UsageError
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.kernels import Config, KernelSum
from handful.numerics.linear.stack import Stack


def library(rng, items=25):
    return {
        "image": Block.of(rng.normal(size=(items, 6)) * 50 + 9, rng.random(items) < 0.8),
        "audio": Block.of(rng.normal(size=(items, 3)), rng.random(items) < 0.6),
    }


def test_products_of_rows_are_the_linear_kernel_sum():
    rng = np.random.default_rng(0)
    blocks, new = library(rng), library(rng, 7)
    stack = Stack.fit(blocks)
    kernels = KernelSum.fit({k: {k: b} for k, b in blocks.items()}, Config(shape="linear"), 0)
    wanted = sum(kernels.cross({k: {k: b} for k, b in new.items()}).kernels.values())
    found = stack.features(new) @ stack.features(blocks).T
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_absent_rows_change_nothing(seed):
    rng = np.random.default_rng(seed)
    blocks = library(rng)
    broken = {
        name: Block(
            values=np.where(block.present[:, None], block.values, np.nan), present=block.present
        )
        for name, block in blocks.items()
    }
    assert (Stack.fit(blocks).features(blocks) == Stack.fit(broken).features(broken)).all()


def test_weights_scale_the_length_of_a_block():
    blocks = library(np.random.default_rng(1))
    rows = Stack.fit(blocks, {"audio": 1.5}).features(blocks)
    for columns, present, length in (
        (rows[:, :6], blocks["image"].present, 1.0),
        (rows[:, 6:], blocks["audio"].present, 1.5),
    ):
        norm = (columns[present] ** 2).sum(axis=1).mean()
        assert norm == pytest.approx(length**2, rel=1e-4)


def test_left_out_blocks_hold_zeros_and_arrays_bring_it_back():
    rng = np.random.default_rng(2)
    stack = Stack.fit(library(rng))
    new = {"audio": library(rng, 4)["audio"]}
    rows = Stack.from_arrays(stack.arrays()).features(new)
    assert (rows == stack.features(new)).all()
    assert rows.shape == (4, 9)
    assert (rows[:, :6] == 0).all()


def test_constant_blocks_say_nothing():
    stack = Stack.fit({"a": Block.of(np.full((4, 2), 7.0))})
    assert (stack.features({"a": Block.of(np.ones((1, 2)))}) == 0).all()


def test_bad_input_is_named():
    blocks = library(np.random.default_rng(3))
    stack = Stack.fit(blocks)
    with pytest.raises(UsageError, match="did you mean `audio`"):
        stack.features({"audi": blocks["audio"]})
    with pytest.raises(UsageError, match="did you mean `audio`"):
        Stack.fit(blocks, {"audi": 2.0})
    with pytest.raises(InputError, match="6 were there"):
        stack.features({"image": blocks["audio"]})
    with pytest.raises(InputError, match="No item has"):
        Stack.fit({"a": Block.of(np.zeros((2, 2)), np.zeros(2, dtype=bool))})
