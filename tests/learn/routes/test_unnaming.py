"""Names of forgotten items leave a run's records, and nothing that is counted changes."""

import json
from pathlib import Path

import pytest

from handful.data.library.forgotten import hash_of
from handful.foundation.project.atomic import read_lines, write_text
from handful.foundation.project.manifest import read_manifest, write_manifest
from handful.learn.routes.unnaming import Unnamed, unname

LINES = [
    {"item": "one", "key": "Quokka", "group": "Ann", "truth": "a", "said": "a"},
    {"item": "two", "key": "Wombat", "group": "Ann", "truth": "a", "said": "b"},
    {"item": "three", "key": "Numbat", "group": "Bob", "truth": "b", "said": "b"},
]
SENTENCES = [
    'One label looks wrong, "Quokka" above all: `handful label Quokka ANSWER --task kind`.',
    "Only 3 groups.",
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_text(tmp_path / "answers.jsonl", "".join(f"{json.dumps(line)}\n" for line in LINES))
    doubt = {"item": "one", "key": "Quokka", "label": "a", "said": "b", "share": 0.9}
    write_manifest(tmp_path, "run", {"doubts": [doubt], "sentences": SENTENCES})
    return tmp_path


def test_the_name_goes_and_every_answer_stays(run):
    assert unname(run, Unnamed({hash_of("one")}, {"Ann", "Bob"})) == 2
    assert "Quokka" not in "".join(path.read_text() for path in run.iterdir())
    lines = read_lines(run / "answers.jsonl")
    assert lines[0] == {**LINES[0], "item": hash_of("one"), "key": "forgotten"}
    assert lines[1:] == LINES[1:]
    record = read_manifest(run, "run")
    assert record["sentences"][1:] == SENTENCES[1:]
    assert [(each["label"], each["said"]) for each in record["doubts"]] == [("a", "b")]


def test_a_group_keeps_its_name_as_long_as_somebody_is_in_it(run):
    unname(run, Unnamed({hash_of("one")}, {"Ann", "Bob"}))
    unname(run, Unnamed({hash_of("two")}, {"Bob"}))
    assert "Ann" not in (run / "answers.jsonl").read_text()
    first, second, third = [line["group"] for line in read_lines(run / "answers.jsonl")]
    assert first == second != third == "Bob"


def test_a_run_that_names_none_of_them_is_not_written(run):
    before = {path.name: path.stat().st_ino for path in run.iterdir()}
    assert unname(run, Unnamed({hash_of("four")}, set())) == 0
    assert {path.name: path.stat().st_ino for path in run.iterdir()} == before
