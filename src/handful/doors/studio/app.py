"""The studio as one web application: the page, its pictures and sounds, and the API in JSON.

Every button of the page calls one address below `/api`, and each of these one method of `Project`.
Other programs may use them too: send the cookie that the printed address gives.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import handful
from handful.data.library.thumbnails import Thumbnails
from handful.data.modalities.reading import Unreadable
from handful.data.operators.thumbnail import of_picture
from handful.doors.python import Project
from handful.doors.studio.desk import Desk
from handful.doors.studio.guard import Guard
from handful.doors.studio.plain import plain
from handful.doors.studio.view import Filter
from handful.foundation.errors import HandfulError, InputError, UsageError

STATIC = Path(__file__).parent / "static"
MOST_BYTES = 64_000_000
"""Of a file that is dropped on the page to look for alike ones."""
_TICK_S = 0.3
_KEPT = {"Cache-Control": "private, max-age=86400, immutable"}

Handler = Callable[[Request], Awaitable[Response]]


def build(project: Project, key: str, port: int) -> Guard:
    """The application for one project.

    Args:
        project: What it shows and changes.
        key: Of this start; in the address that is printed.
        port: Where it listens.
    """
    desk = Desk(project)
    pages = Pages(desk)
    routes = [
        Route("/api/state", pages.state),
        Route("/api/events", pages.events),
        Route("/api/items", pages.items),
        Route("/api/{read}", pages.read),
        Route("/api/{act}", pages.act, methods=["POST"]),
        Route("/picture/{content}", pages.picture),
        Route("/media/{item}/{kind}", pages.media),
        Mount("/", StaticFiles(directory=STATIC, html=True)),
    ]
    handlers: Any = {HandfulError: _told}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), key, port)


class Pages:
    """Turns requests into calls of the desk.

    Args:
        desk: Does the work.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def state(self, request: Request) -> Response:
        """What every page's frame shows."""
        return JSONResponse(await run_in_threadpool(self._state))

    async def events(self, request: Request) -> Response:
        """The same whenever something changes, as server-sent events."""
        return StreamingResponse(self._follow(), media_type="text/event-stream")

    async def items(self, request: Request) -> Response:
        """A window of cards."""
        given = request.query_params
        wanted = Filter(*(given.get(name, "") for name in Filter._fields))
        start, count = _number(given.get("start", "0")), _number(given.get("count", "60"))
        return JSONResponse(await run_in_threadpool(self._desk.view.window, wanted, start, count))

    async def read(self, request: Request) -> Response:
        """What a page asks for."""
        name = request.path_params["read"]
        if name not in self._desk.reads:
            raise UsageError(f'There is nothing called "{name}" to read.')
        given = dict(request.query_params)
        return JSONResponse(await run_in_threadpool(self._desk.reads[name], given))

    async def act(self, request: Request) -> Response:
        """What a button does."""
        name = request.path_params["act"]
        if name == "find":
            return JSONResponse(await self._find(request))
        if name not in self._desk.acts:
            raise UsageError(f'There is no button called "{name}".')
        try:
            given = json.loads(await _body(request, 1_000_000) or b"{}")
        except ValueError:
            raise UsageError("The request is not JSON.") from None
        if not isinstance(given, dict):
            raise UsageError("The request is not a JSON object.")
        return JSONResponse(await run_in_threadpool(self._desk.acts[name], given))

    async def picture(self, request: Request) -> Response:
        """The small form of a picture."""
        content = request.path_params["content"]
        data = await run_in_threadpool(self._small, content, request.query_params.get("item", ""))
        return Response(data, media_type="image/jpeg", headers=_KEPT)

    async def media(self, request: Request) -> Response:
        """A file of an item as it is."""
        item = request.path_params["item"]
        found = await run_in_threadpool(self._file, item, request.path_params["kind"])
        if isinstance(found[0], Path):
            return FileResponse(found[0], media_type=found[1])
        return Response(found[0], media_type=found[1])

    def _state(self) -> dict[str, Any]:
        job = self._desk.jobs.latest
        return {
            "name": self._desk.project.name,
            "handful": handful.__version__,
            "job": job.as_dict() if job else None,
            **self._desk.view.overview(),
        }

    async def _follow(self) -> AsyncIterator[str]:
        before: object = None
        while True:
            with contextlib.suppress(HandfulError):  # told where it was asked for; again next time
                now = (self._desk.jobs.changes, await run_in_threadpool(self._desk.version))
                if now != before:
                    told = json.dumps(await run_in_threadpool(self._state))
                    before = now
                    yield f"data: {told}\n\n"
            if self._desk.jobs.is_busy:
                self._desk.jobs.touch()
            await asyncio.sleep(_TICK_S)

    async def _find(self, request: Request) -> dict[str, Any]:
        """Words in the address, and a file as the body."""
        data = await _body(request, MOST_BYTES)
        words, name = request.query_params.get("words", ""), request.query_params.get("name", "")
        return await run_in_threadpool(self._desk.find, words, name, data)

    def _small(self, content: str, identity: str) -> bytes:
        if len(content) != 64 or set(content) - set("0123456789abcdef"):
            raise UsageError("There is no such picture.")
        library = self._desk.project.items
        kept = Thumbnails(library.folder).get(content)
        if kept is not None:
            return kept
        return of_picture(library.read_part(library.item(identity), "image"))

    def _file(self, identity: str, kind: str) -> tuple[Path | bytes, str]:
        library = self._desk.project.items
        part = library.item(identity).parts.get(kind)
        if part is None or not part.usable or kind == "text":
            raise UsageError(f"This item has no {kind} that can be shown.")
        path = library.path_of(part)
        if path is not None and path.is_file():
            return path, part.mime
        try:
            return library.media.bytes_of(part), part.mime
        except Unreadable as error:
            raise error.about(part.origin) from error


async def _body(request: Request, most: int) -> bytes:
    """What was sent; refused once it is too much, before all of it is in memory."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise InputError(
                f"This is too large: {most // 1_000_000} MB at most are taken.",
                "choose the folder it lies in on the Library page instead",
            )
        parts.append(part)
    return b"".join(parts)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise UsageError(f'"{text}" is no number of items.')
    return int(text)


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, HandfulError)
    status = 400 if isinstance(error, UsageError | InputError) else 409
    return JSONResponse({"what": plain(error.what), "hint": plain(error.hint)}, status)
