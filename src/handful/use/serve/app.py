"""The routes of the server, as one Starlette application."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handful.use.serve import open_inference
from handful.use.serve.answering import Answering
from handful.use.serve.door import Door, answer, refused
from handful.use.serve.embedding import response_of, wanted_in
from handful.use.serve.feedback import feedback_in
from handful.use.serve.guarding import Trial, hold, is_frozen, make_champion, take_back
from handful.use.serve.journal import Journal
from handful.use.serve.keys import Key, Keys
from handful.use.serve.metrics import Metrics
from handful.use.serve.openapi import document
from handful.use.serve.reading import Asked, from_json, items_in, items_of
from handful.use.serve.refusals import Refusal
from handful.use.serve.replica import Replica
from handful.use.serve.settings import Config
from handful.use.serve.versions import Versions
from handful.use.watch import guards
from handful.use.watch.guards import Finding, Guard
from handful.use.watch.incidents import Incidents
from handful.use.watch.stages import Stages, Step

_PATIENT = guards.Config(failures=10**12, differ=0.999999)
"""Takes nothing back any more, and still has the release before answer for what fails."""
_READY_FOR = 2.0
"""Seconds for which an answered canned query is taken as proof."""
_READY_WITHIN = 5.0
"""Seconds that it may take, waiting included."""


class Server:
    """Everything behind the routes.

    Args:
        config: Limits.
        versions: Which release answers.
        journal: Where uses and feedback are kept.
        keys: Of the project.
        incidents: Where it is written down that a release was taken back.
    """

    def __init__(
        self,
        config: Config,
        versions: Versions,
        journal: Journal,
        keys: Keys,
        incidents: Incidents,
    ) -> None:
        self.config, self.versions, self.journal, self.keys = config, versions, journal, keys
        self.metrics = Metrics()
        self.door = Door(config, keys, self.metrics)
        self.answering = Answering(config, lambda: versions.current, journal, self.metrics)
        self.incidents = incidents
        self.answering.on_finding = self._take_back
        self.answering.on_step = self._step
        self._tried = ""
        self._proven: tuple[str, float] = ("", 0.0)
        self._loop: asyncio.AbstractEventLoop | None = None
        versions.on_change = self._changed
        self._tell(versions.current)

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            self._route("/v1/predict", "predict", self.predict, "POST"),
            self._route("/v1/embeddings", "embed", self.embeddings, "POST"),
            self._route("/v1/feedback", "feedback", self.feedback, "POST"),
            self._route("/v1/live", "", self.live),
            self._route("/v1/ready", "", self.ready),
            self._route("/metrics", "metrics", self.show_metrics),
            self._route("/openapi.json", "", self.openapi),
            self._route("/v2", "", self.about_server),
            self._route("/v2/health/live", "", self.live),
            self._route("/v2/health/ready", "", self.ready),
        ]
        for path in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
            routes += [
                self._route(path, "predict", self.about_model),
                self._route(f"{path}/ready", "", self.model_ready),
                self._route(f"{path}/infer", "predict", self.infer, "POST"),
            ]
        # What starlette refuses by itself gets our body as well.
        handlers: Any = {HTTPException: _no_route}
        return Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)

    def close_door(self) -> None:
        """Be no longer ready; what comes now is answered all the same, until the socket closes."""
        self.door.is_closing = True

    async def predict(self, request: Request) -> Response:
        """`/v1/predict`."""
        until = self.door.until(request)
        items = await self._items(request)
        sticky = request.headers.get("x-client-id", "")[:200]
        said = await self.answering.predict(items, until, self._who(request), sticky)
        faults = [each for each in said if isinstance(each, Refusal)]
        answers = [
            {"error": each.body | {"status": each.status}} if isinstance(each, Refusal) else each
            for each in said
        ]
        content = {"release": self.versions.current.digest, "answers": answers}
        if len(faults) < len(said):
            return answer(content)
        # Nothing could be answered: the status says so too, with the first reason at the top.
        first = faults[0]
        return answer({"error": first.body, **content}, first.status, dict(first.headers))

    async def embeddings(self, request: Request) -> Response:
        """`/v1/embeddings`."""
        until = self.door.until(request)
        body = from_json(await self.door.body(request))
        replica = self.versions.current
        wanted = wanted_in(body, replica.modalities, self.config)
        found = await self.answering.embed(wanted.items, until, wanted.space)
        for each in found:
            if isinstance(each, Refusal):
                raise each
        vectors = [each for each in found if not isinstance(each, Refusal)]
        return answer(response_of(vectors, wanted, replica.digest))

    async def feedback(self, request: Request) -> Response:
        """`/v1/feedback`: acknowledged once it is on disk."""
        body = from_json(await self.door.body(request))
        line = feedback_in(body, self.journal, self._who(request))
        try:
            await asyncio.wrap_future(self.journal.feedback(line))
        except OSError as error:
            what = f"The feedback could not be kept: {error.strerror or error}."
            raise Refusal(507, "disk", what, "send it again later", 30.0) from None
        self.metrics.add("feedback_total", verdict=line["verdict"])
        self.answering.heard(line["release"], line["verdict"] == "right")
        return answer({"kept": True, "answer": line["answer"]})

    async def live(self, request: Request) -> Response:
        """`/v1/live`: the loop turns."""
        return answer({"live": True})

    async def ready(self, request: Request) -> Response:
        """`/v1/ready`: a canned query was answered a moment ago."""
        await self._require_ready()
        found: dict[str, Any] = {"ready": True, "release": self.versions.current.digest}
        if self.versions.fault:
            found["note"] = self.versions.fault
        return answer(found)

    async def show_metrics(self, request: Request) -> Response:
        """`/metrics`."""
        text = self.metrics.text()
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def openapi(self, request: Request) -> Response:
        """`/openapi.json`."""
        return answer(document(self.versions.current))

    async def about_server(self, request: Request) -> Response:
        """`/v2`."""
        return answer(open_inference.server())

    async def about_model(self, request: Request) -> Response:
        """`/v2/models/handful`."""
        return answer(open_inference.model(self._named(request)))

    async def model_ready(self, request: Request) -> Response:
        """`/v2/models/handful/ready`."""
        self._named(request)
        await self._require_ready()
        return answer({"name": open_inference.MODEL, "ready": True})

    async def infer(self, request: Request) -> Response:
        """`/v2/models/handful/infer`."""
        replica = self._named(request)
        until = self.door.until(request)
        body = await self.door.body(request)
        size = request.headers.get("inference-header-content-length", "")
        items, asked = open_inference.items_in(body, size, replica.modalities, self.config)
        said = await self.answering.predict(items, until, self._who(request))
        for row, each in enumerate(said):
            if isinstance(each, Refusal):
                what = f"Row {row}: {each.what}"
                raise Refusal(each.status, each.code, what, each.hint, each.retry_s)
        answers = [each for each in said if not isinstance(each, Refusal)]
        return answer(open_inference.response_of(answers, replica, asked))

    def _route(self, path: str, scope: str, work: Callable[..., Any], method: str = "GET") -> Route:
        return Route(path, self.door.guard(path, scope, work), methods=[method])

    def _named(self, request: Request) -> Replica:
        """The release that a path of the protocol names."""
        replica = self.versions.current
        version = request.path_params.get("version", replica.digest)
        if request.path_params["model"] != open_inference.MODEL:
            what = "There is no such model."
            raise Refusal(404, "model", what, f"the one model is `{open_inference.MODEL}`")
        if len(version) < 6 or not replica.digest.startswith(version):
            raise Refusal(404, "version", "This version is not served.", replica.digest)
        return replica

    async def _items(self, request: Request) -> list[Asked]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        known = self.versions.current.modalities
        body = await self.door.body(request)
        if kind == "multipart/form-data":
            return items_of(await _fields(request, body, self.config), known, self.config)
        if kind not in ("application/json", ""):
            what = f'The body is "{kind[:60]}".'
            raise Refusal(415, "type", what, "send application/json or multipart/form-data")
        return items_in(from_json(body), known, self.config)

    async def _require_ready(self) -> None:
        if self.door.is_closing:
            raise Refusal(503, "closing", "This server is going down.", "", 5.0)
        digest, at = self._proven
        if digest == self.versions.current.digest and time.monotonic() - at < _READY_FOR:
            return
        digest = self.versions.current.digest
        await self.answering.check(_READY_WITHIN)
        self._proven = (digest, time.monotonic())

    @staticmethod
    def _who(request: Request) -> str:
        key: Key | None = getattr(request.state, "key", None)
        return key.id if key else ""

    def _changed(self, replica: Replica, alias: str) -> None:
        """Told from a thread; numbers belong to the loop."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._tell, replica, alias)

    def _tell(self, replica: Replica, alias: str = "") -> None:
        self.metrics.clear("model_info")
        self.metrics.set("model_info", 1, digest=replica.digest)
        if alias:
            self.metrics.add("alias_changes_total", alias=alias)
        self.answering.trial = self._trial()
        stages = self.answering.trial.stages if self.answering.trial else None
        self.metrics.set("canary_weight", stages.share if stages else 0.0)

    def _trial(self) -> Trial | None:
        """What is on trial now: the new champion, or else the challenger."""
        versions, watch = self.versions, self.config.watch
        now, before, challenger = versions.current, versions.before, versions.challenger
        # A champion that came through its trial as a challenger is not tried again.
        is_new = before is not None and now.digest not in (before.digest, self._tried)
        if before and is_new and watch.answers and now.answers and before.classes == now.classes:
            return Trial(now, before, Guard(watch))
        if challenger is None or challenger.digest == now.digest:
            return None
        stages = Stages(self.config.canary, watch.differ, challenger.digest)
        trial = Trial(challenger, now, Guard(watch), stages)
        if is_frozen(self.incidents, watch.hold_s):
            stages.is_held = True
            versions.fault = f"{challenger.name} is not tried: a person is needed, see incidents/"
            self.metrics.set("incident_open", 1)
        return trial

    def _take_back(self, trial: Trial, finding: Finding) -> None:
        self._off_the_loop(
            lambda: take_back(trial, finding, self.versions, self.incidents),
            lambda is_back: self._taken_back(trial, finding, is_back),
        )

    def _taken_back(self, trial: Trial, finding: Finding, is_back: bool) -> None:
        if is_back:
            self.metrics.add("rollbacks_total", reason=finding.code)
            self._tell(self.versions.current)
            return
        self.metrics.set("incident_open", 1)
        if trial.stages is None:
            # Not taken back, so what fails goes on being answered by the release before.
            self.answering.trial = Trial(trial.new, trial.old, Guard(_PATIENT))

    def _step(self, trial: Trial, step: Step) -> None:
        if step is Step.HOLD:
            self.metrics.set("incident_open", 1)
            self._off_the_loop(lambda: hold(trial, self.incidents), lambda done: None)
            return
        self._tried = trial.new.digest
        self._off_the_loop(lambda: make_champion(trial, self.versions), self._promoted)

    def _promoted(self, fault: str) -> None:
        if fault:
            self._tried, self.versions.fault = "", fault
        self._tell(self.versions.current)

    def _off_the_loop(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """The shelf and incidents are written to disk in a thread; numbers belong to the loop."""

        def run() -> None:
            found = work()
            if self._loop:
                self._loop.call_soon_threadsafe(then, found)

        threading.Thread(target=run, name="shelf").start()

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self.versions.look)
        self.answering.batcher.start()
        following = self._loop.create_task(self.versions.follow(self.config.follow_s))
        try:
            yield
        finally:
            self.close_door()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await self.answering.batcher.stop()
            self.answering.close()
            await asyncio.to_thread(self.journal.close)


async def _fields(request: Request, body: bytes, config: Config) -> list[tuple[str, bytes]]:
    """The parts of a multipart form, in their order; files keep no name."""

    async def stream() -> AsyncGenerator[bytes]:
        yield body

    # The parser takes a form that was cut short for a whole one with fewer parts.
    _, _, edge = request.headers["content-type"].partition("boundary=")
    edge = edge.partition(";")[0].strip().strip('"')
    if not edge or not body.rstrip().endswith(f"--{edge}--".encode(errors="replace")):
        what = "The multipart form ends early, or has no boundary."
        raise Refusal(400, "form", what, "let your client library build it")
    most = 3 * config.items
    parser = MultiPartParser(
        request.headers, stream(), max_files=most, max_fields=most, max_part_size=config.text_bytes
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError, UnicodeDecodeError) as error:
        shown = str(getattr(error, "message", "")) or "its parts are not what they say"
        what = f"The multipart form cannot be read: {shown}"
        raise Refusal(400, "form", what, "let your client library build it") from None
    found: list[tuple[str, bytes]] = []
    try:
        for name, part in form.multi_items():
            found.append((name, part.encode() if isinstance(part, str) else await part.read()))
    finally:
        await form.close()
    return found


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        allowed = (getattr(error, "headers", None) or {}).get("Allow", "another method")
        what = f"{request.method} is not understood here."
        response = refused(Refusal(405, "method", what, f"use {allowed}"))
        response.headers["allow"] = allowed
        return response
    what = "There is nothing at this address."
    return refused(Refusal(status, "no_route", what, "GET /openapi.json lists what there is"))
