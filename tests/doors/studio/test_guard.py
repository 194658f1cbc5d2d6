"""Only this computer's own page, with the key of this start, is answered."""

from types import ModuleType
from typing import Any

import pytest


def test_the_key_in_the_address_becomes_a_cookie(app: Any, asking: ModuleType) -> None:
    host = {"host": f"127.0.0.1:{asking.PORT}"}
    said = asking.ask(app, f"/?key={asking.KEY}", headers=host)
    assert said.status == 303
    assert said.headers["location"] == "/"
    assert "HttpOnly; SameSite=Strict" in said.headers["set-cookie"]
    cookie = said.headers["set-cookie"].partition(";")[0]
    assert asking.ask(app, "/api/state", headers={**host, "cookie": cookie}).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"cookie": ""},
        {"cookie": "handful-4321=another"},
        {"host": "evil.example"},
        {"host": "127.0.0.1:1"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_others_are_refused(
    app: Any, asking: ModuleType, change: dict[str, str], method: str
) -> None:
    headers = {**asking.OURS, **change}
    path = "/api/state" if method == "GET" else "/api/sample"
    said = asking.ask(app, path, method=method, headers=headers)
    assert said.status == 403
    assert "handful studio" in said.data["hint"]


def test_a_wrong_key_in_the_address_is_refused(app: Any, asking: ModuleType) -> None:
    headers = {"host": asking.OURS["host"]}
    assert asking.ask(app, "/?key=guess", headers=headers).status == 403


def test_every_answer_forbids_what_is_not_ours(app: Any, asking: ModuleType) -> None:
    for path in ("/", "/api/state", "/nowhere"):
        policy = asking.ask(app, path).headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
