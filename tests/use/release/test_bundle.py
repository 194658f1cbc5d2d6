"""Making a release: what goes in, what is refused, and what a kill leaves behind."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from handful.foundation.errors import BusyError, InputError, ProjectError, UsageError
from handful.foundation.goal import Goal, Mistake
from handful.foundation.project.atomic import UNFINISHED
from handful.foundation.project.lock import locked
from handful.trust.evaluate.report import Report
from handful.use.release.bundle import make_release, open_release
from handful.use.release.finding import find_release, releases_in
from handful.use.release.seal import verify

GOAL = Goal(mistakes=(Mistake(truth="cracked", said="first", cost=10),))
WHOLE = {
    "about.json",
    "card.md",
    "config.toml",
    "evidence/report.json",
    "evidence/report.jsonl",
    "goal.toml",
    "model/manifest.json",
    "model/weights.safetensors",
    "thresholds.json",
}


def test_a_release_holds_everything_an_answer_depends_on(
    run: Path, tmp_path: Path, report: Report
) -> None:
    release = make_release(run, tmp_path / "releases", goal=GOAL)
    assert set(release.files) == WHOLE
    assert release.folder == tmp_path / "releases" / release.digest
    assert release.goal() == GOAL
    assert release.thresholds == {"sure": 0.81, "fairly": 0.62}
    assert release.about["run"] == "20260101-grade"
    assert release.about["classes"] == ["first", "second", "cracked"]
    assert (release.model / "weights.safetensors").read_bytes() == (
        run / "model" / "weights.safetensors"
    ).read_bytes()
    found = release.report()
    assert found is not None
    assert found.id == report.id
    assert len(found.outcomes) == 120
    assert release.card.startswith("# grade\n")
    assert report.id in release.card


def test_the_same_run_gives_the_same_release_wherever_and_whenever(
    run: Path, tmp_path: Path
) -> None:
    first = make_release(run, tmp_path / "releases", goal=GOAL)
    again = make_release(run, tmp_path / "releases", goal=GOAL)
    assert again == first
    elsewhere = tmp_path / "else" / "where" / run.name
    shutil.copytree(run, elsewhere)
    for path in elsewhere.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    other = make_release(elsewhere, tmp_path / "more", goal=GOAL)
    assert other.digest == first.digest
    assert other.files == first.files
    assert [path.name for path in releases_in(tmp_path / "releases")] == [first.digest]


def test_other_content_is_another_release(
    run: Path, tmp_path: Path, run_of: Callable[..., Path]
) -> None:
    place = tmp_path / "releases"
    digests = {
        make_release(run, place).digest,
        make_release(run, place, goal=GOAL).digest,
        make_release(run, place, thresholds={"sure": 0.5}).digest,
        make_release(run, place, learned_from={"licences": {"CC0-1.0": 1}}).digest,
        make_release(run, place, with_answers=False).digest,
        make_release(run_of(tmp_path / "b" / run.name, weights=101), place).digest,
    }
    assert len(digests) == 6
    assert len(releases_in(place)) == 6


def test_answers_can_be_left_out(run: Path, tmp_path: Path) -> None:
    release = make_release(run, tmp_path / "releases", with_answers=False)
    assert set(release.files) == WHOLE - {"evidence/report.jsonl"}
    found = release.report()
    assert found is not None
    assert found.outcomes == ()
    everything = b"".join(path.read_bytes() for path in release.folder.rglob("*.*"))
    assert b"item 7" not in everything
    assert b"secret" not in everything


def test_a_run_without_an_evaluation_can_be_released_and_says_so(
    tmp_path: Path, run_of: Callable[..., Path]
) -> None:
    release = make_release(run_of(tmp_path / "runs" / "a"), tmp_path / "releases")
    assert release.report() is None
    assert "released without an evaluation" in release.card


def test_files_are_read_only(run: Path, tmp_path: Path) -> None:
    release = make_release(run, tmp_path / "releases")
    for path in release.folder.rglob("*"):
        assert path.is_dir() or path.stat().st_mode & 0o777 == 0o444
    assert (run / "model" / "weights.safetensors").stat().st_mode & 0o200, "the run stays as it was"


def _plant_pickle(model: Path) -> None:
    (model / "head.pkl").write_bytes(pickle.dumps([1]))


def _plant_hidden_pickle(model: Path) -> None:
    (model / "more.safetensors").write_bytes(pickle.dumps({"a": 1}))


def _plant_script(model: Path) -> None:
    (model / "deep").mkdir()
    (model / "deep" / "setup.py").write_text("import os\n")


def _plant_bad_json(model: Path) -> None:
    (model / "more.json").write_text("{")


def _plant_link(model: Path) -> None:
    (model / "more.json").symlink_to("/etc/hostname")


def _plant_cut_weights(model: Path) -> None:
    path = model / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize(
    ("plant", "name"),
    [
        (_plant_pickle, "head.pkl"),
        (_plant_hidden_pickle, "more.safetensors"),
        (_plant_script, "setup.py"),
        (_plant_bad_json, "more.json"),
        (_plant_link, "more.json"),
        (_plant_cut_weights, "weights.safetensors"),
    ],
)
def test_anything_but_weights_and_their_description_is_refused(
    run: Path, tmp_path: Path, plant: Callable[[Path], None], name: str
) -> None:
    plant(run / "model")
    with pytest.raises(InputError, match=name):
        make_release(run, tmp_path / "releases")
    assert releases_in(tmp_path / "releases") == []
    assert not list((tmp_path / "releases").glob(f"{UNFINISHED}*"))


def test_rests_of_an_interrupted_training_are_left_behind(run: Path, tmp_path: Path) -> None:
    (run / "model" / f"{UNFINISHED}1234-weights.safetensors").write_bytes(b"half")
    assert set(make_release(run, tmp_path / "releases").files) == WHOLE


@pytest.mark.parametrize("state", ["started", "interrupted", None])
def test_an_unfinished_run_is_refused(
    tmp_path: Path, run_of: Callable[..., Path], state: str | None
) -> None:
    with pytest.raises(ProjectError, match=f'its state is "{state}"'):
        make_release(run_of(tmp_path / "runs" / "a", state=state), tmp_path / "releases")


def test_a_run_without_a_model_is_refused(run: Path, tmp_path: Path) -> None:
    shutil.rmtree(run / "model")
    with pytest.raises(ProjectError, match="no weights"):
        make_release(run, tmp_path / "releases")


def test_a_report_on_another_model_is_refused(
    tmp_path: Path, run_of: Callable[..., Path], report: Report
) -> None:
    folder = run_of(tmp_path / "runs" / "a", classes=["cat", "dog"])
    report.save(folder)
    with pytest.raises(ProjectError, match='speaks of the classes "first", "second", "cracked"'):
        make_release(folder, tmp_path / "releases")


def test_an_altered_release_is_not_taken_for_the_one_that_was_asked_for(
    run: Path, tmp_path: Path
) -> None:
    release = make_release(run, tmp_path / "releases")
    path = release.folder / "card.md"
    path.chmod(0o644)
    path.write_text("It is perfect.")
    for ask in (
        lambda: open_release(release.folder),
        lambda: make_release(run, tmp_path / "releases"),
    ):
        with pytest.raises(ProjectError, match=r'is not what it was: altered: "card.md"'):
            ask()


def test_two_at_once_do_not_meet(run: Path, tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    with locked(tmp_path / "releases" / ".lock", "release"), pytest.raises(BusyError):
        make_release(run, tmp_path / "releases")


def test_a_release_is_found_by_its_first_digits(run: Path, tmp_path: Path) -> None:
    place = tmp_path / "releases"
    with pytest.raises(UsageError, match='no release "abc"') as caught:
        find_release(place, "abc")
    assert "handful release" in caught.value.hint
    digest = make_release(run, place).digest
    assert find_release(place, digest[:6]).name == digest
    assert find_release(place, digest).name == digest
    make_release(run, place, goal=GOAL)
    with pytest.raises(UsageError, match="2 releases begin"):
        find_release(place, "")


KILLER = """
import json, os, random, signal, sys, time
from pathlib import Path
from handful.foundation.goal import Goal
from handful.foundation.project.atomic import UNFINISHED
from handful.use.release.bundle import make_release
from handful.use.release.finding import releases_in
from handful.use.release.seal import verify

run, releases = Path(sys.argv[1]), Path(sys.argv[2])
random.seed(0)
start = time.monotonic()
make_release(run, releases, goal=Goal(mistake=1000.0))
whole_s = time.monotonic() - start
inside = broken = kills = 0
acknowledged = set()
for attempt in range(20):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        for number in range(10_000):
            done = make_release(run, releases, goal=Goal(mistake=attempt * 10_000 + number + 1.0))
            os.write(writer, done.digest.encode() + b"\\n")
    os.close(writer)
    time.sleep(whole_s * (0.3 + 2 * random.random()))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    kills += 1
    acknowledged |= set(os.fdopen(reader, "rb").read().decode().split())
    inside += any(True for _ in releases.glob(UNFINISHED + "*"))
    broken += sum(not verify(folder).is_intact for folder in releases_in(releases))
make_release(run, releases)
print(json.dumps({
    "kills": kills,
    "inside": inside,
    "broken": broken,
    "lost": len(acknowledged - {folder.name for folder in releases_in(releases)}),
    "acknowledged": len(acknowledged),
    "rests": len(list(releases.glob(UNFINISHED + "*"))),
}))
"""


def test_kill_9_never_shows_half_a_release(tmp_path: Path, run_of: Callable[..., Path]) -> None:
    run = run_of(tmp_path / "runs" / "a", weights=300_000)
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(run), str(tmp_path / "releases")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    found = json.loads(done.stdout)
    assert found["kills"] == 20
    assert found["inside"] >= 10, "too few kills fell inside a write; the test proves nothing"
    assert found["acknowledged"] >= 3, "and some came after a whole release"
    assert (found["broken"], found["lost"], found["rests"]) == (0, 0, 0)


def test_a_full_disk_leaves_no_release(tmp_path: Path, run_of: Callable[..., Path]) -> None:
    """The operating system itself refuses: the process may write no file above 64 KiB."""
    run = run_of(tmp_path / "runs" / "a", weights=100_000)
    script = f"""
import resource, signal
from pathlib import Path
from handful.foundation.errors import StorageError
from handful.use.release.bundle import make_release
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    make_release(Path({str(run)!r}), Path({str(tmp_path / "releases")!r}))
except StorageError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "size allowed here" in done.stdout
    assert releases_in(tmp_path / "releases") == []
    make_release(run, tmp_path / "releases")
    assert verify(releases_in(tmp_path / "releases")[0]).is_intact
