"""A host's way in: from a token to a certificate.

First whoever listens is asked for the authority, and nothing is told to it. Then the roots that the token vouches for
are the only ones trusted, and the token is shown to none but an aggregator that they certify.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_agent.config.values import TlsSettings
from sysmon_agent.enrolment.asking import Grant, Waiting, ask, fetch_authority
from sysmon_agent.enrolment.dialling import Dialling, first_of, trusting
from sysmon_agent.enrolment.files import install, unwritable
from sysmon_agent.enrolment.keys import Key, prepare_key, signing_request
from sysmon_agent.enrolment.trust import check_clocks, check_grant, vouched_roots
from sysmon_agent.errors import AlreadyEnrolledError, AnswerError, IdentityError
from sysmon_agent.identity import pending_key, read
from sysmon_agent.wire.routes import ENROLL_PATH
from sysmon_agent.wire.token import JoinToken, encode_token

_FORBIDDEN = 403

Wait = Callable[[Waiting], None]
"""Lets the time of a Waiting pass; raises WaitingError where nobody will."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a host says of itself."""

    name: str
    replace: str = ""  # id or name of the host whose history it continues


def check_not_enrolled(tls: TlsSettings) -> None:
    """Raise AlreadyEnrolledError where there is an identity that a new one would replace."""
    try:
        certificate = read(tls.certificate)
    except IdentityError:
        return
    if Path(tls.key).exists():
        raise AlreadyEnrolledError(
            f"This host is enrolled already, as {certificate.peer.id} of region {certificate.peer.region}."
            " With --force it becomes another host, or with --replace as well the one that it names.",
            hint="sysmon-agent check",
        )


class Enrolling:
    """One host's enrolment with one token.

    Parameters
    ----------
    password
        What the key is encrypted with; empty where it is not.
    """

    def __init__(
        self, token: JoinToken, wish: Wish, tls: TlsSettings, *, password: bytes, dialling: Dialling, clock: Clock
    ) -> None:
        self._token = token
        self._wish = wish
        self._tls = tls
        self._password = password
        self._dialling = dialling
        self._clock = clock

    def run(self, wait: Wait) -> Grant:
        """Get a certificate for this host and put it in its place.

        Raises
        ------
        StrangerError, IdentityError, ClockError
            Who answers is no aggregator of the token's region, or the clocks are too far apart.
        AnswerError
            The aggregator refuses.
        TransportError
            No aggregator of the token answers.
        WaitingError
            Somebody must approve the host, and `wait` does not wait.
        EnrolmentError
            The answer is no good certificate, or cannot be written.
        """
        pending = Path(pending_key(self._tls.key))
        try:
            key = prepare_key(pending, self._password)
        except OSError as error:
            raise unwritable(error) from error
        try:
            grant = self._granted(self._request(key), wait)
        except AnswerError as error:
            if error.status == _FORBIDDEN:  # no later attempt will ask for this key
                pending.unlink(missing_ok=True)
            raise
        check_grant(grant, key, self._token.region)
        install(self._tls, grant)
        return grant

    def _request(self, key: Key) -> dict[str, str]:
        return {
            "token": encode_token(self._token),
            "request": signing_request(key),
            "name": self._wish.name,
            "replace": self._wish.replace,
        }

    def _granted(self, request: Mapping[str, str], wait: Wait) -> Grant:
        """Repeat a request until it is granted."""

        def attempt(address: str) -> Grant | Waiting:
            return self._ask(address, request)

        while isinstance(answer := first_of(self._token.addresses, attempt), Waiting):
            wait(answer)
        return answer

    def _ask(self, address: str, request: Mapping[str, str]) -> Grant | Waiting:
        with self._dialling.anyone(address) as stranger:
            authority = fetch_authority(stranger)
        roots = vouched_roots(authority, self._token)
        check_clocks(self._clock.wall_ms(), authority.now_ms)
        with self._dialling.aggregator(address, trusting(roots), region=self._token.region) as aggregator:
            return ask(aggregator, ENROLL_PATH, request)
