"""Building the aggregator that the settings describe."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

from sysmon_agent.clock import Clock
from sysmon_agent.config.addresses import Address
from sysmon_appliance.bootstrap.base import lay_base
from sysmon_appliance.bootstrap.single import single_aggregator
from sysmon_appliance.config import AggregatorSettings


class Aggregator(Protocol):
    """Everything built and bound; `serve` runs it, once."""

    ingest_address: Address
    console_address: Address

    async def serve(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve until `stop` is set; return when all that was accepted is on disk.

        `ready` is called once when every listener answers.
        """


@contextmanager
def build(settings: AggregatorSettings, clock: Clock, *, key_passphrase: bytes | None = None) -> Iterator[Aggregator]:
    """Make an aggregator from its settings; its files and sockets are let go of at the end of the block.

    Parameters
    ----------
    key_passphrase
        Opens and seals private keys on disk.

    Raises
    ------
    ConfigError, IdentityError, StorageError
        An address, a certificate, a program or the data folder cannot be used.
    """
    with ExitStack() as closing:
        # Sockets before the database: what cannot be served must not begin an epoch.
        base = lay_base(settings, clock, closing, key_passphrase=key_passphrase)
        if not (settings.replica.url or settings.consul.url):
            yield closing.enter_context(single_aggregator(base))
            return
        # Only here, for they cost memory that a single aggregator has better use for.
        from sysmon_appliance.bootstrap.replicas import replicas_of  # noqa: PLC0415

        replicas = replicas_of(settings, clock)
        assert replicas is not None  # noqa: S101 - one of the two settings names a place
        if not settings.consul.url:
            from sysmon_appliance.bootstrap.alone import ReplicatedAggregator  # noqa: PLC0415 - as above

            yield ReplicatedAggregator(base, replicas)
            return
        from sysmon_appliance.bootstrap.node import RegionNode  # noqa: PLC0415 - as above
        from sysmon_appliance.bootstrap.regional import open_region  # noqa: PLC0415

        yield RegionNode(open_region(base, replicas, closing))
