import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handful import __version__
from handful.doors.cli import app
from handful.doors.cli.verbs import GROUPS, VERBS, Verb
from handful.foundation.errors import FindingError


def test_the_overview_shows_at_most_ten_verbs_in_four_groups() -> None:
    assert len(GROUPS) == 4
    shown = [verb for verb in VERBS if verb.group in GROUPS]
    assert len(shown) <= 10
    assert {verb.group for verb in VERBS} <= {*GROUPS, "housekeeping"}
    text = app.overview()
    assert all(f"handful {verb.name} " in text for verb in shown)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_goes_to_standard_output(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(words) == 0
    out, err = capsys.readouterr()
    assert out.startswith("handful ")
    assert err == ""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["--version"]) == 0
    assert capsys.readouterr().out == f"handful {__version__}\n"
    assert app.main(["--version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == __version__


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nwe"], 'There is no verb "nwe".\nhint: did you mean `new`?'),
        (["--hepl"], 'There is no option "--hepl".'),
        (["new"], "`handful new` needs FOLDER.\nhint: `handful new --help`"),
        (["new", "x", "--name"], "needs a value after --name"),
        (["new", "x", "--nam", "y"], "Did you mean --name?"),
        (["new", "x", "y"], 'does not know what to do with "y"'),
    ],
)
def test_wrong_words_get_a_sentence_with_a_way_out_and_code_2(
    words: list[str],
    expected: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert expected in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_finding_leaves_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(words: list[str], console: object) -> int:
        raise FindingError("The gate failed.", "look at it")

    monkeypatch.setattr(app, "run", find)
    assert app.main(["new"]) == 1
    assert capsys.readouterr().err == "finding: The gate failed.\nhint: look at it\n"


def test_a_fault_of_ours_is_called_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(words: list[str], console: object) -> int:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(app, "run", break_down)
    assert app.main(["new"]) == app.FAULT
    err = capsys.readouterr().err
    assert "fault in Handful" in err
    assert "Traceback" in err


def test_flags_stand_anywhere_and_stop_at_two_dashes() -> None:
    flags, rest = app.take_flags(["new", "--json", "x", "--no-colour", "--", "--quiet"])
    assert flags == app.Flags(json="document", colour=False)
    assert rest == ["new", "x", "--", "--quiet"]
    assert app.take_flags(["--json=events", "--quiet", "--debug"])[0] == app.Flags(
        json="events", is_quiet=True, is_debug=True
    )


def test_an_error_is_json_for_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert app.main(["new", str(tmp_path / "shop"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["project"] == str(tmp_path / "shop")
    assert app.main(["new", str(tmp_path / "shop"), "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert document["error"]["exit_code"] == 2


def test_two_word_verbs_have_their_own_file() -> None:
    assert Verb("release list", "housekeeping", "").target == (
        "handful.doors.cli.release_list:release_list"
    )


def test_no_verb_is_imported_for_help_and_no_torch_ever() -> None:
    script = (
        "import sys; from handful.doors.cli.app import main; main(['--help']);"
        "heavy = {'torch', 'numpy', 'rich', 'cyclopts', 'handful.doors.cli.new'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_ctrl_c_leaves_a_sentence_and_the_shells_code(tmp_path: Path) -> None:
    script = (
        "import signal, sys, time; from handful.doors.cli import app\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # shells may have it ignored
        "def wait(words, console):\n"
        "    print('ready', flush=True); time.sleep(30)\n"
        "app.run = wait; sys.exit(app.main(['new']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    try:
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == app.INTERRUPTED
    assert "Stopped. What was finished is kept." in err
    assert "Traceback" not in err


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m handful --help | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("handful ")
    assert done.stderr == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_without_permission_it_is_said_so(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o700)
    for parent in [tmp_path, *tmp_path.parents]:
        if not parent.stat().st_mode & 0o001:
            pytest.skip("the folder for tests is closed to others")
    script = (
        "import os, sys; from pathlib import Path; from handful.doors.cli.app import main\n"
        "import handful.doors.cli.new, cyclopts\n"
        f"os.setuid(65534); sys.exit(main(['new', {str(locked / 'shop')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "permission was denied" in done.stderr
    assert "Traceback" not in done.stderr
