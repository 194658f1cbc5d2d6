import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score

from handful.numerics.linear.blocks import Block
from handful.use.explore.communities import communities, modularity
from handful.use.explore.groups import NOWHERE, Config, group


def planted(
    sizes: list[int], width: int = 20, apart: float = 6.0, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    dice = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    centres = dice.standard_normal((len(sizes), width)) * apart / width**0.5
    rows = centres[truth] + dice.standard_normal((len(truth), width))
    turn = dice.permutation(len(truth))
    return rows[turn].astype(np.float32), truth[turn]


@pytest.mark.parametrize("sizes", [[40, 40, 40], [60, 30, 15, 10], [15, 15, 15]])
def test_planted_groups_are_found_and_so_is_their_number(sizes: list[int]) -> None:
    rows, truth = planted(sizes)
    found = group({"image": Block.of(rows)})
    assert len(found) == len(sizes)
    assert adjusted_mutual_info_score(truth, found.of) > 0.85
    assert [len(each) for each in found.members] == sorted(
        (len(each) for each in found.members), reverse=True
    )
    assert (found.stability >= 0.6).all()


@pytest.mark.parametrize(
    ("items", "width", "decay"), [(150, 20, 0.0), (150, 3, 0.0), (120, 60, 1.0)]
)
def test_a_cloud_has_no_groups(items: int, width: int, decay: float) -> None:
    dice = np.random.default_rng(3)
    rows = dice.standard_normal((items, width)) * np.arange(1, width + 1) ** -decay
    found = group({"image": Block.of(rows.astype(np.float32))})
    assert len(found) == 0
    assert (found.of == NOWHERE).all()


@pytest.mark.parametrize("items", [1, 2, 9])
def test_a_few_items_make_no_groups(items: int) -> None:
    found = group({"image": Block.of(np.eye(items, 4, dtype=np.float32))})
    assert len(found) == 0
    assert found.of.tolist() == [NOWHERE] * items


def test_copies_of_one_thing_make_no_groups_and_no_warning() -> None:
    found = group({"image": Block.of(np.ones((30, 4), dtype=np.float32))})
    assert len(found) == 0


def test_it_is_the_same_every_time() -> None:
    rows, _ = planted([30, 30, 30], apart=4)
    first, second = (group({"image": Block.of(rows)}) for _ in range(2))
    assert np.array_equal(first.of, second.of)
    assert np.array_equal(first.closeness, second.closeness)


def test_odd_ones_are_left_out_rather_than_forced() -> None:
    rows, _ = planted([40, 40], apart=9)
    odd = np.random.default_rng(9).standard_normal((6, 20)).astype(np.float32) * 6
    found = group({"image": Block.of(np.vstack([rows, odd]))})
    assert len(found) == 2
    assert (found.of[:80] >= 0).mean() > 0.95
    assert (found.of[80:] == NOWHERE).sum() >= 3


def test_an_absent_modality_is_left_out_of_every_comparison() -> None:
    rows, truth = planted([40, 40, 40], apart=8)
    dice = np.random.default_rng(1)
    present = dice.random(120) < 0.7
    other = np.roll(rows, 3, axis=1)
    world = {
        "image": Block(values=rows, present=present),
        "audio": Block(values=other, present=~present | (dice.random(120) < 0.5)),
    }
    found = group(world)
    assert adjusted_mutual_info_score(truth, found.of) > 0.8
    noise = rows.copy()
    noise[~present] = 1e6
    again = group({**world, "image": Block(values=noise, present=present)})
    assert np.array_equal(found.of, again.of)


def test_items_beyond_the_sample_join_the_group_of_their_neighbours() -> None:
    rows, truth = planted([80, 80, 80], apart=8)
    found = group({"image": Block.of(rows)}, Config(at_most=120))
    assert len(found) == 3
    assert adjusted_mutual_info_score(truth, found.of) > 0.9
    assert sum(len(each) for each in found.members) == (found.of >= 0).sum()


def test_closer_groups_are_called_closer() -> None:
    dice = np.random.default_rng(0)
    spreads = (0.3, 1.0, 1.0)
    rows = np.vstack(
        [8 * np.eye(12)[n] + s * dice.standard_normal((30, 12)) for n, s in enumerate(spreads)]
    )
    found = group({"image": Block.of(rows.astype(np.float32))})
    assert len(found) == 3
    tight = next(n for n, members in enumerate(found.members) if members[0] < 30)
    assert found.closeness[tight] == found.closeness.max()


def test_two_cliques_with_one_tie_are_two_communities_of_the_modularity_by_hand() -> None:
    table = np.zeros((8, 8))
    table[:4, :4] = table[4:, 4:] = 1
    np.fill_diagonal(table, 0)
    table[3, 4] = table[4, 3] = 1
    of = communities(table)
    assert of.tolist() == [0] * 4 + [1] * 4
    # 12 of 13 ties lie inside; each half holds half of all ends.
    assert modularity(table, of) == pytest.approx(12 / 13 - 0.5)


def test_louvain_is_at_least_as_good_as_any_other_parting_of_a_small_graph() -> None:
    dice = np.random.default_rng(2)
    upper = np.triu(dice.random((7, 7)) * (dice.random((7, 7)) < 0.5), 1)
    table = upper + upper.T
    best = max(
        modularity(table, np.array([code // 3**place % 3 for place in range(7)]))
        for code in range(3**7)
    )
    assert modularity(table, communities(table)) >= best - 0.02


def test_nodes_without_ties_stay_alone() -> None:
    assert communities(np.zeros((3, 3))).tolist() == [0, 1, 2]
    assert modularity(np.zeros((3, 3)), np.arange(3)) == 0
