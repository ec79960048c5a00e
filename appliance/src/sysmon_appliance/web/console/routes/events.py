"""Server-sent events: what changes, as it changes."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.services.live import Event, LiveHub, Watcher
from sysmon_appliance.web.console.parameters import Parameter
from sysmon_appliance.web.console.route import ApiRoute, Call

HEARTBEAT_SECONDS = 15.0
_HELLO = b"retry: 2000\n\n"
_HEARTBEAT = b": still here\n\n"
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class EventStream(Response):
    """A response that lasts as long as its watcher, and ends the watching however it ends."""

    def __init__(self, hub: LiveHub, host: Host | None, last_id: str) -> None:
        super().__init__(media_type="text/event-stream")
        self._hub = hub
        self._host = host
        self._last_id = last_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._hub.watch(self._host, last_id=self._last_id) as watcher:
            stream = StreamingResponse(frames(watcher), media_type="text/event-stream", headers=_HEADERS)
            await stream(scope, receive, send)


async def frames(watcher: Watcher, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> AsyncIterator[bytes]:
    """Write out events as they come; a comment now and then shows that the connection lives."""
    yield _HELLO
    while True:
        try:
            event = await asyncio.wait_for(watcher.next(), heartbeat_seconds)
        except TimeoutError:
            yield _HEARTBEAT
            continue
        if event is None:
            return
        yield frame(event)


def frame(event: Event) -> bytes:
    """Write one event; JSON as msgspec writes it has no line breaks."""
    identity = f"id: {event.id}\n" if event.id else ""
    return f"event: {event.name}\n{identity}data: ".encode() + event.data + b"\n\n"


async def events(call: Call) -> Response:
    wanted = call.given.optional("host")
    host = call.side.hosts.find(wanted) if wanted else None
    return EventStream(call.side.hub, host, call.request.headers.get("last-event-id", ""))


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/events",
        "What changes, as server-sent events: `fleet` at most once a second with the hosts that changed (all of them"
        " where `full` is true), and `ticks` with new points of one host's charts. The header Last-Event-ID resumes"
        " a stream without `host`.",
        events,
        "text/event-stream",
        (Parameter("host", "A host whose new points are wanted as well."),),
    ),
)
