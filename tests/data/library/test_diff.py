import json
from dataclasses import replace

from handful.data.library.ingest import ingest
from handful.data.library.items import Part, Rights, Split, Status
from handful.data.library.library import Library


def changes(diff):
    return {each.key: each.what for each in diff.changed}


def test_the_state_before_the_last_change_is_compared_with_now(library, item, label):
    first, _ = library.add([item("a", labels=(label(),)), item("b")])
    diff = library.diff()
    assert (diff.before, diff.after, diff.labels_said) == (1, 2, 1)
    assert [each.key for each in diff.added] == ["a", "b"]
    assert diff.added[0].id == first
    library.label({first: "jug"}, task="kind", annotator="ann")
    diff = library.diff()
    assert (diff.before, diff.after) == (2, 3)
    assert (diff.added, diff.gone) == ((), ())
    assert changes(diff) == {"a": ("kind cup → jug",)}
    assert (diff.labels_said, diff.labels_superseded, diff.labels_gone) == (1, 1, 0)


def test_backwards_is_the_mirror(library, item):
    (first,) = library.add([item("a")])
    library.label({first: "jug"}, task="kind", annotator="ann")
    library.add([item("b")])
    diff = library.diff(4, 2)
    assert [each.key for each in diff.gone] == ["b"]
    assert changes(diff) == {"a": ("kind jug → none",)}
    assert (diff.labels_said, diff.labels_superseded, diff.labels_gone) == (0, 0, 1)


def test_each_kind_of_change_has_its_words(library, item):
    image = Part(modality="image", content_sha256="i", path="/x.png")
    (first,) = library.add([item("a", parts={"image": image, **item("a").parts})])
    known = library.item(first)
    bad = replace(image, status=Status.QUARANTINED, reason="image/truncated")
    moved = replace(image, path="/y.png")
    words = item("a", text="other words").parts["text"]
    for changed, expected in [
        ({"parts": {**known.parts, "image": replace(image, content_sha256="j")}}, "image content"),
        ({"parts": {**known.parts, "image": bad}}, "image ok → quarantined"),
        ({"parts": {**known.parts, "image": moved}}, "image file, the content is the same"),
        ({"parts": {"text": known.parts["text"]}}, "image gone"),
        ({"parts": {**known.parts, "audio": Part(modality="audio")}}, "audio came"),
        ({"parts": {**known.parts, "text": words}}, "text content"),
        ({"group": "g"}, "group none → g"),
        ({"split": Split.TEST}, "split none → test"),
        ({"rights": Rights(licence="MIT")}, "rights CC0-1.0 → MIT"),
        (
            {"rights": replace(known.rights, holder="me")},
            "rights, the licence is the same",
        ),
        ({"revision": 7}, "read anew"),
    ]:
        with library.writing("mend") as writer:
            writer.commit(changed=[replace(known, **changed)])
        diff = library.diff(2)
        assert changes(diff) == {"a": (expected,)}, expected
    with library.writing("mend") as writer:
        writer.commit(changed=[replace(known, group="g", split=Split.TEST)])
    assert changes(library.diff(2)) == {"a": ("group none → g", "split none → test")}


def test_another_voice_that_says_the_same_is_told(library, item):
    (first,) = library.add([item("a")])
    library.label({first: "cup"}, task="kind", annotator="ann")
    library.label({first: "cup"}, task="kind", annotator="ben")
    diff = library.diff()
    assert changes(diff) == {"a": ("kind, the answer is the same",)}
    assert (diff.labels_said, diff.labels_superseded) == (1, 0)


def test_the_same_version_differs_in_nothing(library, item):
    library.add([item("a")])
    diff = library.diff(2, 2)
    assert list(diff.lines()) == []
    library.undo(1)
    library.undo()
    assert list(library.diff(2).lines()) == []


def test_the_first_version_is_compared_with_itself(library):
    assert (library.diff().before, library.diff().after) == (1, 1)


def test_an_older_version_is_compared_with_what_was_before_it(library, item):
    library.add([item("a")])
    library.add([item("b")])
    diff = Library.open(library.folder, 2).diff()
    assert (diff.before, diff.after) == (1, 2)


def test_lines_and_plain_data_say_the_same(library, tmp_path, note):
    for name in "abc":
        note(tmp_path / "source" / f"{name}.txt", f"the note {name}")
    ingest(library, tmp_path / "source", labels_from_folders="kind")
    note(tmp_path / "source" / "a.txt", "another note altogether")
    ingest(library, tmp_path / "source", labels_from_folders="kind")
    diff = library.diff(1)
    assert list(diff.lines()) == ["+ b", "+ c", "+ a"] or list(diff.lines()) == [
        "+ a",
        "+ b",
        "+ c",
    ]
    assert list(library.diff().lines()) == ["~ a: text content"]
    plain = json.loads(json.dumps(library.diff().as_dict()))
    assert plain["changed"][0]["what"] == ["text content"]
    assert plain["before"] == 2
