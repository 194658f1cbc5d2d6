import json
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import handful as hd
from handful.foundation.errors import ConfigError, InputError, UsageError
from handful.use.explore.found_page import found_page, summary
from handful.use.explore.named import Answers
from handful.use.explore.query import read_query
from handful.use.explore.survey import FOLDER


def kinds(shop: hd.Project, things: ModuleType, *query: str | Path, top: int = 10) -> list[str]:
    hits = shop.search(*query, top=top).hits
    return [things.kind_of(int(hit.item.key[1:])) for hit in hits]


def test_a_word_finds_items_that_say_it_are_called_so_or_look_so(
    shop: hd.Project, things: ModuleType
) -> None:
    found = shop.search("vase", top=40)
    good = [hit for hit in found.hits if hit.level == "good"]
    assert found.good == len(good) >= 15
    assert all(things.kind_of(int(hit.item.key[1:])) == "vase" for hit in good)
    reasons = {why.split(" vase")[0] for hit in good for why in hit.why.split("; ")}
    assert {"note says", "labelled"} <= reasons
    without = [hit for hit in good if not hit.labels and "text" not in hit.item.modalities]
    assert without, "items that nobody described or labelled are found by what the run says"
    assert all("%" in hit.why for hit in without)
    assert [hit.rank for hit in found.hits] == list(range(1, len(found.hits) + 1))
    assert [hit.score for hit in found.hits] == sorted((h.score for h in found.hits), reverse=True)


def test_a_label_counts_fully_and_another_label_not_at_all() -> None:
    said = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]])
    answers = Answers("kind", ("bowl", "vase"), {"": said, "image": said}, ["vase", "bowl", None])
    named = answers.ask("bowl")
    assert named
    assert named.strength.tolist() == [0.0, 1.0, pytest.approx(0.9)]
    assert named.why(0) == ("labelled", "vase")
    assert named.why(2) == ("looks like", "bowl 90 %")
    assert answers.ask("kettle") is None


def test_all_words_are_wanted(shop: hd.Project) -> None:
    found = shop.search("cobalt", "vase", "Anna", top=40)
    texts = [" ".join(hit.item.words.values()) for hit in found.hits if hit.level == "good"]
    assert texts
    assert all("Anna" in text for text in texts)
    assert found.hits[-1].level == "weaker"


def test_misspelt_words_meet(shop: hd.Project, things: ModuleType) -> None:
    assert kinds(shop, things, "cobatl", top=6) == ["vase"] * 6


def test_a_photo_and_a_sound_find_their_like(
    shop: hd.Project, things: ModuleType, tmp_path: Path
) -> None:
    picture = things.photo(tmp_path / "new.png", 101)
    assert kinds(shop, things, picture).count("vase") >= 9
    sound = things.tap(tmp_path / "new.wav", 100)
    assert kinds(shop, things, sound).count("bowl") >= 9
    assert "sounds alike" in shop.search(sound).hits[0].why


def test_each_part_of_a_mixed_query_counts(
    shop: hd.Project, things: ModuleType, tmp_path: Path
) -> None:
    sound = things.tap(tmp_path / "new.wav", 101)
    found = shop.search(sound, "Anna", top=8)
    assert found.title == f"Anna + {sound}"
    best = found.hits[0]
    assert "note says anna" in best.why
    assert "sounds alike" in best.why
    assert things.kind_of(int(best.item.key[1:])) == "vase"


def test_words_in_a_file_are_words(shop: hd.Project, things: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("tall vase in cobalt blue, good foot")
    assert kinds(shop, things, tmp_path / "note.txt", top=5) == ["vase"] * 5


def test_words_that_nothing_says_are_named_and_find_nothing(shop: hd.Project) -> None:
    found = shop.search("xylophone")
    assert found.hits == ()
    assert found.good == 0
    assert found.notes[0] == 'Nothing in the library says "xylophone", and no run answers it.'
    assert summary(found) == "No good find in 40 items; 0 shown."
    with_more = shop.search("vase xylophone")
    assert with_more.good > 0


def test_a_run_without_labels_serves_too(shop: hd.Project, things: ModuleType) -> None:
    plain = shop.run(task="")
    found = shop.search("cobalt", run=plain.id, top=5)
    assert found.run == plain.id
    assert all("cobalt" in " ".join(hit.item.words.values()) for hit in found.hits)


def test_words_find_photos_that_nobody_described_by_what_photos_say(
    things: ModuleType, tmp_path: Path
) -> None:
    dice, colours = np.random.default_rng(0), {"red": 0, "green": 1, "blue": 2}
    lines = ["id,photo,note"]
    for number in range(90):
        name = ["red", "green", "blue"][number % 3]
        picture = dice.integers(0, 70, (32, 32, 3)).astype("u1")
        picture[..., colours[name]] += 160
        path = tmp_path / "files" / f"P{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(path)
        note = f"a {name} cloth number {number}" if number % 9 < 6 else ""
        lines.append(f"P{number:02d},{path.name},{note}")
    (tmp_path / "files" / "items.csv").write_text("\n".join(lines) + "\n")
    shop = hd.project(tmp_path / "shop")
    shop.add(tmp_path / "files" / "items.csv", columns={"text": ["note"]})
    run = shop.train(profile="fast")
    assert (run.folder / "wording.safetensors").exists()
    assert any("words find images" in sentence for sentence in run.manifest["sentences"])
    found = shop.search("blue cloth", top=30)
    silent = [hit for hit in found.hits if "text" not in hit.item.modalities]
    assert {hit.item.key for hit in silent[:10]} == {
        f"P{number:02d}" for number in range(90) if number % 9 >= 6 and number % 3 == 2
    }
    assert all("its photo fits the words" in hit.why for hit in silent[:10])
    finder = shop.finder()
    assert [hit.item.id for hit in finder.find(["blue cloth"], 30).hits] == [
        hit.item.id for hit in found.hits
    ]


def test_what_was_looked_at_once_is_kept_and_the_answer_is_the_same(shop: hd.Project) -> None:
    first = shop.search("vase", top=40)
    kept = sorted((shop.cache / FOLDER).glob("*.safetensors"))
    assert kept
    again = shop.search("vase", top=40)
    assert [(hit.item.id, hit.score) for hit in again.hits] == [
        (hit.item.id, hit.score) for hit in first.hits
    ]
    kept[-1].write_bytes(b"half of it")
    mended = shop.search("vase", top=40)
    assert [hit.item.id for hit in mended.hits] == [hit.item.id for hit in first.hits]


class Outside(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [v or "" for k, v in attrs if k in ("src", "href", "action")]


def test_the_page_stands_alone_and_shows_every_hit(shop: hd.Project) -> None:
    found = shop.search("vase", top=6)
    page = found_page(shop.items, found)
    seen = Outside()
    seen.feed(page)
    assert seen.tags.count("li") == 6
    assert "script" not in seen.tags
    assert "link" not in seen.tags
    assert all(address.startswith("data:image/jpeg") for address in seen.loads)
    assert all(hit.item.key in page for hit in found.hits)
    json.dumps(found.as_dict())


def test_the_page_escapes_and_survives_files_that_are_gone(
    things: ModuleType, tmp_path: Path
) -> None:
    table = things.make_shop(tmp_path / "files", 20)
    project = hd.project(tmp_path / "shop")
    project.add(table, columns={"labels": ["kind"], "text": ["note"]})
    project.train(profile="fast")
    found = project.search("<b>vase</b>", top=3)
    (tmp_path / "files" / "photos" / f"{found.hits[0].item.key}.png").unlink()
    page = found_page(project.items, found)
    assert "<b>" not in page
    assert "this file can no longer be read" in page


@pytest.mark.parametrize(
    ("query", "kind", "message"),
    [
        ((), UsageError, "There is nothing to look for: the query is empty."),
        (("  ",), UsageError, "There is nothing to look for: the query is empty."),
        (("?!",), UsageError, 'There is no word in "?!".'),
        (("none.jpg",), InputError, 'There is no file "none.jpg".'),
        (("table.csv",), UsageError, '"table.csv" is neither a text, an image nor a sound'),
        (("bad.png",), InputError, 'Cannot use "bad.png": it is named like an image'),
        (("some/where",), UsageError, '"some/where" is a folder, and files are looked for one'),
    ],
)
def test_bad_queries_get_a_sentence(
    query: tuple[str, ...],
    kind: type[hd.HandfulError],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.png").write_text("no picture")
    (tmp_path / "table.csv").write_text("a,b")
    (tmp_path / "some" / "where").mkdir(parents=True)
    with pytest.raises(kind) as caught:
        read_query(query)
    assert caught.value.what.startswith(message)
    assert caught.value.hint


def test_words_and_files_are_told_apart(
    things: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    things.photo(tmp_path / "a.png", 0)
    (tmp_path / "bowl").mkdir()
    parts = read_query(["bowl", "a.png", "no. 5", "x" * 5000])
    assert [part.modality for part in parts] == ["text", "image"]
    assert parts[0].words[:3] == ("bowl", "no", "5")
    assert parts[0].is_typed


def test_without_a_run_or_items_the_way_out_is_named(
    shop: hd.Project, tmp_path: Path, things: ModuleType
) -> None:
    empty = hd.project(tmp_path / "empty")
    with pytest.raises(UsageError) as caught:
        empty.search("vase")
    assert caught.value.what.startswith("There is no finished run yet")
    assert caught.value.hint == "handful train"
    with pytest.raises(UsageError, match='There is no run "1999"'):
        shop.search("vase", run="1999")
    with pytest.raises(ConfigError, match="`top` must be 1 or more"):
        shop.search("vase", top=0)


def test_a_modality_that_the_run_does_not_know_is_named(things: ModuleType, tmp_path: Path) -> None:
    for number in range(12):
        things.photo(tmp_path / "photos" / f"{number}.png", number)
    project = hd.project(tmp_path / "shop")
    project.add(tmp_path / "photos")
    run = project.train(profile="fast")
    sound = things.tap(tmp_path / "a.wav", 0)
    with pytest.raises(InputError) as caught:
        project.search(sound)
    assert caught.value.what == (
        f'The run "{run.id}" learned from image only, so it cannot compare "{sound}".'
    )
    assert project.search("3").hits[0].item.key == "3"
