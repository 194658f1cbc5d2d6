"""What checks see with: vectors of towers, kept, and a classifier that answers out of fold."""

import numpy as np
import pytest

from handful.data.checks.running import make_check, run_checks
from handful.data.checks.workbench import Workbench
from handful.doors.python.project import Project
from handful.foundation.errors import InputError
from handful.learn.routes.senses import Senses


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Eighty items, of which six of one colour are labelled as the other."""
    bench = Workbench(tmp_path_factory.mktemp("bench"))
    make_check("label_errors").plant(bench, np.random.default_rng(3))
    return bench.library()


def test_vectors_are_centred_equally_loud_and_read_from_the_cache_the_second_time(
    library, tmp_path
):
    told = []
    items = list(library.items())
    senses = Senses(library, tmp_path / "runs", tmp_path, lambda *words: told.append(words))
    blocks = senses.embed(items)
    assert set(blocks) == {"text", "image", "audio"}
    for block in blocks.values():
        assert len(block) == len(items)
        assert np.abs(block.rows.mean(axis=0)).max() < 1e-3
        assert np.square(block.rows).sum(axis=1).mean() == pytest.approx(1, abs=1e-3)
    assert {words[0] for words in told} == {"text", "image", "audio"}
    told.clear()
    again = Senses(library, tmp_path / "runs", tmp_path, lambda *words: told.append(words))
    few = again.embed(items[:30])
    assert told == []  # the same fit, so nothing is encoded anew though other items are asked
    assert len(few["image"]) == 30


def test_the_classifier_sees_the_colour_and_each_group_is_held_out(library, tmp_path):
    items = list(library.items())
    senses = Senses(library, tmp_path / "runs", tmp_path)
    labels = np.unique([item.label("kind") for item in items], return_inverse=True)[1]
    answers = senses.fit(items, labels, np.arange(len(items)))
    assert answers.shape == (80, 2)
    assert np.allclose(answers.sum(axis=1), 1)
    assert (answers.argmax(axis=1) == labels).mean() > 0.8
    flipped = labels.copy()
    flipped[0] = 1 - flipped[0]
    moved = senses.fit(items, flipped, np.arange(len(items)))
    assert (moved[0] > 0.5).tolist() == (answers[0] > 0.5).tolist()


def test_too_few_files_are_an_input_error_and_checks_go_on_without(tmp_path):
    bench = Workbench(tmp_path / "bench")
    for place in range(5):
        bench.item(f"i{place}", np.random.default_rng(place), kind="cup")
    library = bench.library()
    senses = Senses(library, tmp_path / "runs", tmp_path)
    with pytest.raises(InputError, match="20 files"):
        senses.embed(list(library.items()))
    report = run_checks(library, embed=senses.embed, fit=senses.fit)
    assert report.failures == ()


def test_a_check_gets_vectors_from_the_door(library, tmp_path):
    shop = Project.create(tmp_path / "shop")
    shop.add(library.folder.parent / "files" / "table.jsonl", columns={"labels": ["kind"]})
    assert not (shop.cache / "latents").exists()
    (finding,) = shop.check(["label_errors"]).findings
    assert (shop.cache / "latents").is_dir()
    assert shop.finding(finding.id) == finding
