"""Reaching one aggregator of several, with as much trust as there is at the moment."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from sysmon_agent import transport
from sysmon_agent.clock import Clock
from sysmon_agent.enrolment.asking import Grant, Waiting
from sysmon_agent.errors import AnswerError, ClockError, IdentityError, StrangerError, SysmonError, TransportError
from sysmon_agent.transport import Connection

MAX_ASKED = 16
"""Addresses that are asked in one attempt, however many are named on the way."""

LEADERLESS_SECONDS = 2.0
"""How soon to ask again while aggregators choose who leads."""

NOT_LEADER = "not_leader"
_SERVER_FAULT = 500
_ELSEWHERE = frozenset({NOT_LEADER, "no_issuer"})
"""Answers that another aggregator of the region may not give."""


class Dialling:
    """Opens connections that are closed when they are not needed any more."""

    def __init__(self, clock: Clock, timeout_seconds: float) -> None:
        self._clock = clock
        self._timeout = timeout_seconds

    @contextmanager
    def anyone(self, address: str) -> Iterator[Connection]:
        """Reach whoever listens there, believing nothing; raises TransportError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = transport.reach(address, context, monotonic=self._clock.monotonic, timeout_seconds=self._timeout)
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def aggregator(self, address: str, context: ssl.SSLContext, *, region: str) -> Iterator[Connection]:
        """Reach an aggregator of a region that the context trusts; raises TransportError or IdentityError."""
        connection = transport.connect(
            address, context, monotonic=self._clock.monotonic, timeout_seconds=self._timeout, region=region
        )
        try:
            yield connection
        finally:
            connection.close()


def trusting(roots: str) -> ssl.SSLContext:
    """Make a context that trusts these roots (PEM), and shows no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # the role in the certificate is checked instead
    context.load_verify_locations(cadata=roots)
    return context


def first_of(addresses: Sequence[str], attempt: Callable[[str], Grant | Waiting]) -> Grant | Waiting:
    """Return what the first aggregator answers that can; those that others name come before those that are known.

    Where aggregators answer and none leads, the answer is to wait: another soon will.

    Raises
    ------
    SysmonError
        None can: the first reason that is more than a lost connection, or all of them.
    """
    faults: list[SysmonError] = []
    left, asked = list(addresses), set[str]()
    while left and len(asked) < MAX_ASKED:
        address = left.pop(0)
        if address in asked:
            continue
        asked.add(address)
        try:
            return attempt(address)
        except (TransportError, StrangerError, IdentityError, ClockError, AnswerError) as error:
            faults.append(error)
            left = [*_named_by(error), *left]
    return _leaderless(faults) or _fail(faults)


def _named_by(error: SysmonError) -> Sequence[str]:
    """Return where to go on after an error; raise one that would be the same everywhere."""
    if not isinstance(error, AnswerError):
        return ()
    if error.status < _SERVER_FAULT and error.code not in _ELSEWHERE:
        raise error
    return error.elsewhere


def _leaderless(faults: Sequence[SysmonError]) -> Waiting | None:
    answers = [fault for fault in faults if not isinstance(fault, TransportError)]
    if not answers or any(fault.code != NOT_LEADER for fault in answers):
        return None
    return Waiting("", answers[-1].message, LEADERLESS_SECONDS)


def _fail(faults: Sequence[SysmonError]) -> NoReturn:
    raise next((fault for fault in faults if not isinstance(fault, TransportError)), _all_of(faults))


def _all_of(faults: Sequence[SysmonError]) -> SysmonError:
    if len(faults) == 1:
        return faults[0]
    reasons = " ".join(fault.message for fault in faults)
    return TransportError(f"No aggregator answers. {reasons}".rstrip(), hint="sysmon-agent check")
