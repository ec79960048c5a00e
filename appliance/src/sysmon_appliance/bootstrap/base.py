"""What an aggregator has for as long as its process lives: sockets, certificates, gates, and the shelf of segments."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from socket import socket
from typing import Self

from sysmon_agent.clock import Clock
from sysmon_agent.config.addresses import Address, parse_address
from sysmon_agent.errors import ConfigError
from sysmon_appliance.config import AggregatorSettings, ConsoleSettings, SegmentSettings
from sysmon_appliance.domain.retention import policy_of
from sysmon_appliance.objectstore.configured import shelf_settings
from sysmon_appliance.objectstore.shelves import Shelf, shelf_of
from sysmon_appliance.pki.aggregator import console_files, open_issuer, own_certificates
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.keeper import Keeper
from sysmon_appliance.web.gate import Gate
from sysmon_appliance.web.ingest import live_context
from sysmon_appliance.web.limits import console_gate, ingest_gate
from sysmon_appliance.web.listeners import address_of, is_loopback, tcp_listener, unix_listener
from sysmon_appliance.web.servers import console_context
from sysmon_appliance.web.tls import LiveContext

_SHOW = "sysmon-aggregator config show --effective"


@dataclass(frozen=True, slots=True)
class Listeners:
    """Sockets that are bound and listen."""

    ingest: socket
    console: socket
    local: socket

    def again(self) -> Self:
        """Return the same sockets under other descriptors: whoever serves them closes what it was given."""
        return replace(self, ingest=self.ingest.dup(), console=self.console.dup(), local=self.local.dup())


@dataclass(frozen=True, slots=True)
class Pki:
    """Who signs for the aggregator, and what it shows to others."""

    issuer: IssuingAuthority | None
    ingest: LiveContext
    console: LiveContext | None
    keeper: Keeper


@dataclass(frozen=True, slots=True)
class Gates:
    """Who may connect; what they know of addresses outlives a change of role."""

    ingest: Gate
    console: Gate


@dataclass(frozen=True, slots=True)
class Base:
    settings: AggregatorSettings
    listeners: Listeners
    shelf: Shelf
    pki: Pki
    gates: Gates
    clock: Clock
    key_passphrase: bytes | None = None

    @property
    def ingest_address(self) -> Address:
        return address_of(self.listeners.ingest)

    @property
    def console_address(self) -> Address:
        return address_of(self.listeners.console)


def lay_base(settings: AggregatorSettings, clock: Clock, closing: ExitStack, *, key_passphrase: bytes | None) -> Base:
    """Open everything; `closing` lets go of it.

    Raises
    ------
    ConfigError, IdentityError
        An address or a certificate cannot be used.
    """
    listeners = _listen(settings, closing)
    issuer = open_issuer(settings, clock, key_passphrase)
    bound = address_of(listeners.console)
    console = _used(settings, bound, can_sign=issuer is not None)
    settings = replace(settings, console=console, segments=_restorable(settings))
    pki = _pki(issuer, settings, clock, key_passphrase)
    policy_of(settings.retention)  # no epoch begins with rules that are none
    shelf = shelf_of(shelf_settings(settings), clock)
    shelf.tidy()
    gates = Gates(ingest_gate(settings.ingest, settings.limits), console_gate(settings.limits))
    return Base(settings, listeners, shelf, pki, gates, clock, key_passphrase)


def _listen(settings: AggregatorSettings, closing: ExitStack) -> Listeners:
    ingest = closing.enter_context(tcp_listener(settings.ingest.listen, "ingest.listen"))
    console = closing.enter_context(tcp_listener(settings.console.listen, "console.listen"))
    path = Path(settings.console.socket)
    local = closing.enter_context(unix_listener(path))
    closing.callback(path.unlink, missing_ok=True)
    return Listeners(ingest, console, local)


def _pki(
    issuer: IssuingAuthority | None, settings: AggregatorSettings, clock: Clock, key_passphrase: bytes | None
) -> Pki:
    identities = own_certificates(issuer, settings, clock, key_passphrase) if issuer is not None else []
    ingest = live_context(settings.ingest, key_passphrase=key_passphrase)
    console = console_context(settings.console, key_passphrase=key_passphrase)
    keeper = Keeper(
        issuer,
        identities,
        certificate=Path(settings.ingest.certificate),
        authority=Path(settings.ingest.authority),
        reloads=[live.reload for live in (ingest, console) if live is not None],
        clock=clock,
    )
    return Pki(issuer, ingest, console, keeper)


def _restorable(settings: AggregatorSettings) -> SegmentSettings:
    """Keep files of segments for as long as a moment that names them can be restored, and a while longer."""
    if not (settings.replica.url or settings.consul.url):
        return settings.segments
    least_seconds = 3600 * (settings.replica.keep_hours + 1)
    return replace(settings.segments, keep_dropped_seconds=max(settings.segments.keep_dropped_seconds, least_seconds))


def _used(settings: AggregatorSettings, bound: Address, *, can_sign: bool) -> ConsoleSettings:
    """Return the console's settings with the port and the certificate that are really used.

    Raises
    ------
    ConfigError
        It would be served without TLS beyond this machine.
    """
    console = settings.console
    if bool(console.certificate) != bool(console.key):
        raise ConfigError("console.certificate and console.key must be set together.", hint=_SHOW)
    if not console.certificate and not is_loopback(bound.host):
        if not can_sign:
            raise ConfigError(
                f"console.listen: {bound} is beyond this machine, so console.certificate and console.key are needed.",
                hint=_SHOW,
            )
        own = console_files(settings)
        console = replace(console, certificate=str(own.certificate), key=str(own.key))
    return replace(console, listen=str(replace(parse_address(console.listen), port=bound.port)))
