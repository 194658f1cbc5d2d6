"""Hostile archives, and hostile names in folders: what becomes of each member."""

from __future__ import annotations

import io
import os
import pickle
import socket
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Literal

from hostile.cases import photo, picture

BOMB = bytes(30_000_000)

MEMBERS: dict[str, tuple[bytes, str]] = {
    "good.png": (picture("PNG"), ""),
    "cut.png": (picture("PNG")[:-9], "image/truncated"),
    "../outside.png": (b"x", "archive/unsafe_name"),
    "a/../../outside.png": (b"x", "archive/unsafe_name"),
    "/etc/outside.png": (b"x", "archive/unsafe_name"),
    "C:/outside.png": (b"x", "archive/unsafe_name"),
    "..\\outside.png": (b"x", "archive/unsafe_name"),
    "model.pkl": (pickle.dumps({"never": "loaded"}), "file/unknown_type"),
    "code.pyd": (b"MZ", "file/unknown_type"),
    "pickled.png": (pickle.dumps({"never": "loaded"}), "image/not_recognised"),
    "inner.zip": (b"PK\x05\x06" + bytes(18), "file/archive"),
    "rows.csv": (b"a,b\n", "file/table"),
    "__MACOSX/._good.png": (b"x", "file/hidden"),
    "line\nbreak.png": (picture("PNG", photo().rotate(5)), ""),
    "turned\u202egnp.round.png": (picture("PNG", photo().rotate(6)), ""),
    "x" * 300 + ".png": (picture("PNG", photo().rotate(7)), ""),
    "\U0001f3fa.png": (picture("PNG", photo().rotate(8)), ""),
    "e\u0301.png": (picture("PNG", photo().rotate(9)), ""),
    "\u00e9.png": (picture("PNG", photo().rotate(10)), ""),
    "CASE.png": (picture("PNG", photo().rotate(11)), ""),
    "case.png": (picture("PNG", photo().rotate(12)), ""),
    "empty.png": (b"", "file/empty"),
}
"""Name to content, and the code it gets; none where it is taken as it is."""


def write_zip(path: Path) -> dict[str, str]:
    """All of them in a ZIP, with what only a ZIP can do; returns name to expected code."""
    expected = {name: code for name, (_, code) in MEMBERS.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (data, _) in MEMBERS.items():
            archive.writestr(zipfile.ZipInfo(name), data)
        archive.writestr("bomb.png", BOMB)
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("nul_name.png", b"x")
    data = path.read_bytes().replace(b"nul_name.png", b"nul\x00name.png")
    path.write_bytes(data)
    return expected | {
        "bomb.png": "archive/too_dense",
        "link.png": "archive/unsafe_name",
        "nul": "archive/unsafe_name",
    }


def write_tar(path: Path, mode: Literal["w", "w:gz"]) -> dict[str, str]:
    """All of them in a TAR, with what only a TAR can do; returns name to expected code."""
    expected = {name: code for name, (_, code) in MEMBERS.items()}
    odd = {
        "link.png": (tarfile.SYMTYPE, "/etc/passwd"),
        "round": (tarfile.SYMTYPE, "round"),
        "hard.png": (tarfile.LNKTYPE, "good.png"),
        "pipe.png": (tarfile.FIFOTYPE, ""),
        "device.png": (tarfile.BLKTYPE, ""),
    }
    with tarfile.open(path, mode) as archive:
        for name, (data, _) in MEMBERS.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, (kind, link) in odd.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            archive.addfile(info)
    return expected | dict.fromkeys(odd, "archive/not_a_file")


def write_folder(folder: Path, outside: Path) -> dict[str, str]:
    """What a folder can do; returns name to expected code."""
    outside.mkdir()
    (outside / "secret.png").write_bytes(picture("PNG", photo().rotate(20)))
    folder.mkdir()
    expected = {}
    for name, (data, code) in MEMBERS.items():
        if "/" in name or ":" in name or "\\" in name or len(name) > 200:
            continue
        (folder / name).write_bytes(data)
        expected[name] = code
    (folder / ("y" * 251 + ".png")).write_bytes(picture("PNG", photo().rotate(21)))
    (folder / "round").symlink_to(folder)
    (folder / "itself.png").symlink_to(folder / "itself.png")
    (folder / "out.png").symlink_to(outside / "secret.png")
    (folder / "up").symlink_to(outside)
    (folder / "nowhere.png").symlink_to("nowhere at all")
    os.mkfifo(folder / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(folder)  # the address of a socket may have 107 bytes, and this folder has more
        server.bind("socket.wav")
        os.chdir(here)
    (folder / ".hidden.png").write_bytes(b"x")
    return expected | {
        "y" * 251 + ".png": "",
        "round": "file/linked_folder",
        "up": "file/linked_folder",
        "itself.png": "file/link_outside",
        "out.png": "file/link_outside",
        "nowhere.png": "file/link_outside",
        "pipe.png": "file/not_a_file",
        "socket.wav": "file/not_a_file",
        ".hidden.png": "file/hidden",
    }
