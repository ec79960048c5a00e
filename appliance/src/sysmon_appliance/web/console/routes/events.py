"""Server-sent events: what changes, as it changes."""

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.services.live import Event, LiveHub, Watcher
from sysmon_appliance.web.console.api import ApiRoute, Call
from sysmon_appliance.web.console.parameters import Parameter

HEARTBEAT_SECONDS = 15.0
_HELLO = b"retry: 2000\n\n"
_HEARTBEAT = b": still here\n\n"
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class EventStream(Response):
    """A response that lasts as long as its watcher, and ends the watching however it ends."""

    def __init__(self, hub: LiveHub, host: Host | None, *, last_id: str, allowed: Callable[[], bool]) -> None:
        super().__init__(media_type="text/event-stream")
        self._hub = hub
        self._host = host
        self._last_id = last_id
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._hub.watch(self._host, last_id=self._last_id) as watcher:
            stream = StreamingResponse(frames(watcher, self._allowed), media_type="text/event-stream", headers=_HEADERS)
            await stream(scope, receive, send)


async def frames(
    watcher: Watcher, allowed: Callable[[], bool], heartbeat_seconds: float = HEARTBEAT_SECONDS
) -> AsyncIterator[bytes]:
    """Write out events as they come; a comment now and then shows that the connection lives.

    Ends when the hub closes the watcher, and once the session that opened it is over.
    """
    yield _HELLO
    while True:
        try:
            event = await asyncio.wait_for(watcher.next(), heartbeat_seconds)
        except TimeoutError:
            written = _HEARTBEAT
        else:
            written = frame(event) if event else b""
        if not written or not allowed():
            return
        yield written


def frame(event: Event) -> bytes:
    """Write one event; JSON as msgspec writes it has no line breaks."""
    identity = f"id: {event.id}\n" if event.id else ""
    return f"event: {event.name}\n{identity}data: ".encode() + event.data + b"\n\n"


async def events(call: Call) -> Response:
    wanted = call.given.optional("host")
    host = call.side.hosts.find(wanted) if wanted else None
    if call.request.method == "HEAD":
        return Response(media_type="text/event-stream", headers=_HEADERS)
    last_id = call.request.headers.get("last-event-id", "")
    return EventStream(call.side.hub, host, last_id=last_id, allowed=lambda: call.control.access.holds(call.principal))


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/events",
        "What changes, as server-sent events: `fleet` at most once a second with the hosts that changed (all of them"
        " where `full` is true), `ticks` with new points of one host's charts, and `past` once sparklines are complete"
        " after a start. The header Last-Event-ID resumes a stream without `host`.",
        events,
        "text/event-stream",
        (Parameter("host", "A host whose new points are wanted as well."),),
        problems=("not_found", "too_many_watchers"),
    ),
)
