"""New certificates for a host that has one."""

import logging
import ssl
from collections.abc import Callable
from pathlib import Path

from sysmon_agent import identity
from sysmon_agent.clock import Clock
from sysmon_agent.config.values import AgentSettings
from sysmon_agent.enrolment.asking import Grant, Waiting, ask
from sysmon_agent.enrolment.dialling import Dialling, first_of, trusting
from sysmon_agent.enrolment.files import check_room, install, unwritable
from sysmon_agent.enrolment.keys import Key, load_key, prepare_key, signing_request
from sysmon_agent.enrolment.trust import check_grant
from sysmon_agent.errors import AnswerError, CertificateExpiredError, IdentityError, WaitingError
from sysmon_agent.spool.known import KnownAggregators
from sysmon_agent.wire.routes import REENROLL_PATH, RENEW_PATH

_EXPIRED = "certificate_expired"
_PEM_BEGIN = "-----BEGIN CERTIFICATE-----"


_log = logging.getLogger(__name__)


class Renewal:
    """Asks the aggregators that are known, and puts what they grant in its place.

    Parameters
    ----------
    seal_key
        Opens an encrypted key for which the settings name no passphrase.
    """

    def __init__(self, settings: AgentSettings, clock: Clock, *, seal_key: bytes | None) -> None:
        self._tls = settings.tls
        self._clock = clock
        self._seal_key = seal_key
        self._dialling = Dialling(clock, settings.uplink.timeout_seconds)
        self._known = KnownAggregators(settings.spool.directory)
        self._addresses = (*settings.aggregators, *self._known.read())

    def renew(self) -> Grant:
        """Get a new certificate for the key that is in use.

        Raises
        ------
        IdentityError
            There is no certificate and key to renew.
        AnswerError
            The aggregator refuses: it was revoked, or has expired for too long.
        TransportError
            No aggregator answers.
        WaitingError
            The aggregator has too much to do.
        EnrolmentError
            The answer is no good certificate, or cannot be written.
        """
        password = identity.passphrase(self._tls, self._seal_key)
        identity.finish_replacement(self._tls, password)
        known = identity.read(self._tls.certificate)
        key = load_key(Path(self._tls.key), password)
        check_room(self._tls)
        expired = known.expires_ms <= self._clock.wall_ms()
        region = known.peer.region
        attempt = self._without_certificate(key, region) if expired else self._over_certificate(key, region)
        return self._settle(first_of(self._addresses, attempt), key, region)

    def reenroll(self, name: str) -> Grant:
        """Get an identity of its own for a host that was copied from another, with a new key.

        Raises
        ------
        WaitingError
            Somebody must approve it first; the same attempt is to be made again.
        AnswerError, TransportError, IdentityError, EnrolmentError
            As `renew` does.
        """
        password = identity.passphrase(self._tls, self._seal_key)
        known = identity.load(self._tls, self._clock, seal_key=self._seal_key)
        check_room(self._tls)
        try:
            key = prepare_key(Path(identity.pending_key(self._tls.key)), password)
        except OSError as error:
            raise unwritable(error) from error
        request, region = {"request": signing_request(key), "name": name}, known.certificate.peer.region

        def attempt(address: str) -> Grant | Waiting:
            with self._dialling.aggregator(address, known.context, region=region) as aggregator:
                return ask(aggregator, REENROLL_PATH, request)

        return self._settle(first_of(self._addresses, attempt), key, region)

    def _over_certificate(self, key: Key, region: str) -> Callable[[str], Grant | Waiting]:
        context = identity.load(self._tls, self._clock, seal_key=self._seal_key).context
        otherwise = self._without_certificate(key, region)
        request = {"request": signing_request(key)}

        def attempt(address: str) -> Grant | Waiting:
            try:
                with self._dialling.aggregator(address, context, region=region) as aggregator:
                    return ask(aggregator, RENEW_PATH, request)
            except CertificateExpiredError:
                return otherwise(address)  # by the aggregator's clock, which is the one that counts
            except AnswerError as error:
                if error.code != _EXPIRED:
                    raise
                return otherwise(address)

        return attempt

    def _without_certificate(self, key: Key, region: str) -> Callable[[str], Grant | Waiting]:
        """Prove possession of the key by the request alone: TLS lets no expired certificate in."""
        context = _trusting_file(self._tls.authority)
        chain = Path(self._tls.certificate).read_text(encoding="utf-8")
        request = {"certificate": chain[chain.index(_PEM_BEGIN) :], "request": signing_request(key)}

        def attempt(address: str) -> Grant | Waiting:
            with self._dialling.aggregator(address, context, region=region) as aggregator:
                return ask(aggregator, RENEW_PATH, request)

        return attempt

    def _settle(self, answer: Grant | Waiting, key: Key, region: str) -> Grant:
        if isinstance(answer, Waiting):
            raise waiting_error(answer)
        check_grant(answer, key, region)
        install(self._tls, answer)
        self._remember(answer.aggregators)
        return answer

    def _remember(self, addresses: tuple[str, ...]) -> None:
        """Let the resident agent know where aggregators are by now; without a spool there is none."""
        try:
            self._known.add(addresses)
        except OSError as error:
            _log.debug("Addresses of aggregators are not remembered.", extra={"reason": error.strerror})


def _trusting_file(path: str) -> ssl.SSLContext:
    try:
        return trusting(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IdentityError(f"The authority {path} cannot be used: {error}.", hint=f"ls -l {path}") from error


def waiting_error(waiting: Waiting) -> WaitingError:
    """Say what is waited for, and who can end it."""
    if not waiting.enrolment:
        return WaitingError(f"The aggregator asks to come again later: {waiting.reason}")
    return WaitingError(
        f"An operator must approve this host: its enrolment {waiting.enrolment} waits ({waiting.reason}).",
        hint=f"sysmon enrolments approve {waiting.enrolment}",
    )
