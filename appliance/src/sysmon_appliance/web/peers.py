"""A standby's connections to the leader: mutual TLS, kept open, for worker threads."""

import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Any

import msgspec

from sysmon_agent.clock import Clock
from sysmon_agent.config.addresses import parse_address
from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import AGGREGATOR, peer_of
from sysmon_appliance.domain.durability import ReadBack
from sysmon_appliance.domain.leadership import Node
from sysmon_appliance.domain.topology import Progress
from sysmon_appliance.errors import LeaderUnreachableError, NotLeaderError
from sysmon_appliance.web.peer_wire import FORWARDED_PATH, MARK_HEADER, STANDBY_PATH, Report
from sysmon_appliance.web.tls import TlsFiles

_CONNECT_SECONDS = 3.0
_REPORT_SECONDS = 3.0
_FORWARD_SECONDS = 20.0
"""Longer than the leader itself waits for a change to be durable."""

_MOST_ANSWERED = 8 << 20
"""Bytes of an answer that are read."""

_MOST_IDLE = 4
_LONGEST_SECONDS = 900.0
"""How old a connection may become, so that none outlives the certificate that it began with by much."""

_HINT = "sysmon ha status"

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Passed:
    """A request as it is passed on."""

    method: str
    target: str  # path and query, as it came
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: Headers  # names in lower case
    body: bytes

    @property
    def mark(self) -> int | None:
        """The mark that everything is before that was changed; None where no console has answered."""
        found = next((value for name, value in self.headers if name == MARK_HEADER), b"")
        return int(found) if found.isdigit() else None


@dataclass(frozen=True, slots=True)
class _Open:
    connection: http.client.HTTPSConnection
    address: str
    since: float  # monotonic


class LeaderLink:
    """Asks whichever aggregator of the region leads; safe in any thread.

    Files are read anew for each connection, so that a renewed certificate is used without more ado.
    """

    def __init__(self, files: TlsFiles, clock: Clock, *, region: str, key_passphrase: bytes | None = None) -> None:
        self._files = files
        self._clock = clock
        self._region = region
        self._key_passphrase = key_passphrase
        self._lock = Lock()
        self._idle: list[_Open] = []

    def report(self, address: str, node: Node, read_back: ReadBack) -> Progress:
        """Tell the leader at HOST:PORT how far a node has read back.

        Raises
        ------
        NotLeaderError
            It does not lead.
        LeaderUnreachableError
            It gives no answer, or none that makes sense.
        """
        body = msgspec.json.encode(Report(node, read_back))
        answer = self._exchange(address, Passed("POST", STANDBY_PATH, (), body), _REPORT_SECONDS)
        if answer.status != HTTPStatus.OK:
            raise _refusal(answer)
        try:
            return msgspec.json.decode(answer.body, type=Progress)
        except msgspec.DecodeError as error:
            raise LeaderUnreachableError("The leader's answer cannot be read.", hint=_HINT) from error

    def forward(self, address: str, request: Passed) -> Answered:
        """Let the leader at HOST:PORT answer a request.

        Raises
        ------
        NotLeaderError
            It does not lead; nothing was done.
        LeaderUnreachableError
            It gives no answer; whether it did what was asked for may not be known.
        """
        passed = Passed(request.method, FORWARDED_PATH + request.target, request.headers, request.body)
        answer = self._exchange(address, passed, _FORWARD_SECONDS)
        if answer.mark is None:
            raise _refusal(answer)
        return answer

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for one in idle:
            one.connection.close()

    def _exchange(self, address: str, request: Passed, seconds: float) -> Answered:
        """Send a request over a connection that is open, or over a new one, and keep that for the next."""
        one = self._taken(address) or self._connect(address)
        answered = None
        try:
            answered = _exchange(one.connection, request, seconds)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise LeaderUnreachableError(
                f"The leader at {address} did not answer; whether it did what was asked for is not known.", hint=_HINT
            ) from error
        finally:
            if answered is None or one.connection.sock is None:
                one.connection.close()
            else:
                self._give_back(one)
        return answered

    def _taken(self, address: str) -> _Open | None:
        """Take the connection that was used last, and let go of those that are of no use any more."""
        oldest = self._clock.monotonic() - _LONGEST_SECONDS
        with self._lock:
            while self._idle:
                one = self._idle.pop()
                if one.address == address and one.since > oldest and _is_open(one.connection):
                    return one
                one.connection.close()
        return None

    def _give_back(self, one: _Open) -> None:
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(one)
                return
        one.connection.close()

    def _connect(self, address: str) -> _Open:
        connection = None
        try:
            where = parse_address(address)
            connection = http.client.HTTPSConnection(
                where.host, where.port, timeout=_CONNECT_SECONDS, context=self._context()
            )
            connection.connect()
            self._check(connection)
        except (OSError, ValueError, IdentityError) as error:
            if connection is not None:
                connection.close()
            raise LeaderUnreachableError(f"The leader cannot be reached at {address} ({error}).", hint=_HINT) from error
        return _Open(connection, address, self._clock.monotonic())

    def _check(self, connection: http.client.HTTPSConnection) -> None:
        """Let pass an aggregator of this region alone; its host name says nothing, for aggregators move."""
        peer = peer_of(connection.sock.getpeercert())
        if peer.role != AGGREGATOR or peer.region != self._region:
            raise IdentityError(f"{peer.uri} answers, which is no aggregator of region {self._region}")

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        files = self._files
        context.load_cert_chain(files.certificate, files.key, password=lambda: self._key_passphrase or b"")
        context.load_verify_locations(files.authority)
        return context


def _exchange(connection: http.client.HTTPSConnection, request: Passed, seconds: float) -> Answered:
    connection.sock.settimeout(seconds)
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers:
        connection.putheader(name, value)
    if not any(name == b"host" for name, _ in request.headers):
        connection.putheader("host", connection.host)
    connection.putheader("content-length", str(len(request.body)))
    connection.endheaders(request.body)
    response = connection.getresponse()
    body = response.read(_MOST_ANSWERED + 1)
    if len(body) > _MOST_ANSWERED or response.length:
        raise http.client.HTTPException("The answer is too large, or cut short.")
    return Answered(response.status, _headers_of(response), body)


def _headers_of(response: http.client.HTTPResponse) -> Headers:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.getheaders()]


def _is_open(connection: http.client.HTTPSConnection) -> bool:
    """Whether the other side has not closed meanwhile: a request that is never sent need not be sent again."""
    connection.sock.settimeout(0.0)
    try:
        connection.sock.recv(1)
    except ssl.SSLWantReadError:
        return True
    except OSError:
        return False
    return False


def _refusal(answer: Answered) -> NotLeaderError | LeaderUnreachableError:
    """Say why an aggregator did not let its console answer."""
    problem = _problem_in(answer.body)
    detail = str(problem.get("detail", f"status {answer.status}"))
    if answer.status == HTTPStatus.MISDIRECTED_REQUEST:
        return NotLeaderError(detail, hint=_HINT, leader=str(problem.get("leader", "")))
    return LeaderUnreachableError(f"The leader refuses: {detail}", hint=_HINT)


def _problem_in(body: bytes) -> Mapping[str, Any]:
    with suppress(ValueError):
        found = json.loads(body)
        return found if isinstance(found, dict) else {}
    return {}
