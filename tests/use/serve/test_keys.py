"""Who may ask: keys, their scopes and ends, and how much each may."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from handful.foundation.errors import ConfigError, UsageError
from handful.foundation.project import Project
from handful.use.serve.keys import Keys
from handful.use.serve.quotas import Bucket
from handful.use.serve.refusals import Refusal
from handful.use.serve.running import make_server
from handful.use.serve.settings import Config
from use.serve.conftest import JSON, Client


def test_only_the_hash_of_a_key_is_kept(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys")
    made = keys.make("shop window", scopes=["predict"])
    text = keys.path.read_text()
    assert made.secret not in text
    assert made.secret.rpartition("_")[2] not in text
    assert keys.path.stat().st_mode & 0o077 == 0
    assert Keys(tmp_path / "keys").admit(made.secret, "predict") == made.key


def test_what_does_not_count_opens_nothing(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    keys = Keys(tmp_path, now=lambda: now)
    made = keys.make("a", scopes=["predict"], days=1)
    for shown, scope, status, code in [
        ("", "predict", 401, "key_unknown"),
        ("hf_00000000_" + "a" * 43, "predict", 401, "key_unknown"),
        (
            made.secret[:-1] + ("a" if made.secret[-1] != "a" else "b"),
            "predict",
            401,
            "key_unknown",
        ),
        (made.secret, "metrics", 403, "key_scope"),
    ]:
        with pytest.raises(Refusal) as caught:
            keys.admit(shown, scope)
        assert (caught.value.status, caught.value.code) == (status, code)
    now += timedelta(days=2)
    with pytest.raises(Refusal, match=r"ended at 2026-01-02"):
        keys.admit(made.secret, "predict")
    other = keys.make("b")
    keys.revoke(other.key.id)
    with pytest.raises(Refusal, match="was revoked"):
        keys.admit(other.secret, "predict")
    with pytest.raises(UsageError, match="no key"):
        keys.revoke("12345678")


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "a\nb"}, {"scopes": ["all"]}, {"scopes": []}, {"days": -1},
     {"requests_per_minute": -1}],
)  # fmt: skip
def test_wrong_keys_are_not_made(tmp_path: Path, wrong: dict) -> None:
    keys = Keys(tmp_path / "keys")
    content: dict[str, Any] = {"name": "a", **wrong}
    with pytest.raises(ConfigError):
        keys.make(**content)
    assert not keys.path.exists()


def test_damaged_lines_open_nothing(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    made = keys.make("a")
    line = json.loads(keys.path.read_text())
    with keys.path.open("a") as file:
        file.write(json.dumps({**line, "id": "00000000", "scopes": "predict"}) + "\n{cut")
    assert [key.id for key in keys.all()] == [made.key.id]


def test_a_bucket_fills_evenly() -> None:
    now = 0.0
    bucket = Bucket(60, lambda: now)
    assert [bucket.take(1) for _ in range(60)] == [0.0] * 60
    assert bucket.take(1) == pytest.approx(1.0)
    now = 0.5
    assert bucket.take(1) == pytest.approx(0.5)
    now = 1.0
    assert bucket.take(1) == 0.0
    now = 1000.0
    assert bucket.take(10**9) == 0.0  # more than it holds empties a full one
    assert bucket.take(1) > 0


def test_from_the_first_key_on_nobody_is_answered_without_one(client: Client) -> None:
    ask = {"text": "a bowl"}
    assert client.post("/v1/predict", ask).status == 200
    keys = client.server.keys
    made = keys.make("a", scopes=["predict"], requests_per_minute=2)
    missing = client.post("/v1/predict", ask)
    assert (missing.status, missing.code) == (401, "key_missing")
    assert missing.headers["www-authenticate"] == "Bearer"
    shown = {**JSON, "authorization": f"Bearer {made.secret}", "host": "shop.example"}
    assert client.post("/v1/predict", ask, shown).status == 200
    other = {**JSON, "x-api-key": made.secret}
    assert client.post("/v1/predict", ask, other).status == 200
    over = client.post("/v1/predict", ask, shown)
    assert (over.status, over.code) == (429, "quota_requests")
    assert 1 <= int(over.headers["retry-after"]) <= 30
    assert client.get("/metrics", **shown).status == 403
    assert client.get("/v1/live").status == 200
    keys.revoke(made.key.id)
    assert client.post("/v1/predict", ask, shown).code == "key_revoked"


def test_bytes_have_a_quota_too(client: Client) -> None:
    made = client.server.keys.make("a", bytes_per_minute=1000)
    shown = {**JSON, "authorization": f"Bearer {made.secret}"}
    ask = {"text": "a bowl " * 100}
    assert client.post("/v1/predict", ask, shown).status == 200
    assert client.post("/v1/predict", ask, shown).code == "quota_bytes"


def test_other_machines_need_a_key(tmp_path: Path, serving: Callable[..., Client]) -> None:
    project = Project.create(tmp_path / "shop")
    with pytest.raises(UsageError, match="anybody who reaches this machine"):
        make_server(project, "champion", Config(host="0.0.0.0"))
    assert Config(host="::1").is_loopback
    assert not Config(host="shop.example").is_loopback
