"""What a start of local mode is decided to be: where things listen, and as whom the agent speaks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sysmon_agent.config.addresses import Address
from sysmon_agent.config.reader import Reading, read, read_with_sources
from sysmon_agent.config.values import AgentSettings, TlsSettings
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.local.folder import LocalFolder
from sysmon_appliance.local.places import socket_folder
from sysmon_appliance.local.ports import free_address


@dataclass(frozen=True, slots=True)
class Plan:
    """What a start of local mode was decided to be."""

    ingest: Address
    console: Address
    socket: Path
    authority: Path  # whom the aggregator trusts
    grace_seconds: int  # how long after its end the aggregator renews a certificate
    identity: TlsSettings | None  # of the agent; None where it has one of somebody else's making
    aggregator: Mapping[str, str]  # variables that differ from the settings file
    agent: Mapping[str, str]
    remarks: tuple[str, ...]  # what the user should know


def plan(folder: LocalFolder, environ: Mapping[str, str]) -> Plan:
    """Read the settings files and find free ports.

    Raises
    ------
    ConfigError
        A settings file has faults, or an address cannot be used at all.
    """
    aggregator = read(AggregatorSettings, path=folder.aggregator_file, environ=environ, overrides={})
    agent = read_with_sources(AgentSettings, path=folder.agent_file, environ=environ, overrides={})
    ingest = free_address(aggregator.ingest.listen, "ingest.listen")
    console = free_address(aggregator.console.listen, "console.listen")
    socket = socket_folder(folder.root, environ) / "aggregator.sock"
    authority = Path(aggregator.ingest.authority)
    aggregators = _aggregators(agent, aggregator.ingest.listen, ingest)
    identity = _identity(agent, folder, authority)
    wanted = {aggregator.ingest.listen: ingest, aggregator.console.listen: console}
    return Plan(
        ingest=ingest,
        console=console,
        socket=socket,
        authority=authority,
        grace_seconds=aggregator.enrolment.renew_after_expiry_seconds,
        identity=identity if _is_ours(folder, identity, authority) and str(reachable(ingest)) in aggregators else None,
        aggregator={
            "SYSMON_INGEST__LISTEN": str(ingest),
            "SYSMON_CONSOLE__LISTEN": str(console),
            "SYSMON_CONSOLE__SOCKET": str(socket),
        },
        agent={
            "SYSMON_AGGREGATORS": ",".join(aggregators),
            "SYSMON_TLS__CERTIFICATE": identity.certificate,
            "SYSMON_TLS__KEY": identity.key,
            "SYSMON_TLS__AUTHORITY": identity.authority,
        },
        remarks=tuple(f"{old} is in use; using {new}." for old, new in wanted.items() if old != str(new)),
    )


def _aggregators(agent: Reading[AgentSettings], wanted: str, ingest: Address) -> tuple[str, ...]:
    """Return where the agent pushes to: to the aggregator beside it, unless its settings file says otherwise.

    Where the file names that aggregator and another port had to be used, the agent follows.
    """
    local = str(reachable(ingest))
    if not any(row.key == "aggregators" and row.is_set for row in agent.rows):
        return (local,)
    return tuple(local if address == wanted else address for address in agent.settings.aggregators)


def _identity(agent: Reading[AgentSettings], folder: LocalFolder, authority: Path) -> TlsSettings:
    """Return where the agent's identity lies: in the folder, unless its settings say otherwise.

    It never shares the aggregator's file of trusted roots: each renewal writes what the aggregator trusts at that
    moment, and would undo what an operator has just put there.
    """
    named = {row.key for row in agent.rows if row.is_set}
    tls = agent.settings.tls
    if Path(tls.authority) == authority or "tls.authority" not in named:
        tls = replace(tls, authority=str(folder.identity / "ca.pem"))
    if "tls.certificate" not in named:
        tls = replace(tls, certificate=str(folder.identity / "agent.pem"))
    return tls if "tls.key" in named else replace(tls, key=str(folder.identity / "agent-key.pem"))


def _is_ours(folder: LocalFolder, identity: TlsSettings, authority: Path) -> bool:
    """Whether local mode looks after identity and authority: nothing outside its folder is replaced."""
    named = (Path(identity.certificate), Path(identity.key), Path(identity.authority), authority)
    return all(path.is_relative_to(folder.root) for path in named)


def reachable(listening: Address) -> Address:
    """Return where a program on this machine reaches what listens there."""
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not listened on
    return Address(loopback.get(listening.host, listening.host), listening.port)
