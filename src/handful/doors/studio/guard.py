"""Who may talk to the studio: this computer's own page, with the key of this start.

The server listens on loopback only. Any page in the same browser could still send requests there,
so three things must hold: the Host is ours (a name that was pointed at 127.0.0.1 is not), the
Origin, where a browser sends one, is ours, and the cookie holds the key that was in the address.
"""

from __future__ import annotations

import hmac
import json
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Sent with every answer; the browser itself then refuses whatever is not from this server."""


class Guard:
    """Lets requests through that hold the key; all others get a sentence.

    Args:
        app: What is guarded.
        key: Made anew at every start.
        port: Where the server listens.
    """

    def __init__(self, app: ASGIApp, key: str, port: int) -> None:
        self._app = app
        self._key = key
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._cookie = f"handful-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        given = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        refused = self._refusal(given)
        if refused:
            await _say(sending, 403, refused)
        elif self._is_key(parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]):
            await self._let_in(sending, scope["path"])
        elif not self._is_key(self._from_cookie(given.get("cookie", ""))):
            await _say(
                sending,
                403,
                "This page was opened by an earlier start of the studio, or without its key.",
            )
        else:
            await self._app(scope, receive, sending)

    def _refusal(self, given: dict[str, str]) -> str:
        """Why a request is refused whatever key it has; empty when it is not."""
        if given.get("host", "") not in self._hosts:
            return "The studio answers on 127.0.0.1 and localhost only."
        origin = given.get("origin")
        if origin is not None and origin not in {f"http://{host}" for host in self._hosts}:
            return "The studio answers its own page only."
        if given.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return "The studio answers its own page only."
        return ""

    def _is_key(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._key.encode())

    def _from_cookie(self, header: str) -> str:
        try:
            found = SimpleCookie(header).get(self._cookie)
        except CookieError:
            return ""
        return found.value if found else ""

    async def _let_in(self, send: Send, path: str) -> None:
        """Turn the key in the address into a cookie, so that it stays out of the history."""
        cookie = f"{self._cookie}={self._key}; Path=/; HttpOnly; SameSite=Strict"
        headers = [(b"location", path.encode()), (b"set-cookie", cookie.encode())]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def _say(send: Send, status: int, what: str) -> None:
    hint = "open the address that `handful studio` printed"
    body = json.dumps({"what": what, "hint": hint}).encode()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
