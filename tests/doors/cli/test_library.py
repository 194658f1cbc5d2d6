import json
from pathlib import Path

import pytest

import handful as hd
from handful.doors.cli.app import main, overview


@pytest.fixture
def shop(tmp_path: Path) -> hd.Project:
    """Made, filled from a table, and one answer corrected: versions 1 to 3."""
    table = tmp_path / "pots.csv"
    table.write_text("id,text,kind\np1,a blue mug,mug\np2,a wide bowl,mug\n", encoding="utf-8")
    project = hd.project(tmp_path / "shop")
    project.add(table, columns={"id": "id", "text": ["text"], "labels": ["kind"]})
    project.label("p2", "bowl", task="kind")
    return project


@pytest.fixture
def say(shop: hd.Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "400")  # a line of a table is a line, however long the path

    def run(*words: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main(["library", *words, "--project", str(shop.folder)]) == code
        return capsys.readouterr()

    return run


def document(say, *words: str, code: int = 0):
    return json.loads(say(*words, "--json", code=code)[0])


def test_the_overview_names_it_once() -> None:
    named = overview().split("Housekeeping:")[1].split("More about")[0]
    assert named.replace("\n", " ").split().count("library,") == 1


def test_history_lists_every_version_with_what_made_it(say, shop, tmp_path) -> None:
    shop.items.tag("corrected")
    out, err = say("history")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["1", "2", "3"]
    assert f"add {tmp_path / 'pots.csv'}" in lines[3]
    assert "+2      +2" in lines[3]
    assert "label kind by me" in lines[4]
    assert lines[4].endswith("corrected")
    assert "3 versions in 3 changes." in err
    versions = document(say, "history")["versions"]
    assert [each["version"] for each in versions] == [1, 2, 3]
    assert versions[1]["added"] == versions[1]["labels"] == 2
    assert versions[2]["tags"] == ["corrected"]
    assert all(each["bytes"] is not None for each in versions)


def test_history_can_be_cut_and_says_so(say) -> None:
    out, err = say("history", "--lines", "1")
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["3"]
    assert "and 2 older lines; --lines 3" in err


def test_a_long_change_is_one_line_and_every_shows_all(say, shop, tmp_path) -> None:
    with shop.items.writing("mend") as writer:
        for item in shop.items.items():
            writer.commit(changed=[item])
    assert "4 to 5" in say("history")[0]
    out, err = say("history", "--every")
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["1", "2", "3", "4", "5"]
    assert "5 versions in 4 changes." in err


def test_undo_says_what_was_undone_and_undoes_itself(say, shop) -> None:
    digest = shop.items.digest()
    err = say("undo")[1]
    assert "Undid `label kind by me`." in err
    assert "The library is version 2 again, as version 4: 1 label fewer." in err
    assert {item.key: item.label("kind") for item in shop.items.items()}["p2"] == "mug"
    assert document(say, "undo")["digest"] == digest == shop.items.digest()
    assert "version 1 again, as version 6: 2 items gone, 3 labels fewer." in say("undo", "1")[1]


def test_diff_counts_first_and_then_names_items(say) -> None:
    out, _ = say("diff")
    assert out.splitlines() == [
        "From version 2 to 3: 0 items added, 0 gone, 1 changed; 1 label said, 0 superseded, "
        "0 undone.",
        "~ p2: kind mug → bowl",
    ]
    out, err = say("diff", "1", "3", "--lines", "1")
    assert out.splitlines()[1:] == ["+ p1"]
    assert "and 1 more item; --lines 2 shows all" in err
    diff = document(say, "diff", "1", "--lines", "1")["diff"]
    assert [each["key"] for each in diff["added"]] == ["p1", "p2"]
    assert (diff["before"], diff["after"], diff["labels_said"]) == (1, 3, 3)


def test_tags_are_given_listed_and_taken_away(say, shop) -> None:
    assert "0 tags." in say("tag")[1]
    assert 'Version 2 is called "first" and will not be trimmed.' in say("tag", "first", "2")[1]
    assert 'Version 3 is called "now"' in say("tag", "now")[1]
    assert document(say, "tag")["tables"]["tags"] == [
        {"tag": "first", "version": 2},
        {"tag": "now", "version": 3},
    ]
    assert "Version 2 again" not in say("undo", "first")[1]
    assert 'Version 2 is no longer called "first".' in say("tag", "first", "--remove")[1]
    assert shop.items.tags() == {"now": 3}


def test_trim_shows_first_and_deletes_when_told_so(say, shop) -> None:
    shop.items.tag("first", 2)
    out, err = say("trim")
    assert [line.split(maxsplit=1) for line in out.splitlines()[3:]] == [
        ["2", 'tag "first"'],
        ["3", "the newest"],
    ]
    assert "A trim would delete 1 old version and the" in err
    assert "next: handful library trim --yes" in err
    assert len(shop.items.history()) == 3
    assert not any(each.is_trimmed for each in shop.items.history())
    cost = document(say, "trim")["trimming"]
    done = document(say, "trim", "--yes")["trimming"]
    assert (done["bytes"], done["versions"]) == (cost["bytes"], [1])
    assert (cost["is_done"], done["is_done"]) == (False, True)
    assert "(trimmed)" in say("history")[0]
    assert "History costs nothing that a trim could free." in say("trim")[1]
    err = say("undo", "1", code=2)[1]
    assert "was trimmed on" in err
    assert 'left are 2 (tag "first") and 3' in err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["undo", "9"], "The library has no version 9; it has 1 to 3."),
        (["undo", "corected"], "did you mean `corrected`?"),
        (["diff", "corected"], "did you mean `corrected`?"),
        (["tag", "now", "corected"], "did you mean `corrected`?"),
        (["tag", "corected", "--remove"], "did you mean `corrected`?"),
        (["tag", "a b"], "begins with a letter"),
        (["tag", "corrected", "1"], 'The tag "corrected" names version 3 already.'),
        (["tag", "--remove"], "which tag to remove"),
        (["tag", "corrected", "2", "--remove"], "by its name alone"),
        (["trim", "--keep", "0"], "At least 1 change is kept"),
        (["undo", "3"], "Version 3 is what the library holds now."),
    ],
)
def test_wrong_words_get_a_sentence_with_a_way_out(say, shop, words, expected) -> None:
    shop.items.tag("corrected")
    before = shop.items.version
    out, err = say(*words, code=2)
    assert out == ""
    assert expected in err
    assert "Traceback" not in err
    assert shop.items.version == before


def test_an_empty_library_has_nothing_to_undo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hd.project(tmp_path / "empty")
    assert main(["library", "undo", "--project", str(tmp_path / "empty")]) == 2
    assert "nothing to undo: the library is as it was made" in capsys.readouterr().err
    assert main(["library", "diff", "--project", str(tmp_path / "empty")]) == 0
    assert "From version 1 to 1: 0 items added" in capsys.readouterr().out


def test_nothing_is_trimmed_while_somebody_writes(say, shop) -> None:
    with shop.items.writing("add"):
        err = say("trim", "--yes", code=2)[1]
        assert "is busy: process" in err
        assert "runs `add`" in err
        say("history"), say("diff"), say("trim")


def test_without_a_subcommand_the_help_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name}: " in out for name in ("history", "undo", "tag", "diff", "trim"))
    assert main(["library", "hsitory"]) == 2
    assert 'Did you mean "history"?' in capsys.readouterr().err
