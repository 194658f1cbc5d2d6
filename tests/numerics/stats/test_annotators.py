import numpy as np
import pytest

from handful.numerics.stats.annotators import believe


def asked(seed, wrong, *, items=200, classes=4, share=1.0):
    """Truth, and what annotators said who are wrong so often, at random."""
    dice = np.random.default_rng(seed)
    truth = dice.integers(0, classes, items)
    rows = [
        (item, who, (truth[item] + (dice.random() < rate) * dice.integers(1, classes)) % classes)
        for who, rate in enumerate(wrong)
        for item in range(items)
        if dice.random() < share
    ]
    about, who, said = np.array(rows).T
    known, about = np.unique(about, return_inverse=True)
    return truth[known], about, who, said


def by_vote(about, said, classes):
    votes = np.zeros((about.max() + 1, classes))
    np.add.at(votes, (about, said), 1)
    return votes.argmax(axis=1)


def test_a_poor_annotator_among_three_is_found_and_weighs_less():
    right, voted, trust = [], [], []
    for seed in range(10):
        truth, about, who, said = asked(seed, (0.05, 0.05, 0.4), share=0.6)
        found = believe(about, who, said, 4)
        right.append((found.likely.argmax(axis=1) == truth).mean())
        voted.append((by_vote(about, said, 4) == truth).mean())
        trust.append(found.trust)
    assert np.mean(right) > np.mean(voted) + 0.03
    assert np.mean(trust, axis=0) == pytest.approx([0.95, 0.95, 0.6], abs=0.06)


def test_answers_count_by_how_much_likelier_they_are_when_right():
    about, who, said = [0, 0, 0, 1, 1, 1], [0, 1, 2] * 2, [0, 0, 1, 2, 2, 2]
    found = believe(about, who, said, 3)
    right = found.trust[:, None] ** (np.array([[0], [0], [1]]) == np.arange(3))
    wrong = ((1 - found.trust[:, None]) / 2) ** (np.array([[0], [0], [1]]) != np.arange(3))
    product = (right * wrong).prod(axis=0)
    assert found.likely[0] == pytest.approx(product / product.sum(), abs=1e-5)


def test_people_with_nothing_in_common_are_believed_alike():
    found = believe([0, 1, 2], [0, 1, 1], [0, 1, 0], 2)
    assert found.compared.tolist() == [0, 0]
    assert found.trust[0] == found.trust[1] == pytest.approx(8 / 9)
    assert found.likely.argmax(axis=1).tolist() == [0, 1, 0]


def test_two_who_differ_leave_it_open():
    found = believe([0, 0], [0, 1], [0, 1], 2)
    assert found.likely[0] == pytest.approx([0.5, 0.5])
    assert found.compared.tolist() == [1, 1]


def test_one_class_and_one_statement_do_no_harm():
    assert believe([0], [0], [0], 1).likely.tolist() == [[1.0]]


def test_who_is_who_does_not_matter():
    truth, about, who, said = asked(3, (0.1, 0.3, 0.2), items=40)
    found, turned = believe(about, who, said, 4), believe(about, 2 - who, said, 4)
    assert len(truth) == len(found.likely)
    assert np.allclose(found.likely, turned.likely, atol=1e-9)
    assert np.allclose(found.trust, turned.trust[::-1], atol=1e-9)
