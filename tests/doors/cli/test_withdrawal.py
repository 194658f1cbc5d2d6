"""Items taken out of use, as a person does it: the verbs, what they print, and what is left."""

import importlib.util
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import handful as hd
from handful.data.library.forgotten import hash_of
from handful.data.library.items import Item
from handful.data.library.thumbnails import Thumbnails
from handful.data.library.twins.kept import Kept, Row
from handful.data.library.twins.look import prints_of
from handful.doors.cli.app import main
from handful.foundation.goal import Goal
from handful.learn.routes.seen import read_seen, write_seen
from handful.learn.towers.latents import LatentCache
from handful.trust.evaluate.report import Outcome, Report

_FILE = Path(__file__).parents[2] / "data" / "library" / "scanning.py"
WORDS, PIXELS, ANSWER = "Quokkaword7319", "Quokkapixel7319", "Quokkaanswer7319"


@pytest.fixture(scope="module")
def files_with():
    spec = importlib.util.spec_from_file_location("scanning", _FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.files_with


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "400")

    def run(project: hd.Project, *words: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main([*words, "--project", str(project.folder)]) == code
        return capsys.readouterr()

    return run


def picture(path: Path, seed: int, said: str = "") -> Path:
    """A picture that holds a text, as cameras write one."""
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    facts = PngImagePlugin.PngInfo()
    facts.add_text("Description", said)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, pnginfo=facts)
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Pictures and notes that have no place of their own, so that the library keeps copies."""
    folder = tmp_path / "made"
    with zipfile.ZipFile(tmp_path / "pots.zip", "w", zipfile.ZIP_STORED) as file:
        for place in range(6):
            is_marked = place == 3
            answer = ANSWER if is_marked else "cup"
            path = picture(folder / f"p{place}.png", place, PIXELS if is_marked else "nothing")
            file.write(path, f"{answer}/p{place}.png")
            words = f"a note {place} {WORDS if is_marked else 'nothing'}"
            file.writestr(f"{answer}/p{place}.txt", words)
    shutil.rmtree(folder)
    return tmp_path / "pots.zip"


class Encoder:
    name = "some tower"

    def fingerprint(self) -> str:
        return "ab" * 16


def shown(project: hd.Project, item: Item) -> list[bytes]:
    """Bytes of what is kept beside the rows: the middle of a thumbnail, and what tells copies."""
    content = item.parts["image"].content_sha256
    small = Thumbnails(project.library).get(content)
    prints = prints_of(project.items.media, [item], project.cache)
    assert small
    return [small[-80:-20], prints[content]]


def derive(project: hd.Project) -> LatentCache:
    """What training, finding and trying leave in the cache."""
    cache = LatentCache(project.cache / "latents")
    keys = [part.content_sha256 for item in project.items.items() for part in item.parts.values()]
    cache.fetch(keys, Encoder(), lambda places: np.ones((len(places), 4), np.float32))
    cache.fits.write("cd" * 32, {"learned": np.ones(3)}, keys)
    (project.cache / "find.html").write_text(f"{WORDS} {PIXELS}")
    (project.cache / "explore").mkdir()
    (project.cache / "explore" / "survey").write_text(ANSWER)
    return cache


def test_after_forget_and_trim_no_file_of_the_project_holds_the_bytes(
    tmp_path, archive, say, files_with
) -> None:
    project = hd.project(tmp_path / "shop")
    say(project, "add", str(archive), "--folder-labels", "kind")
    library = project.items
    (marked,) = [item for item in library.items() if ANSWER in item.key]
    # A past with the item in many forms: relabelled, read anew, set aside, tagged, undone.
    library.label({marked.id: f"{ANSWER} again"}, task="kind", annotator="me")
    project.quarantine(marked.key, because=f"{ANSWER} is wrong", by="me")
    project.restore(marked.key)
    library.tag("before")
    library.undo(2)
    say(project, "library", "split", "--test", "0.3")
    cache = derive(project)
    content = marked.parts["image"].content_sha256
    assert cache.missing([content], Encoder()) == []
    for marker in (WORDS, PIXELS, ANSWER):
        assert files_with(project.folder, marker), "the scan sees nothing, so it proves nothing"
    small, told = shown(project, marked)
    assert files_with(project.folder, small) == ["library/derived/thumbnails.sqlite"]
    (prints,) = files_with(project.folder, told)
    assert prints.startswith("cache/twins/")

    # Its key holds the answer, so the item is named by its id here.
    out, err = say(project, "library", "forget", marked.id)
    assert ANSWER in out
    assert "Would forget 1 item and" in err
    assert "Nothing was changed." in err
    assert "Your own files are never touched." in err
    assert len(project.items) == 6
    before = archive.read_bytes()
    out, err = say(project, "library", "forget", marked.id, "--yes")
    assert "Forgot 1 item and" in err
    assert "hold the items until a trim" in err
    assert len(project.items) == 5
    assert LatentCache(project.cache / "latents").missing([content], Encoder()) == [0]
    assert sorted(path.name for path in project.cache.iterdir()) == [
        ".twins.lock",
        "latents",
        "twins",
    ]
    # Nothing that is made of contents waits for the trim; those of the others are still there.
    assert files_with(project.folder, small) == files_with(project.folder, told) == []
    assert content not in Thumbnails(project.library).names()
    assert len(Thumbnails(project.library).names()) == 5
    assert len(Kept(project.cache).rows) == 5
    # Somebody who looked meanwhile made them anew; the trim knows of it.
    Thumbnails(project.library).put({content: small})
    Kept(project.cache).add([Row(content, "image", told)])
    assert files_with(project.folder, small)
    assert files_with(project.folder, told)
    assert files_with(project.folder, WORDS), "history holds it until a trim, as was said"
    _, err = say(project, "library", "trim", "--yes")
    assert 'tag "before") went too: it holds items that were forgotten since.' in err
    for marker in (WORDS, PIXELS, ANSWER, small, told):
        assert files_with(project.folder, marker) == []
    assert len(Thumbnails(project.library).names()) == len(Kept(project.cache).rows) == 5
    assert archive.read_bytes() == before
    assert [item.key for item in project.items.items()] == [f"cup/p{n}" for n in (0, 1, 2, 4, 5)]
    # Work goes on: the rest can be read, added again, and the forgotten one stays out.
    assert all(project.items.read_part(item, "image").size for item in project.items.items())
    _, err = say(project, "add", str(archive), "--folder-labels", "kind")
    assert "2 files left out, because they were forgotten:" in err
    for marker in (WORDS, PIXELS, small, told):
        assert files_with(project.folder, marker) == []


@pytest.fixture
def trained(shop: hd.Project, tmp_path: Path) -> hd.Project:
    """The trained shop, a copy that may be changed."""
    shutil.copytree(shop.folder, tmp_path / "trained")
    return hd.project(tmp_path / "trained")


def test_runs_and_releases_that_saw_it_are_named_before_and_marked_after(trained, say) -> None:
    run = trained.run()
    release = trained.release(run)
    first, second = trained.items.items()[:2]
    used = {hash_of(item.id) for item in trained.items.items() if item.split not in ("test",)}
    assert read_seen(run.folder) == read_seen(release.folder) == used
    out, err = say(trained, "shelf")
    assert "forgotten" not in out
    assert "0 of them saw forgotten items." in err
    out, err = say(trained, "library", "forget", first.id, second.id)
    assert run.id in out
    assert release.digest[:12] in out
    document = json.loads(say(trained, "library", "forget", first.id, "--yes", "--json")[0])
    saw = document["withdrawal"]["saw"]
    assert [(each["kind"], each["items"], each["is_certain"]) for each in saw] == [
        *(("run", 1, True) for _ in saw[:-1]),
        ("release", 1, True),
    ]
    assert document["withdrawal"]["latents"] > 0
    say(trained, "library", "forget", second.id, "--yes")
    out, _ = say(trained, "shelf")
    mark = "saw 2 items that were forgotten since; train again to be rid of them"
    lines = [line for line in out.splitlines() if mark in line]
    assert len(lines) == len(saw)
    assert any(release.digest[:12] in line for line in lines)
    assert {each.items for each in trained.saw_forgotten()} == {2}
    assert f"This release {mark}." in say(trained, "release", run.id)[1]
    # Taken back, they are not forgotten any more, and nobody is marked.
    trained.restore(first.id, second.id)
    assert trained.saw_forgotten() == []


def test_runs_stop_naming_it_and_their_figures_stay(trained, say, files_with) -> None:
    run = trained.run()
    outcomes = [
        Outcome(
            id=item.id,
            truth="cup",
            group=item.group or None,
            modalities=item.modalities,
            label="cup",
            level="sure",
            probabilities={"cup": 1.0},
            shares={},
            error_rate=None,
        )
        for item in trained.items.items()[-3:]
    ]
    report = Report(
        predictor=run.id,
        classes=("cup", "jug"),
        modalities=("text",),
        goal=Goal(),
        seed=0,
        created="2026-11-27T00:00:00+00:00",
        made_by="handful",
        code="",
        cases="ab" * 32,
        n=3,
        groups=3,
        findings=(),
        outcomes=tuple(outcomes),
    )
    report.save(run.folder)
    tested, learned = outcomes[0].id, run.held_out()[0]
    rights = [line["truth"] == line["said"] for line in run.held_out()]
    for identity in (tested, learned["item"]):
        assert files_with(trained.runs, identity)
        assert trained.forget(identity).unnamed
        assert files_with(trained.runs, identity) == []
    assert [line["truth"] == line["said"] for line in run.held_out()] == rights
    after = Report.load(run.folder)
    assert after.findings == report.findings
    assert [one.answer for one in after.outcomes] == [one.answer for one in report.outcomes]
    # What a forgotten item is called is in no record of a run either.
    name = json.dumps(learned["key"])
    assert name not in (run.folder / "answers.jsonl").read_text()


def test_an_old_run_that_wrote_nothing_down_is_asked_by_its_version(trained, say) -> None:
    for path in trained.runs.glob("*/seen.txt"):
        path.unlink()
    first = trained.items.items()[0]
    assert all(each.is_certain for each in trained.would_forget(first.id).saw)
    trained.forget(first.id)
    assert all(each.is_certain for each in trained.saw_forgotten())
    trained.items.trim(keep=1)
    marked = trained.saw_forgotten()
    assert len(marked) == len(list(trained.runs.iterdir()))
    assert not any(each.is_certain for each in marked)
    assert "may have seen 1 item that was forgotten since" in say(trained, "shelf")[0]


def test_a_run_made_after_the_forgetting_saw_nothing_of_it(trained) -> None:
    """Held-back and later items are told apart by what a run wrote down."""
    first, second = trained.items.items()[:2]
    run = trained.run()
    write_seen(run.folder, [second.id])
    assert run.id not in [each.name for each in trained.would_forget(first.id).saw]
    seen = read_seen(run.folder)
    assert seen is not None
    assert second.id not in str(seen)


@pytest.fixture
def pots(tmp_path: Path) -> Path:
    for place in range(4):
        picture(tmp_path / "pots" / "cup" / f"p{place}.png", place)
        (tmp_path / "pots" / "cup" / f"p{place}.txt").write_text(f"pot {place}")
    return tmp_path / "pots"


def test_setting_aside_and_taking_back(tmp_path, pots, say) -> None:
    project = hd.project(tmp_path / "shop")
    say(project, "add", str(pots))
    words = ["library", "quarantine", str(pots / "cup" / "p1.png"), "cup/p2"]
    _, err = say(project, *words, "--because", "blurred", "--by", "Ann")
    assert "Set aside 2 items: blurred" in err
    assert [item.key for item in project.items.items()] == ["cup/p0", "cup/p3"]
    out, _ = say(project, "check", "damaged_media")
    assert "NOTE: 2 items are set aside by hand" in out
    assert "cup/p1, blurred (Ann)" in out
    _, err = say(project, *words, "--because", "blurred")
    assert "Nothing to do" in err
    _, err = say(project, "library", "restore", "cup/p1")
    assert "Took back 1 item." in err
    _, err = say(project, "library", "undo", "2")
    assert len(project.items.items()) == 4


def test_an_undo_says_what_stays_out(tmp_path, pots, say) -> None:
    project = hd.project(tmp_path / "shop")
    say(project, "add", str(pots))
    say(project, "library", "forget", "cup/p1", "--yes")
    _, err = say(project, "library", "undo")
    assert "1 item of that version stay out, because they were forgotten" in err
    assert len(project.items) == 3
    say(project, "library", "restore", "cup/p1")
    assert len(project.items) == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["quarantine", "--because", "x"], "needs ITEMS"),
        (["quarantine", "cup/p1"], "needs BECAUSE"),
        (["quarantine", "cup/p9", "--because", "x"], 'There is no item "cup/p9"'),
        (["quarantine", "cup/p1", "--because", " "], "needs a reason"),
        (["restore"], "needs ITEMS"),
        (["restore", "nothing"], "There is no item"),
        (["forget"], "needs ITEMS"),
        (["forget", "group:none", "--yes"], 'There is no item "group:none"'),
    ],
)
def test_wrong_use_gets_a_sentence(tmp_path, pots, say, words, said) -> None:
    project = hd.project(tmp_path / "shop")
    say(project, "add", str(pots))
    assert said in say(project, "library", *words, code=2)[1]
    assert len(project.items.items()) == 4


def test_the_python_way_does_the_same(tmp_path, pots) -> None:
    project = hd.project(tmp_path / "shop")
    project.add(pots)
    (held,) = project.quarantine("cup/p0", because="dark", by="Ann")
    assert not held.usable
    (back,) = project.restore("cup/p0")
    assert back.usable
    assert project.would_forget("cup/p0").taken.is_done is False
    assert project.forget("cup/p0").taken.is_done is True
    assert project.add(pots).items_added == 0
    assert project.add(pots, again=True).items_added == 1


def test_one_process_at_a_time(tmp_path, pots) -> None:
    project = hd.project(tmp_path / "shop")
    project.add(pots)
    with project.changing("train"), pytest.raises(hd.HandfulError, match="train"):
        project.forget("cup/p0")
    assert len(project.items) == 4


def test_a_locked_test_loses_what_is_forgotten_and_keeps_what_is_set_aside(
    tmp_path, pots, say
) -> None:
    project = hd.project(tmp_path / "shop")
    say(project, "add", str(pots))
    say(project, "library", "split", "--test", "0.5")
    say(project, "library", "lock", "test")
    first, second = (item.key for item in project.items.items(split="test"))
    _, err = say(project, "library", "quarantine", first, "--because", "x")
    said = "1 item is in the split test, which is locked: it measures without what is set aside."
    assert said in err
    assert [item.key for item in project.items.items(split="test")] == [second]
    lost = "1 item is in the split test, which is locked: what was measured on it before was"
    assert lost in say(project, "library", "forget", second)[1]
    document = json.loads(say(project, "library", "forget", second, "--yes", "--json")[0])
    assert document["withdrawal"]["locked"] == {"test": 1}
    _, err = say(project, "library", "restore", first, second)
    assert "Took back 2 items." in err
    assert {item.key for item in project.items.items(split="test")} == {first, second}
    made_by = [version.made_by for version in project.items.history()]
    assert made_by[2:] == [
        "split by group, seed 0",
        "lock test",
        "quarantine 1 item by me",
        "forget 1 item",
        "restore 2 items",
    ]
    say(project, "library", "unlock", "test")
    say(project, "library", "forget", first, "--yes")
    say(project, "library", "lock", "test")
    _, err = say(project, "library", "restore", first)
    assert f"1 item takes no part (`out`), such as {first}: it was gone when test was" in err
    train = project.items.items(split="train")[0].key
    assert (
        "which is locked" not in say(project, "library", "quarantine", train, "--because", "x")[1]
    )


def test_a_split_a_lock_and_a_quarantine_are_undone_one_by_one(tmp_path, pots, say) -> None:
    project = hd.project(tmp_path / "shop")
    say(project, "add", str(pots))
    say(project, "library", "split", "--test", "0.5")
    say(project, "library", "lock", "test")
    first = project.items.items(split="test")[0].key
    say(project, "library", "quarantine", first, "--because", "x")
    states = []
    for version in (5, 4, 3, 2):
        library = project.items
        states.append((len(library.items()), len(library.locked), bool(library.card.rule)))
        splits = {item.split for item in library.items(with_quarantined=True)}
        assert splits == ({None} if version == 2 else {"train", "test"})
        if version > 2:
            say(project, "library", "undo", str(version - 1))
    assert states == [(3, 1, True), (4, 1, True), (4, 0, True), (4, 0, False)]
    assert [version.made_by for version in project.items.history()][5:] == [
        "undo to version 4",
        "undo to version 3",
        "undo to version 2",
    ]
    # And the undoing is undone: the lock holds again.
    say(project, "library", "undo", "5")
    assert project.items.locked == ("test",)
    assert "locked already" in say(project, "library", "lock", "test", code=2)[1]


def test_what_is_set_aside_is_said_to_wait_for_its_split(tmp_path, pots, say) -> None:
    project = hd.project(tmp_path / "shop")
    say(project, "add", str(pots))
    say(project, "library", "quarantine", "cup/p1", "--because", "x")
    _, err = say(project, "library", "split", "--test", "0.5")
    assert "1 item waits for a split, because it is set aside, damaged or gone" in err
    assert "3 items got a split; 0 had one and kept it." in err
    _, err = say(project, "library", "restore", "cup/p1")
    assert all(item.split for item in project.items.items())


def test_an_export_of_a_past_leaves_forgotten_items_behind(tmp_path, pots, say) -> None:
    project = hd.project(tmp_path / "shop")
    say(project, "add", str(pots))
    say(project, "library", "forget", "cup/p1", "--yes")
    _, err = say(project, "library", "export", str(tmp_path / "out"), "2")
    assert "1 item of that version stays behind, because it was forgotten since" in err
    assert "3 items and 6 files" in err
    other = hd.project(tmp_path / "other")
    say(other, "library", "import", str(tmp_path / "out"))
    _, err = say(other, "add", str(pots))
    assert "2 files left out, because they were forgotten:" in err
    assert len(other.items) == 3
    assert "the history no longer holds it" in say(other, "library", "restore", "cup/p1", code=2)[1]
