"""`sysmon-agent discover`: where aggregators are, as Consul on this host says; the resident agent runs it."""

import argparse
import logging

from sysmon_agent import identity
from sysmon_agent.cli.settings import inherited, settings
from sysmon_agent.config.values import AgentSettings
from sysmon_agent.consul import Consul
from sysmon_agent.errors import ConsulError, SysmonError
from sysmon_agent.logs import set_up_logging
from sysmon_agent.spool.known import KnownAggregators

_log = logging.getLogger(__name__)


def discover(options: argparse.Namespace) -> int:
    if options.inherited is not None:
        return _logged(inherited(options.inherited))
    chosen = settings(options)
    if not chosen.consul.url:
        raise ConsulError("consul.url is not set, so there is no Consul to ask.", hint="sysmon-agent config show")
    print("\n".join(_found(chosen)) or "Consul knows no aggregator that is well.")
    return 0


def _found(chosen: AgentSettings) -> tuple[str, ...]:
    """Ask Consul, remember its answer for the resident agent, and register where that is wished."""
    consul = Consul(chosen.consul)
    addresses = consul.aggregators(identity.read(chosen.tls.certificate).peer.region)
    if addresses:
        _remember(chosen, addresses)
    if chosen.consul.register == "yes":
        consul.register(labels=chosen.labels, tags=chosen.tags)
    return addresses


def _remember(chosen: AgentSettings, addresses: tuple[str, ...]) -> None:
    try:
        KnownAggregators(chosen.spool.directory).add(addresses)
    except OSError as error:
        _log.warning("Addresses of aggregators cannot be remembered.", extra={"reason": error.strerror})


def _logged(chosen: AgentSettings) -> int:
    """Say what fails in the log that the resident agent writes to as well."""
    set_up_logging(chosen.log_level)
    try:
        addresses = _found(chosen)
    except SysmonError as error:
        extra = {"code": error.code, "reason": error.message, "hint": error.hint}
        _log.warning("Consul could not be asked for aggregators.", extra=extra)
        return error.exit_code
    _log.debug("Consul was asked for aggregators.", extra={"aggregators": list(addresses)})
    return 0
