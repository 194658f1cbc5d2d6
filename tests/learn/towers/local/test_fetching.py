"""Fetching a model folder from a server on this machine, with everything that can go wrong."""

import errno
import hashlib
import io
import tarfile
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from handful.foundation.errors import InputError, StorageError, UsageError
from handful.learn.towers.local import fetching
from handful.learn.towers.local.fetching import Source, ask, fetch, known, source_of
from handful.learn.towers.local.opening import open_folder
from tiny import models


class Server:
    """Serves bytes by name; may cut answers short, ignore ranges, or lead elsewhere."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.cut_after: int | None = None
        self.ignores_ranges = False
        self.knows_head = True
        self.leads_to = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                _ = format, args

            def do_HEAD(self) -> None:
                if not outer.knows_head:
                    self.send_error(405)
                    return
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def _answer(self, *, with_body: bool) -> None:
                wanted = self.headers.get("Range", "")
                outer.asked.append((self.command, self.path, wanted))
                if outer.leads_to:
                    self.send_response(302)
                    self.send_header("Location", outer.leads_to)
                    self.end_headers()
                    return
                data = outer.files.get(self.path)
                if data is None:
                    self.send_error(404)
                    return
                start = 0
                if wanted and not outer.ignores_ranges:
                    start = int(wanted.removeprefix("bytes=").rstrip("-"))
                    if start >= len(data):
                        self.send_error(416)
                        return
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                if with_body:
                    body = data[start:]
                    self.wfile.write(body if outer.cut_after is None else body[: outer.cut_after])

        self._http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def offers(self, data: bytes, name: str = "clip") -> Source:
        self.files[f"/{name}"] = data
        sha256 = hashlib.sha256(data).hexdigest()
        return Source(name=name, url=f"{self.url}/{name}", sha256=sha256)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def zipped(folder: Path, below: str = "", **more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, below + path.relative_to(folder).as_posix())
        for name, data in more.items():
            archive.writestr(below + name, data)
    return out.getvalue()


def tarred(folder: Path) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        archive.add(folder, "model")
    return out.getvalue()


@pytest.mark.parametrize(
    "pack", [zipped, tarred, lambda folder: zipped(folder, "clip-v2/")], ids=["zip", "tar", "one"]
)
def test_a_folder_is_fetched_proved_and_usable(
    shelf: Path, tmp_path: Path, server: Server, pack: Callable[[Path], bytes]
) -> None:
    source = server.offers(pack(shelf / "clip"))
    told: list[tuple[int, int]] = []
    into = tmp_path / "towers"
    assert ask(source, into).size_bytes == len(server.files["/clip"])
    assert not into.exists(), "asking leaves nothing"
    folder = fetch(source, into, on_bytes=lambda done, total: told.append((done, total)))
    assert folder == into / "clip"
    assert open_folder(folder).about.widths == {"text": 20, "image": 20}
    assert [path.name for path in into.iterdir()] == ["clip"]
    assert told[-1] == (len(server.files["/clip"]),) * 2


def test_a_download_goes_on_where_it_stopped(shelf: Path, tmp_path: Path, server: Server) -> None:
    data = zipped(shelf / "clip")
    source = server.offers(data)
    server.cut_after = len(data) // 3
    with pytest.raises(InputError, match="stopped") as caught:
        fetch(source, tmp_path)
    assert "goes on where it stopped" in caught.value.hint
    here = ask(source, tmp_path).here_bytes
    assert here == len(data) // 3
    server.cut_after = None
    fetch(source, tmp_path)
    assert server.asked[-1] == ("GET", "/clip", f"bytes={here}-")
    assert (tmp_path / "clip").is_dir()


def test_a_server_that_cannot_go_on_is_asked_from_the_start(
    shelf: Path, tmp_path: Path, server: Server
) -> None:
    data = zipped(shelf / "clip")
    source = server.offers(data)
    part = fetching._part(source, tmp_path)
    part.write_bytes(b"something else")
    server.ignores_ranges = True
    assert fetch(source, tmp_path).is_dir()


def test_a_part_that_is_too_long_is_fetched_anew(
    shelf: Path, tmp_path: Path, server: Server
) -> None:
    data = zipped(shelf / "clip")
    source = server.offers(data)
    fetching._part(source, tmp_path).write_bytes(data + b"more")
    assert fetch(source, tmp_path).is_dir()
    assert [asked[2] for asked in server.asked[-2:]] == [f"bytes={len(data) + 4}-", ""]


def test_another_hash_is_refused_and_the_file_is_deleted(
    shelf: Path, tmp_path: Path, server: Server
) -> None:
    source = server.offers(zipped(shelf / "clip"))
    wrong = Source(name="clip", url=source.url, sha256="0" * 64)
    with pytest.raises(InputError, match="is not what was named") as caught:
        fetch(wrong, tmp_path)
    assert source.sha256 in caught.value.what
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_what_came_is_kept(
    shelf: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = server.offers(zipped(shelf / "clip"))
    real = Path.open

    def full(self: Path, mode: str = "r", *args: Any, **given: Any) -> Any:
        file = real(self, mode, *args, **given)
        if self.suffix == ".part" and mode in ("ab", "wb"):

            class Full:
                def __enter__(self) -> "Full":
                    return self

                def __exit__(self, *_: object) -> None:
                    file.close()

                def write(self, chunk: bytes) -> None:
                    file.write(chunk[:1000])
                    raise OSError(errno.ENOSPC, "No space left on device")

            return Full()
        return file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(StorageError, match="the disk is full"):
            fetch(source, tmp_path)
    assert ask(source, tmp_path).here_bytes == 1000
    assert fetch(source, tmp_path).is_dir()


def test_a_disk_that_is_too_small_is_said_before_anything_comes(
    shelf: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = server.offers(zipped(shelf / "clip"))
    monkeypatch.setattr(fetching, "disk_free_bytes", lambda path: 1000)
    with pytest.raises(StorageError, match=r"needs .* for a while") as caught:
        fetch(source, tmp_path)
    assert "--into" in caught.value.hint
    assert [asked[0] for asked in server.asked] == ["HEAD"]


def test_code_and_pickles_stay_in_the_archive(shelf: Path, tmp_path: Path, server: Server) -> None:
    data = zipped(shelf / "clip", **{"evil.py": b"boom", "pytorch_model.bin": b"x", "run.sh": b"x"})
    folder = fetch(server.offers(data), tmp_path)
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in (shelf / "clip").iterdir()}


def escaping(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "{}")
        archive.writestr("config.json", "{}")
    return out.getvalue()


def linking() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("config.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.safetensors", b"\0" * (80 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no archive", "no whole ZIP or TAR"),
        (b"", "no whole ZIP or TAR"),
        (escaping("../outside.json"), "a place outside of it"),
        (escaping("/tmp/outside.json"), "a place outside of it"),
        (linking(), "neither config.json nor modules.json"),
        (bomb(), "as no model does"),
    ],
    ids=["rubbish", "empty", "above", "absolute", "link", "bomb"],
)
def test_an_archive_that_is_no_model_leaves_nothing(
    tmp_path: Path, server: Server, data: bytes, said: str
) -> None:
    into = tmp_path / "towers"
    with pytest.raises(InputError) as caught:
        fetch(server.offers(data), into)
    assert said in caught.value.what
    assert caught.value.what.startswith("The archive cannot be used.")
    assert [path for path in into.iterdir() if path.suffix != ".part"] == []
    assert [path.name for path in tmp_path.iterdir()] == ["towers"]


def test_a_pickled_model_in_an_archive_is_refused(
    shelf: Path, tmp_path: Path, server: Server
) -> None:
    folder = models.copy_of(shelf / "clip", tmp_path / "clip")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="it has no weights"):
        fetch(server.offers(zipped(folder)), tmp_path / "towers")


def test_what_servers_say_becomes_a_sentence(tmp_path: Path, server: Server) -> None:
    missing = Source(name="x", url=f"{server.url}/none", sha256="0" * 64)
    with pytest.raises(InputError, match="the server says 404"):
        ask(missing, tmp_path)
    nobody = Source(name="x", url="http://127.0.0.1:9/none", sha256="0" * 64)
    with pytest.raises(InputError, match="stopped"):
        ask(nobody, tmp_path)
    server.knows_head = False
    server.files["/x"] = b"abc"
    silent = Source(name="x", url=f"{server.url}/x", sha256="0" * 64)
    assert ask(silent, tmp_path).size_bytes is None
    server.leads_to = "file:///etc/passwd"
    with pytest.raises(InputError, match=r"not safe|302|stopped"):
        fetch(silent, tmp_path)


def test_a_folder_that_is_there_is_never_replaced(tmp_path: Path, server: Server) -> None:
    (tmp_path / "clip").mkdir()
    with pytest.raises(UsageError, match="already"):
        fetch(server.offers(b"x"), tmp_path)
    assert server.asked == []


@pytest.mark.parametrize(
    ("name", "url", "sha256", "said"),
    [
        ("clip", "https://example.org/x", "", "go together"),
        ("clip", "", "0" * 64, "go together"),
        ("clip", "", "", "is not known by name"),
        ("../clip", "https://example.org/x", "0" * 64, "cannot name a folder"),
        (".clip", "https://example.org/x", "0" * 64, "cannot name a folder"),
        ("clip", "file:///etc/passwd", "0" * 64, "no address to fetch from"),
        ("clip", "ftp://example.org/x", "0" * 64, "no address to fetch from"),
        ("clip", "https://", "0" * 64, "no address to fetch from"),
        ("clip", "https://example.org/x", "0" * 63, "no SHA-256"),
        ("clip", "https://example.org/x", "g" * 64, "no SHA-256"),
    ],
)
def test_what_is_named_by_half_is_refused(name: str, url: str, sha256: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        source_of(name, url, sha256)


def test_names_that_ship_carry_a_hash_and_terms() -> None:
    for name, source in known().items():
        assert source.name == name
        assert source.licence
        assert source.url.startswith("https://")


@pytest.mark.parametrize("to", ["http://example.org/x", "file:///etc/passwd", "ftp://example.org"])
def test_an_https_address_never_leads_to_anything_less_safe(to: str) -> None:
    first = urllib.request.Request("https://example.org/x")
    with pytest.raises(urllib.error.URLError, match="not safe"):
        fetching._Redirects().redirect_request(first, None, 302, "Found", {}, to)
