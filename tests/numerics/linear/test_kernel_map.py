import numpy as np
import pytest

from handful.foundation.errors import InputError
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.kernel_map import Config, KernelMap

DICE = np.random.default_rng(0)
HIDDEN = DICE.standard_normal((240, 3))
SIDE = np.tanh(HIDDEN @ DICE.standard_normal((3, 40))).astype("f4")
WORDS = np.sin(HIDDEN @ DICE.standard_normal((3, 8))).astype("f4")
GROUPS = np.arange(240) // 2


NOISE = DICE.standard_normal((240, 1)).astype("f4")
SAID = np.hstack([WORDS, NOISE])
FORMS = [np.array([1.0] * 8 + [9.0]), np.array([1.0] * 8 + [0.0])]


def fitted(width: int = 2048):
    views = {"a": Block.of(SIDE), "b": Block.of(SIDE[:, ::-1] ** 2)}
    return KernelMap.fit(views, SAID, FORMS, GROUPS, Config(width=width), 0), views


def test_unseen_groups_are_recognised_and_the_form_that_tells_more_is_taken() -> None:
    found, views = fitted()
    assert found.form == 1
    assert found.rank > 0.5
    share = np.corrcoef(found.held_out[:, :8].ravel(), WORDS.ravel())[0, 1]
    assert share > 0.85
    said = found.map.of(views).values[:, :8]
    assert np.corrcoef(said.ravel(), WORDS.ravel())[0, 1] > share


def test_what_is_held_out_is_what_the_other_folds_alone_would_say() -> None:
    found, _ = fitted()
    folds = np.random.default_rng(0).permutation(120)[GROUPS] % 3
    kernel = found.map.kernels.train().kernels["from"].astype("f8")
    out, seen = folds == 1, folds != 1
    wanted = SAID * FORMS[1]
    level = wanted[seen].mean(axis=0)
    damped = kernel[np.ix_(seen, seen)] + found.penalty * np.eye(seen.sum())
    expected = kernel[np.ix_(out, seen)] @ np.linalg.solve(damped, wanted[seen] - level) + level
    assert found.held_out[out] == pytest.approx(expected, abs=1e-3)


def test_absent_items_change_nothing_and_get_nothing() -> None:
    found, views = fitted()
    present = np.arange(240) % 5 > 0
    holed = {
        name: Block.of(np.where(present[:, None], block.values, np.nan), present)
        for name, block in views.items()
    }
    whole, some = found.map.of(views), found.map.of(holed)
    assert some.values[present] == pytest.approx(whole.values[present], abs=1e-5)
    assert not some.values[~present].any()
    assert some.present.tolist() == present.tolist()


def test_long_views_are_shortened_and_a_saved_map_says_the_same() -> None:
    found, views = fitted(width=8)
    assert found.map.kernels.kernels["from", "a"].rows.shape == (240, 8)
    again = KernelMap.from_arrays(found.map.arrays())
    assert again.of(views).values == pytest.approx(found.map.of(views).values, abs=1e-4)
    assert again.views == ("a", "b")


def test_equal_rows_count_once_in_a_rank() -> None:
    twice = KernelMap.fit(
        {"a": Block.of(np.repeat(SIDE, 2, axis=0))},
        np.repeat(WORDS, 2, axis=0),
        [np.ones(8)],
        np.repeat(GROUPS, 2),
        Config(penalties=(0.1,)),
        0,
    )
    once = KernelMap.fit(
        {"a": Block.of(SIDE)}, WORDS, [np.ones(8)], GROUPS, Config(penalties=(0.1,)), 0
    )
    assert twice.rank == pytest.approx(once.rank, abs=0.1)


def test_too_few_groups_and_rows_that_do_not_match_are_refused() -> None:
    views = {"a": Block.of(SIDE)}
    with pytest.raises(InputError, match="come from 2 groups; 3 or more"):
        KernelMap.fit(views, WORDS, [np.ones(8)], np.arange(240) % 2, Config(), 0)
    with pytest.raises(InputError, match="240 rows on one side"):
        KernelMap.fit(views, WORDS[:9], [np.ones(8)], GROUPS, Config(), 0)
    with pytest.raises(Exception, match="penalties"):
        Config(penalties=())
