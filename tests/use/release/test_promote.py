"""Promotion rests on evidence, going back on the log, and a kill on neither."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from handful.foundation.errors import FindingError, ProjectError, UsageError
from handful.foundation.goal import Goal
from handful.trust.evaluate.report import Report
from handful.use.release.bundle import make_release
from handful.use.release.promote import champions, promote, rollback
from handful.use.release.shelf import CHALLENGER, CHAMPION, Shelf
from handful.use.release.signature import ensure_key, sign


class Bench:
    """Releases, each from a report that is changed on the way."""

    def __init__(self, folder: Path, run_of: Callable[..., Path]) -> None:
        self.folder, self.run_of = folder, run_of
        self.releases = folder / "releases"
        self.shelf = Shelf(folder / "shelf.jsonl", who="mina")

    def make(self, report: Report | None, seed: int, **changes: object) -> str:
        run = self.run_of(self.folder / "runs" / f"run-{seed}", seed=seed, **changes)
        if report is not None:
            report.save(run)
        digest = make_release(run, self.releases).digest
        self.shelf.add(digest, "trained")
        return digest

    def promote(self, digest: str, **more):
        return promote(digest, self.releases, self.shelf, Goal(), **more)

    @property
    def champion(self) -> str:
        return self.shelf.aliases()[CHAMPION]


@pytest.fixture(scope="session")
def report(report_of: Callable[..., Report]) -> Report:
    return report_of(["accuracy"], None)


@pytest.fixture
def bench(tmp_path: Path, run_of: Callable[..., Path]) -> Bench:
    return Bench(tmp_path, run_of)


def spoilt(report: Report, count: int) -> Report:
    """The same report with so many answers that were right made wrong."""
    outcomes, left = [], count
    for one in report.outcomes:
        if left and one.label == one.truth:
            wrong = next(name for name in report.classes if name != one.truth)
            one, left = replace(one, label=wrong), left - 1
        outcomes.append(one)
    return replace(report, outcomes=tuple(outcomes))


def test_the_first_champion_has_nothing_to_beat(bench: Bench, report: Report) -> None:
    first = bench.make(report, 1)
    done = bench.promote(first[:12])
    assert done.verdict == "PASS"
    assert bench.champion == first
    assert done.entry.who == "mina"
    assert done.entry.evidence == "PASS: first champion"


def test_equal_answers_pass_and_the_log_says_on_what(bench: Bench, report: Report) -> None:
    first, second = bench.make(report, 1), bench.make(report, 2)
    bench.promote(first)
    done = bench.promote(second, margin=0.1)
    assert done.verdict == "PASS"
    assert bench.champion == second
    assert done.entry.evidence == f"PASS: report {report.id} against {first[:12]} on 120 cases"


def test_gradually_makes_a_challenger_and_leaves_the_champion(bench: Bench, report: Report) -> None:
    first, second = bench.make(report, 0), bench.make(report, 1)
    with pytest.raises(UsageError, match="no champion"):
        bench.promote(first, gradually=True)
    bench.promote(first)
    done = bench.promote(second, gradually=True, margin=0.1)
    assert done.entry.alias == CHALLENGER
    assert bench.shelf.aliases() == {CHAMPION: first, CHALLENGER: second}
    with pytest.raises(FindingError):
        bench.promote(bench.make(spoilt(report, 40), 2), gradually=True)
    assert bench.shelf.aliases()[CHALLENGER] == second


def test_a_proven_loss_changes_nothing(bench: Bench, report: Report) -> None:
    first, worse = bench.make(report, 1), bench.make(spoilt(report, 40), 2)
    bench.promote(first)
    before = bench.shelf.path.read_bytes()
    with pytest.raises(FindingError, match=r"FAIL.*Nothing was changed"):
        bench.promote(worse)
    assert bench.shelf.path.read_bytes() == before


def test_too_few_cases_cannot_tell_and_name_what_they_would_have_shown(
    bench: Bench, report: Report
) -> None:
    few = replace(report, outcomes=report.outcomes[:20])
    first, second = bench.make(few, 1), bench.make(spoilt(few, 1), 2)
    bench.promote(first)
    with pytest.raises(FindingError, match=r"CANNOT TELL.*would show a loss from"):
        bench.promote(second)
    assert bench.champion == first


def test_without_an_evaluation_it_cannot_tell(bench: Bench, report: Report) -> None:
    first, second = bench.make(report, 1), bench.make(None, 2)
    bench.promote(first)
    with pytest.raises(FindingError, match=f"{second[:12]} was released without an evaluation"):
        bench.promote(second)


def test_another_task_fails(bench: Bench, report: Report) -> None:
    first, other = bench.make(report, 1), bench.make(report, 2, labels="kind")
    bench.promote(first)
    with pytest.raises(FindingError, match='it answers "kind", the champion "grade"'):
        bench.promote(other)


def test_overruling_needs_a_reason_and_is_kept(bench: Bench, report: Report) -> None:
    first, second = bench.make(report, 1), bench.make(None, 2)
    bench.promote(first)
    with pytest.raises(UsageError, match="needs a reason"):
        bench.promote(second, anyway=True)
    done = bench.promote(second, anyway=True, why="the old one is too slow")
    assert bench.champion == second
    assert done.entry.why == "the old one is too slow"
    assert done.entry.evidence.startswith("overruled CANNOT TELL: ")


def test_the_champion_cannot_be_promoted(bench: Bench, report: Report) -> None:
    first = bench.make(report, 1)
    bench.promote(first)
    with pytest.raises(UsageError, match="is the champion already"):
        bench.promote(first)


def test_an_altered_release_is_neither_promoted_nor_gone_back_to(
    bench: Bench, report: Report
) -> None:
    first, second = bench.make(report, 1), bench.make(report, 2)
    bench.promote(first)
    bench.promote(second, margin=0.1)
    card = bench.releases / first / "card.md"
    card.chmod(0o644)
    card.write_text("altered")
    with pytest.raises(ProjectError, match=r'altered: "card\.md"'):
        rollback(bench.shelf, bench.releases)
    assert bench.champion == second


def test_unsigned_ones_are_refused_where_signing_is_required(bench: Bench, report: Report) -> None:
    first, keys = bench.make(report, 1), bench.folder / "keys"
    key = ensure_key(keys)
    with pytest.raises(ProjectError, match=r"is unsigned, and `signing_required` is set"):
        bench.promote(first, trusted=key)
    sign(bench.releases / first, first, keys)
    assert bench.promote(first, trusted=key).verdict == "PASS"


def test_going_back_never_returns_to_what_was_rolled_back(bench: Bench, report: Report) -> None:
    digests = [bench.make(report, seed) for seed in range(3)]
    for digest in digests:
        bench.promote(digest, margin=0.1)
    rollback(bench.shelf, bench.releases, why="it calls mugs bowls")
    assert bench.champion == digests[1]
    assert bench.shelf.history()[-1].why == "it calls mugs bowls"
    rollback(bench.shelf, bench.releases)
    assert bench.champion == digests[0]
    with pytest.raises(UsageError, match="no earlier champion"):
        rollback(bench.shelf, bench.releases)
    bench.promote(digests[2], margin=0.1)
    assert champions(bench.shelf.history()) == [digests[0], digests[2]]
    rollback(bench.shelf, bench.releases)
    assert bench.champion == digests[0]


def test_a_release_that_is_promoted_again_has_another_one_before_it(
    bench: Bench, report: Report
) -> None:
    one, two = bench.make(report, 1), bench.make(report, 2)
    for digest in (one, two, one):
        bench.promote(digest, margin=0.1)
    rollback(bench.shelf, bench.releases)
    assert bench.champion == two


_FLIP = """
import sys
from pathlib import Path
from handful.use.release.promote import rollback
from handful.use.release.shelf import Shelf
folder, one, two = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
shelf = Shelf(folder / "shelf.jsonl")
print("ready", flush=True)
while True:
    print(".", end="", flush=True)
    shelf.put(two, "champion", "on")
    rollback(shelf, folder / "releases")
    print("|", end="", flush=True)
"""


def test_a_kill_leaves_one_champion_and_no_acknowledged_step_is_lost(
    bench: Bench, report: Report
) -> None:
    one, two = bench.make(report, 1), bench.make(report, 2)
    bench.promote(one)
    inside, acknowledged = 0, 0
    for round_ in range(4):
        command = [sys.executable, "-c", _FLIP, str(bench.folder), one, two]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.05 + 0.013 * round_)
        process.send_signal(signal.SIGKILL)
        told = process.stdout.read()
        process.stdout.close()
        process.wait()
        inside += told.count(b".") > told.count(b"|")
        acknowledged += told.count(b"|")
        assert bench.champion in (one, two)
        line = champions(bench.shelf.history())
        assert line[-1] == bench.champion
        assert set(line) <= {one, two}
        if bench.champion == two:
            rollback(bench.shelf, bench.releases)
    backs = sum(e.evidence.startswith("rollback from") for e in bench.shelf.history())
    assert inside >= 1
    assert backs >= acknowledged


def test_going_back_takes_less_than_a_second(bench: Bench, report: Report) -> None:
    one, two = bench.make(report, 1, weights=2_000_000), bench.make(report, 2)
    bench.promote(one)
    bench.promote(two, margin=0.1)
    start = time.process_time()
    rollback(bench.shelf, bench.releases)
    assert time.process_time() - start < 1
