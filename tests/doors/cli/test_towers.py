"""`handful towers`: what is listed, fetched only when told, and compared."""

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import handful as hd
from handful.doors.cli import towers_list
from handful.doors.cli.app import main
from tiny import models
from use.explore.things import make_shop


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models.need_libraries()
    return models.folders(tmp_path_factory.getbasetemp())


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> hd.Project:
    project = hd.project(tmp_path / "shop")
    monkeypatch.chdir(project.folder)
    monkeypatch.delenv("HANDFUL_TOWERS", raising=False)
    return project


@pytest.fixture
def address(shelf: Path) -> Iterator[tuple[str, str]]:
    """Where a ZIP of the tiny CLIP lies, and its hash."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted((shelf / "clip").iterdir()):
            archive.write(path, path.name)
    data = out.getvalue()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            _ = format, args

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(data)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/clip.zip", hashlib.sha256(data).hexdigest()
    server.shutdown()
    server.server_close()
    thread.join()


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return json.loads(capsys.readouterr().out)


def test_the_list_needs_no_project_and_no_second_word(
    shelf: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDFUL_TOWERS", str(shelf))
    for words in (["towers"], ["towers", "list"], ["towers", str(shelf)]):
        assert main(words) == 0
        captured = capsys.readouterr()
        out, err = captured.out, captured.err
        assert "fisher_colour" in out
        assert "sentence_transformers" in out
        assert "mit" in out
        assert "of no family that is known" in err
        assert "8 model folders can be used here, 1 cannot." in err


def test_places_come_from_the_project_its_settings_and_the_environment(
    shelf: Path, shop: hd.Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models.copy_of(shelf / "clip", shop.folder / "towers" / "mine")
    models.copy_of(shelf / "minilm", tmp_path / "models" / "named")
    text = (shop.folder / "project.toml").read_text()
    models_at = json.dumps(str(tmp_path / "models"))
    (shop.folder / "project.toml").write_text(f"towers = [{models_at}]\n{text}")
    assert main(["towers", "--json"]) == 0
    listed = told(capsys)["towers"]
    assert isinstance(listed, list)
    assert {each["name"]: each["modalities"] for each in listed} == {
        "mine": ["text", "image"],
        "named": ["text"],
    }
    assert hd.project(shop.folder).wanted_towers({"text": "named"}) == (
        f"text={tmp_path / 'models' / 'named'}",
    )


def test_speed_is_measured_when_asked(
    shelf: Path,
    shop: hd.Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(towers_list, "tower_speed", lambda tower: 123.0)
    models.copy_of(shelf / "clip", shop.folder / "towers" / "clip")
    broken = models.copy_of(shelf / "clip", shop.folder / "towers" / "broken")
    models.change_weights(
        broken / "model.safetensors", lambda a: a["logit_scale"].__imul__(float("nan"))
    )
    assert main(["towers", "--time", "--json"]) == 0
    listed = told(capsys)["towers"]
    assert isinstance(listed, list)
    found = {each["name"]: each for each in listed}
    assert found["clip"]["per_second"]["image"] > 0
    assert "no numbers" in found["broken"]["why_not"]


def test_without_the_libraries_the_install_line_is_named(
    shelf: Path,
    shop: hd.Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(towers_list, "missing_libraries", lambda: ["transformers"])
    assert main(["towers", str(shelf / "clip")]) == 0
    assert 'pip install "handful[towers]"' in capsys.readouterr().err


def test_fetching_shows_first_and_fetches_when_told(
    shop: hd.Project, address: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    url, sha256 = address
    words = ["towers", "get", "tiny", "--from", url, "--sha256", sha256]
    assert main(words) == 0
    captured = capsys.readouterr()
    assert sha256 in captured.out
    assert "KiB" in captured.out
    assert "licence" in captured.out
    assert "Nothing was fetched." in captured.err
    assert f"next: handful towers get tiny --from {url} --sha256 {sha256} --yes" in captured.err
    assert not (shop.folder / "towers").exists()
    assert main([*words, "--yes"]) == 0
    captured = capsys.readouterr()
    assert "tiny is here: it reads text and image; its licence is mit." in captured.err
    assert "--tower text=tiny" in captured.err
    assert (shop.folder / "towers" / "tiny" / "model.safetensors").is_file()
    assert main(words) == 2
    assert "already" in capsys.readouterr().err


def test_a_wrong_hash_leaves_nothing(
    shop: hd.Project, address: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "models"
    words = ["towers", "get", "tiny", "--from", address[0], "--sha256", "0" * 64]
    assert main([*words, "--into", str(into), "--yes"]) == 2
    assert "The file was deleted." in capsys.readouterr().err
    assert list(into.iterdir()) == []


def test_weight_free_encoders_are_compared_without_any_model_folder(
    shop: hd.Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = make_shop(tmp_path / "files")
    shop.add(table, columns={"labels": ["kind"], "text": ["note"]})
    assert main(["towers", "compare", "--labels", "kind", "--json"]) == 0
    comparison = told(capsys)["comparison"]
    assert isinstance(comparison, dict)
    assert comparison["judged_by"] == "labels"
    assert main(["towers", "compare", "--labels", "kidn"]) == 2
    assert "did you mean `kind`" in capsys.readouterr().err


def test_an_empty_library_cannot_be_compared(
    shop: hd.Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["towers", "compare"]) == 2
    assert "too few to compare towers on" in capsys.readouterr().err
