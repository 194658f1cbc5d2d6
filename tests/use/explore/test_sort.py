import csv
import hashlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import handful as hd
from handful.foundation.errors import InputError, UsageError
from handful.foundation.predictor import Level
from handful.use.explore.copying import copy, folder_names
from handful.use.explore.sort import File, Row, Sorted, look


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def inbox(things: ModuleType, tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    for number in range(100, 108):
        things.photo(folder / "photos" / f"{number}.png", number)
        things.tap(folder / "taps" / f"{number}.wav", number)
    (folder / "photos" / "broken.png").write_text("no picture")
    (folder / "list.csv").write_text("a,b")
    return folder


def test_looking_answers_every_item_writes_nothing_and_counts_add_up(
    shop: hd.Project, things: ModuleType, inbox: Path
) -> None:
    before = tree(inbox.parent)
    found = shop.sort(inbox)
    assert tree(inbox.parent) == before
    assert len(found.rows) == 8
    right = [row.label == things.kind_of(int(row.key)) for row in found.rows]
    assert sum(right) >= 7
    assert found.seen == 18 == sum(len(row.files) for row in found.rows) + len(found.left)
    assert {(each.name, each.is_bad) for each in found.left} == {
        ("photos/broken.png", True),
        ("list.csv", False),
    }
    counts = found.counts()
    assert set(counts) == {"bowl", "vase"}
    assert sum(counted.total() for counted in counts.values()) == 8
    assert len(found.promises) == 2


@pytest.fixture
def sorted_of(tmp_path: Path) -> Callable[..., Sorted]:
    """A finished look at files, `name: (answer, level)`, as if a run had said so."""

    def make(said: dict[str, tuple[str, Level]], folder: Path = tmp_path / "inbox") -> Sorted:
        rows = []
        for name, (label, level) in said.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_text(f"this is {name}")
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            rows.append(
                Row(
                    key=Path(name).stem,
                    files=(File(name, str(path), digest),),
                    label=label,
                    level=level,
                    confidence=0.9,
                    reason="I saw it.",
                )
            )
        return Sorted(
            folder=folder, run="r", task="kind", classes=("bowl", "vase"), rows=tuple(rows),
            left=(), seen=len(rows), promises=(),
        )  # fmt: skip

    return make


def test_only_what_is_sure_is_copied_and_originals_stay(
    sorted_of: Callable[..., Sorted], tmp_path: Path
) -> None:
    said = {
        "a.txt": ("bowl", Level.SURE),
        "b.txt": ("vase", Level.FAIRLY_SURE),
        "c.txt": ("vase", Level.NOT_SURE),
    }
    looked = sorted_of(said)
    before = tree(looked.folder)
    done = copy(looked, tmp_path / "out", tmp_path / "shop")
    assert tree(looked.folder) == before
    assert set(tree(tmp_path / "out")) == {"bowl/a.txt", "sorted.csv"}
    assert done.done() == {"copied": 1, "left": 2}
    more = copy(looked, tmp_path / "out", tmp_path / "shop", level="fairly sure")
    assert more.done() == {"there already": 1, "copied": 1, "left": 1}
    assert set(tree(tmp_path / "out")) == {
        "bowl/a.txt", "vase/b.txt", "sorted.csv", "sorted-2.csv",
    }  # fmt: skip
    with (tmp_path / "out" / "sorted-2.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["done"] for line in lines] == ["there already", "copied", "left"]
    assert [line["copy"] for line in lines] == ["bowl/a.txt", "vase/b.txt", ""]


def test_a_taken_name_gets_a_number_and_files_of_one_item_keep_one_name(tmp_path: Path) -> None:
    files = []
    for name in ("photos/7.png", "taps/7.wav"):
        path = tmp_path / "inbox" / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
        files.append(File(name, str(path), hashlib.sha256(name.encode()).hexdigest()))
    row = Row(
        key="7", files=tuple(files), label="bowl", level=Level.SURE, confidence=1.0, reason=""
    )
    looked = Sorted(
        folder=tmp_path / "inbox", run="r", task="kind", classes=("bowl",), rows=(row,), left=(),
        seen=2, promises=(),
    )  # fmt: skip
    (tmp_path / "out" / "bowl").mkdir(parents=True)
    (tmp_path / "out" / "bowl" / "7.png").write_text("somebody else's")
    done = copy(looked, tmp_path / "out", tmp_path / "shop")
    assert done.rows[0].copies == ("bowl/7-2.png", "bowl/7-2.wav")
    assert (tmp_path / "out" / "bowl" / "7.png").read_text() == "somebody else's"
    assert copy(looked, tmp_path / "out", tmp_path / "shop").done() == {"there already": 1}


def test_a_file_that_changed_since_it_was_judged_is_not_copied(
    sorted_of: Callable[..., Sorted], tmp_path: Path
) -> None:
    looked = sorted_of({"a.txt": ("bowl", Level.SURE), "b.txt": ("bowl", Level.SURE)})
    (looked.folder / "a.txt").write_text("something else")
    (looked.folder / "b.txt").unlink()
    done = copy(looked, tmp_path / "out", tmp_path / "shop")
    assert [row.done for row in done.rows] == ['"a.txt" changed meanwhile', '"b.txt" is gone']
    assert set(tree(tmp_path / "out")) == {"sorted.csv"}


def test_answers_become_folder_names_that_every_disk_takes() -> None:
    names = folder_names(["mug", "Mug", "a/b", "..", "x:y ", "", "a" * 200])
    assert names["mug"] == "mug"
    assert names["Mug"] == "Mug-2"
    assert names["a/b"] == "a-b"
    assert names[".."] == "-"
    assert names[""] == "--2"
    assert names["x:y "] == "x-y"
    assert len(names["a" * 200]) == 80
    assert len({name.casefold() for name in names.values()}) == 7


def test_kill_9_leaves_whole_files_and_the_same_command_finishes(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(60):
        (inbox / f"{number:02d}.txt").write_bytes(bytes([number]) * 200_000)
    script = f"""
import hashlib
from pathlib import Path
from handful.foundation.predictor import Level
from handful.use.explore.copying import copy
from handful.use.explore.sort import File, Row, Sorted
rows = []
for path in sorted(Path({str(inbox)!r}).iterdir()):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    file = File(path.name, str(path), digest)
    rows.append(Row(key=path.stem, files=(file,), label="bowl", level=Level.SURE,
                    confidence=1.0, reason=""))
looked = Sorted(folder=Path({str(inbox)!r}), run="r", task="kind", classes=("bowl",),
                rows=tuple(rows), left=(), seen=60, promises=())
print("ready", flush=True)
copy(looked, Path({str(tmp_path / "out")!r}), Path({str(tmp_path / "shop")!r}))
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    place = tmp_path / "out" / "bowl"
    while not place.is_dir() or len(list(place.glob("[0-9]*.txt"))) < 3:
        assert process.poll() is None, "it was over before it could be killed"
        time.sleep(0.001)
    process.kill()
    process.wait()
    process.stdout.close()
    whole = [path for path in place.iterdir() if path.suffix == ".txt" and path.name[0] != "."]
    assert 3 <= len(whole) < 60, "the kill came too late; the test proves nothing"
    assert all(path.read_bytes() == (inbox / path.name).read_bytes() for path in whole)
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert tree(inbox).items() <= tree(place).items()


@pytest.mark.parametrize(
    ("folder", "into", "kind", "message"),
    [
        ("none", None, InputError, 'There is no folder "{0}".'),
        ("file.txt", None, InputError, '"{0}" is a file, and a folder is needed.'),
        ("empty", None, InputError, '"{0}" holds no files.'),
        ("useless", None, InputError, 'Nothing in "{0}" can be answered. '),
        ("full", "full/out", UsageError, '"{1}" lies inside "{0}", so copies would be sorted'),
        ("full", "file.txt", UsageError, '"{1}" is a file, and copies go to a folder.'),
    ],
)
def test_impossible_places_get_a_sentence(
    folder: str,
    into: str | None,
    kind: type[hd.HandfulError],
    message: str,
    shop: hd.Project,
    things: ModuleType,
    tmp_path: Path,
) -> None:
    (tmp_path / "file.txt").write_text("a bowl")
    (tmp_path / "empty").mkdir()
    (tmp_path / "useless").mkdir()
    (tmp_path / "useless" / "list.csv").write_text("a,b")
    things.photo(tmp_path / "full" / "a.png", 0)
    before = tree(tmp_path)
    target = tmp_path / into if into else None
    with pytest.raises(kind) as caught:
        shop.sort(tmp_path / folder, into=target)
    assert caught.value.what.startswith(message.format(tmp_path / folder, target))
    assert caught.value.hint
    assert tree(tmp_path) == before


def test_the_projects_own_records_are_not_sorted_and_not_written_to(
    shop: hd.Project, things: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="belongs to the project itself"):
        shop.sort(shop.library)
    things.photo(tmp_path / "a.png", 0)
    with pytest.raises(UsageError, match="belongs to the project itself"):
        shop.sort(tmp_path, into=shop.runs / "out")


def test_a_run_without_labels_cannot_sort(shop: hd.Project, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="learned without labels, so it can find but not sort"):
        look(tmp_path, shop.run(task=""), shop.folder)
    with pytest.raises(UsageError, match='"very" is no level that is copied'):
        copy(Sorted(folder=tmp_path / "x", run="", task="", classes=(), rows=(), left=(), seen=0,
                    promises=()), tmp_path / "out", shop.folder, level="very")  # fmt: skip  # pyrefly: ignore


def test_a_modality_that_the_run_does_not_know_is_left_out_and_named(
    things: ModuleType, tmp_path: Path
) -> None:
    for number in range(16):
        kind = things.kind_of(number)
        things.photo(tmp_path / "photos" / kind / f"{number}.png", number)
    project = hd.project(tmp_path / "shop")
    project.add(tmp_path / "photos", labels_from_folders="kind")
    run = project.train("kind", profile="fast", baselines=False)
    things.photo(tmp_path / "in" / "a.png", 101)
    things.tap(tmp_path / "in" / "b.wav", 101)
    found = project.sort(tmp_path / "in", run=run)
    assert [row.key for row in found.rows] == ["a"]
    why = f'the run "{run.id}" learned from image only'
    assert [tuple(each) for each in found.left] == [("b.wav", why, False)]
