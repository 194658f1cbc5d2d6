"""Who made a release: an Ed25519 signature over its digest, by a key that belongs to the project.

keys/release.key  the private key, readable by its owner only; it never enters a release
    /release.pub  the public key, as 64 hexadecimal digits; give it to whoever shall check

The seal proves that a bundle is what its digest stands for; the signature, that the digest was
named by someone who holds the key. Both work offline. Signing twice gives the same bytes, so the
same run still gives the same release.
"""

from __future__ import annotations

import json
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handful.foundation.errors import ProjectError, UsageError, storage
from handful.foundation.project.atomic import write_json, write_text
from handful.foundation.project.lock import locked
from handful.use.release.seal import DIGEST, SIGNATURE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE, PUBLIC = "release.key", "release.pub"

_SIGNED = b"handful release 1\n"
_KEY, _SIGN = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{128}")


class Signed(StrEnum):
    """What the signature of a release says."""

    OURS = "signed"
    """By the key that was asked for."""
    UNSIGNED = "unsigned"
    """There is none."""
    OTHER = "signed by another key"
    """It fits the digest, and the key is not the one that was asked for."""
    BROKEN = "not validly signed"
    """It does not fit the digest, or cannot be read."""


def ensure_key(keys: Path) -> str:
    """The public key of a project; the pair is made when there is none.

    Args:
        keys: The project's `keys`.

    Returns:
        64 hexadecimal digits.

    Raises:
        ProjectError: When the private key is there and cannot be read.
        BusyError: When another process is making it.
        StorageError: When the disk refuses.
    """
    if not (keys / PRIVATE).is_file():
        with storage("make", keys):
            keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(keys / ".lock", "make a key"):
            if not (keys / PRIVATE).is_file():
                _make(keys)
    public = _public_of(_private(keys))
    if public_key(keys) != public:
        write_text(keys / PUBLIC, public + "\n")
    return public


def public_key(keys: Path) -> str:
    """The public key of a project, read from disk; empty when there is none.

    Args:
        keys: The project's `keys`.

    Raises:
        ProjectError: When the file holds no key.
        StorageError: When it may not be read.
    """
    path = keys / PUBLIC
    if not path.is_file():
        return ""
    with storage("read", path):
        text = path.read_text(encoding="utf-8", errors="replace").strip()
    if not _KEY.fullmatch(text):
        raise ProjectError(
            f'"{path}" holds no public key: 64 hexadecimal digits are expected.',
            "delete it; it is written again from the private key with the next release",
        )
    return text


def sign(folder: Path, digest: str, keys: Path) -> None:
    """Put the project's signature into a release; one that is signed already stays as it is.

    Args:
        folder: The release.
        digest: Its 64 hexadecimal digits, as checked.
        keys: The project's `keys`; the pair is made when there is none.

    Raises:
        ProjectError: When the private key cannot be read.
        UsageError: When it is signed by another key, or not validly.
        StorageError: When the disk refuses; the release is then as it was.
    """
    public = ensure_key(keys)
    found = signed(folder, digest, public)
    if found == Signed.UNSIGNED:
        content = {
            "kind": "signature",
            "algorithm": "ed25519",
            "key": public,
            "signature": _private(keys).sign(_message(digest)).hex(),
        }
        write_json(folder / SIGNATURE, content)
        with storage("write", folder / SIGNATURE):
            (folder / SIGNATURE).chmod(0o444)
    elif found != Signed.OURS:
        raise UsageError(
            f'The release "{digest[:12]}" is {found}, and it was not signed again.',
            f'look where it comes from; delete its "{SIGNATURE}" to sign it yourself',
        )


def signed(folder: Path, digest: str, key: str) -> Signed:
    """What the signature of a release says of its digest.

    Args:
        folder: The release.
        digest: What the signature must fit; checked against the files by `seal.verify`.
        key: The public key that is trusted; with an empty one no signature is ours.

    Raises:
        StorageError: When it may not be read.
    """
    path = folder / SIGNATURE
    if path.is_symlink() or (path.exists() and not path.is_file()):
        return Signed.BROKEN
    if not path.exists():
        return Signed.UNSIGNED
    with storage("read", path):
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        content = json.loads(text)
    except ValueError:
        return Signed.BROKEN
    if not _fits(content, digest):
        return Signed.BROKEN
    return Signed.OURS if content["key"] == key else Signed.OTHER


def require_signed(folder: Path, digest: str, key: str) -> None:
    """Refuse a release that the trusted key did not sign.

    Args:
        folder: The release.
        digest: Its 64 hexadecimal digits.
        key: The public key that is trusted.

    Raises:
        ProjectError: When it is unsigned, or signed by another key, or not validly.
        StorageError: When it may not be read.
    """
    found = signed(folder, digest, key)
    if found != Signed.OURS:
        raise ProjectError(
            f'The release "{digest[:12]}" is {found}, and `signing_required` is set in '
            "project.toml.",
            "make it here with `handful release`, which signs it with this project's key",
        )


def _make(keys: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    text = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    temporary = keys / f".unfinished-{os.getpid()}-{PRIVATE}"
    with storage("write", keys / PRIVATE):
        # Readable by nobody else from its first byte on.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(keys / PRIVATE)


def _private(keys: Path) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = keys / PRIVATE
    with storage("read", path):
        text = path.read_bytes()
    try:
        key = load_pem_private_key(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ProjectError(
            f'"{path}" holds no Ed25519 private key.',
            "restore it from a copy; without it, delete it: a new key is made, and releases "
            "signed so far count as signed by another key",
        )
    return key


def _public_of(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def _fits(content: Any, digest: str) -> bool:
    """Whether a signature's content is complete and fits the digest."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not isinstance(content, dict) or set(content) != {"kind", "algorithm", "key", "signature"}:
        return False
    key, signature = content["key"], content["signature"]
    if content["kind"] != "signature" or content["algorithm"] != "ed25519":
        return False
    if not isinstance(key, str) or not isinstance(signature, str):
        return False
    if not _KEY.fullmatch(key) or not _SIGN.fullmatch(signature) or not DIGEST.fullmatch(digest):
        return False
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signature), _message(digest))
    except (ValueError, InvalidSignature):
        return False
    return True


def _message(digest: str) -> bytes:
    return _SIGNED + digest.encode()
