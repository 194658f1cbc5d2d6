"""What every request passes: who asks, how much, how long; and how refusals and faults look.

Bodies are read up to the cap and no further, and within a time, before anything looks at them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from handful.use.serve.keys import Key, Keys, shown_in
from handful.use.serve.metrics import Metrics
from handful.use.serve.quotas import Quotas
from handful.use.serve.refusals import Refusal
from handful.use.serve.settings import Config

log = logging.getLogger(__name__)

_LOCAL = ("localhost", "127.0.0.1", "[::1]", "::1", "testserver")

Endpoint = Callable[[Request], Awaitable[Response]]


def answer(content: Any, status: int = 200, headers: Any = None) -> Response:
    """Plain data as a response.

    Args:
        content: What orjson can write.
        status: Of HTTP.
        headers: Further ones.
    """
    return Response(orjson.dumps(content), status, headers, "application/json")


def refused(refusal: Refusal) -> Response:
    """A refusal as a response.

    Args:
        refusal: Why.
    """
    return answer({"error": refusal.body}, refusal.status, dict(refusal.headers))


class Door:
    """Looks at every request before a route does.

    Args:
        config: Limits.
        keys: Of the project.
        metrics: Where it counts.
    """

    def __init__(self, config: Config, keys: Keys, metrics: Metrics) -> None:
        self.config, self.keys, self.metrics = config, keys, metrics
        self.quotas = Quotas()
        self.is_closing = False

    def guard(self, route: str, scope: str, work: Endpoint) -> Endpoint:
        """A route behind the door.

        Args:
            route: Its name in the metrics.
            scope: What a key must be for; empty where none is asked for.
            work: What the route does.
        """

        async def guarded(request: Request) -> Response:
            start = time.perf_counter()
            try:
                if scope:
                    request.state.key = self.admit(request, scope)
                response = await work(request)
            except Refusal as refusal:
                self.metrics.add("rejected_total", reason=refusal.code)
                response = refused(refusal)
            except ClientDisconnect:
                response = Response(status_code=499)
            except Exception:
                log.exception("a fault in %s", route)
                response = refused(Refusal(500, "fault", "This is a fault of the server.", _REPORT))
            self.metrics.add("requests_total", route=route, code=str(response.status_code))
            self.metrics.see("request_duration_seconds", time.perf_counter() - start, route=route)
            return response

        return guarded

    def admit(self, request: Request, scope: str) -> Key | None:
        """Who asks; None where no key is asked for.

        Args:
            request: With its headers.
            scope: What is wanted.

        Raises:
            Refusal: 401, 403, 421 or 429.
        """
        if not self.keys.all():
            self._check_host(request)
            return None
        shown = shown_in(
            request.headers.get("authorization", ""), request.headers.get("x-api-key", "")
        )
        key = self.keys.admit(shown, scope)
        self.quotas.take(key, requests=1)
        return key

    async def body(self, request: Request) -> bytes:
        """The whole body, within the limits.

        Args:
            request: Whose body nobody has read.

        Raises:
            Refusal: 408, 413, 415, or 429 for a key that has sent enough.
        """
        coding = request.headers.get("content-encoding", "identity")
        if coding.lower() != "identity":
            raise Refusal(415, "encoded", f'The body is "{coding[:20]}".', "send it uncompressed")
        said = request.headers.get("content-length", "")
        most = self.config.body_bytes
        if said.isdigit() and int(said) > most:
            raise _too_large(int(said), most)
        chunks, size = [], 0
        try:
            async with asyncio.timeout(self.config.body_s):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > most:
                        raise _too_large(size, most)
                    chunks.append(chunk)
        except TimeoutError:
            what = f"The body did not come within {self.config.body_s:g} s."
            raise Refusal(408, "too_slow", what, "send less, or faster") from None
        self.metrics.add("received_bytes_total", size)
        key: Key | None = getattr(request.state, "key", None)
        if key:
            self.quotas.take(key, received=size)
        return b"".join(chunks)

    def until(self, request: Request) -> float:
        """Monotonic seconds until which an answer is wanted.

        Args:
            request: May carry `x-deadline-ms`.

        Raises:
            Refusal: 400 when that is no number.
        """
        wanted = request.headers.get("x-deadline-ms")
        within = self.config.deadline_s
        if wanted is not None:
            if not wanted.isascii() or not wanted.isdigit() or int(wanted) < 1:
                what = f'`x-deadline-ms` is "{wanted[:20]}".'
                raise Refusal(400, "deadline", what, "send whole milliseconds, 1 or more")
            within = min(within, int(wanted) / 1000)
        return time.monotonic() + within

    def _check_host(self, request: Request) -> None:
        """A web page may have a browser send requests here, but not call us by our name."""
        host = request.headers.get("host", "").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name not in (*_LOCAL, self.config.host.lower(), *self.config.hosts):
            raise Refusal(
                421, "host", f'This server is not called "{name[:60]}".',
                "add the name to `hosts` in serve.toml, or make a key: handful serve keys",
            )  # fmt: skip


def _too_large(size: int, most: int) -> Refusal:
    what = f"The body has {size:,} bytes or more, and {most:,} are allowed."
    return Refusal(413, "body_too_large", what, "send fewer or smaller files at once")


_REPORT = "please report it with the server's log"
