"""The services of one term, out of their parts."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from socket import socket

from sysmon_agent.config.addresses import Address
from sysmon_agent.wire.messages import DEFAULT_LIMITS
from sysmon_appliance.bootstrap.ground import Ground, Lasting, Storing
from sysmon_appliance.bootstrap.parts import Parts, parts_of
from sysmon_appliance.services.agent_side import AgentSide
from sysmon_appliance.services.ingest import Ingest
from sysmon_appliance.services.limits import AgentLimits
from sysmon_appliance.services.new_series import NewSeries
from sysmon_appliance.services.read_side import ReadSide
from sysmon_appliance.services.registered_hosts import RegisteredHosts
from sysmon_appliance.services.registration import Registration
from sysmon_appliance.web.console import ViaSocket
from sysmon_appliance.web.ingest import PeerSide, Refusals, ingest_server
from sysmon_appliance.web.limits import Limited
from sysmon_appliance.web.listeners import address_of
from sysmon_appliance.web.servers import Server, console_server, socket_server


class Term:
    """Everything built and bound; `serve` runs it, once."""

    def __init__(
        self,
        servers: Mapping[socket, Server],
        *,
        storing: Storing,
        read_side: ReadSide,
        lasting: Sequence[Lasting],
        ingest_address: Address,
        console_address: Address,
    ) -> None:
        self.ingest_address = ingest_address
        self.console_address = console_address
        self._servers = servers
        self._storing = storing
        self._read_side = read_side
        self._lasting = lasting

    async def serve(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve until `stop` is set; return when all that was accepted is committed.

        `ready` is called once when every listener answers and the fleet's recent past is in memory.
        """
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(run()) for run in self._lasting]
            serving = [tasks.create_task(server.serve([listener])) for listener, server in self._servers.items()]
            await self._read_side.refill()
            ready()
            await stop.wait()
            self._read_side.hub.close()
            for server in self._servers.values():
                server.stop()
            await asyncio.wait(serving)
            await self._storing.close()
            for task in background:
                task.cancel()


def join(ground: Ground) -> Term:
    """Join the services of an aggregator that takes in what agents send, and may change everything."""
    settings, listeners = ground.settings, ground.listeners
    gates, pki = ground.base.gates, ground.pki
    parts = parts_of(ground, epoch=lambda: ingest.epoch)
    read_side, identity, history = parts.read_side, parts.identity, parts.history
    pace = AgentLimits(settings.limits)
    new_series = NewSeries(settings.limits, parts.series)
    ingest = _ingest(ground, parts, pace, new_series)
    ingest.listen(parts.series.note)
    ingest.listen(read_side.hub.update)
    agent_side = AgentSide(ingest, identity.certificates, identity.enrolment, parts.limits)
    parts.telemetry.register(Refusals(ingest.refused))
    refused = (pace.refused, new_series.refused, parts.limits.refused, gates.ingest.refused, gates.console.refused)
    parts.telemetry.register(Limited(*refused))
    peers = PeerSide(ground.reports, parts.app, ground.mark) if ground.reports is not None else None
    return Term(
        {
            listeners.ingest: ingest_server(
                agent_side, settings.ingest, ground.clock, pki.ingest, gate=gates.ingest, peers=peers
            ),
            listeners.console: console_server(parts.app, pki.console, gates.console),
            listeners.local: socket_server(ViaSocket(parts.app)),
        },
        storing=ground.storing,
        read_side=read_side,
        lasting=(
            read_side.hub.run,
            *history.lasting,
            *_registration(ground, parts),
            *ground.also,
            identity.forgetting.run,
            parts.control.audit.run,
        ),
        ingest_address=address_of(listeners.ingest),
        console_address=address_of(listeners.console),
    )


def _registration(ground: Ground, parts: Parts) -> Sequence[Lasting]:
    """Return what keeps a catalogue in step with the hosts, where there is one."""
    if ground.registry is None:
        return ()
    hosts = RegisteredHosts(parts.identity.identities, parts.catalog, parts.read_side.fleet)
    return (Registration(hosts, ground.registry, ground.clock).run,)


def _ingest(ground: Ground, parts: Parts, pace: AgentLimits, new_series: NewSeries) -> Ingest:
    settings = ground.settings
    limits = replace(DEFAULT_LIMITS, body_bytes=settings.ingest.max_body_bytes, series=settings.limits.series_per_host)
    ingest = Ingest(
        ground.database.state,
        parts.catalog,
        ground.storing,
        limits=limits,
        pace=pace,
        new_series=new_series,
        room=parts.history.segments.room,
        watermark=ground.watermark,
    )
    ingest.on_higher_epoch = ground.on_higher_epoch
    return ingest
