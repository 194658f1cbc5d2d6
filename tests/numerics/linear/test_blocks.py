import numpy as np
import pytest

from handful.foundation.errors import InputError, UsageError
from handful.numerics.linear.blocks import Block, count_items, unit_rows


def test_absent_rows_may_hold_anything_and_are_not_read():
    values = np.array([[1.0, 2.0], [np.nan, np.inf], [3.0, 4.0]])
    block = Block.of(values, np.array([True, False, True]))
    assert block.rows.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert block.width == 2
    assert len(block) == 3


def test_present_rows_must_be_finite():
    with pytest.raises(InputError, match="1 of 2 present rows"):
        Block.of(np.array([[1.0], [np.nan]]))


@pytest.mark.parametrize(
    ("values", "present"),
    [
        (np.zeros(3), np.ones(3, dtype=bool)),
        (np.zeros((3, 2)), np.ones(2, dtype=bool)),
        (np.zeros((3, 2)), np.ones(3)),
    ],
)
def test_wrong_shapes_and_types_are_refused(values, present):
    with pytest.raises(InputError):
        Block(values=values, present=present)


def test_all_present_is_not_copied():
    values = np.ones((4, 2))
    assert Block.of(values).rows is values


def test_take_and_scatter_keep_presence():
    block = Block.of(np.arange(8.0).reshape(4, 2), np.array([True, False, True, True]))
    taken = block.take(np.array([3, 1]))
    assert taken.rows.tolist() == [[6.0, 7.0]]
    back = block.scatter(np.array([[1.0], [2.0], [3.0]]))
    assert back.values.ravel().tolist() == [1.0, 0.0, 2.0, 3.0]
    assert back.present.tolist() == block.present.tolist()


def test_count_items_wants_agreement():
    assert count_items({"a": Block.of(np.zeros((3, 1)))}) == 3
    with pytest.raises(InputError, match="'a': 3, 'b': 2"):
        count_items({"a": Block.of(np.zeros((3, 1))), "b": Block.of(np.zeros((2, 1)))})
    with pytest.raises(UsageError):
        count_items({})


def test_unit_rows_leave_zeros_alone():
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert rows.dtype == np.float32
