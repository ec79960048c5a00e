"""The simulated hosts of `sysmon up --demo`, as a program of local mode."""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sysmon_agent.config.values import TlsSettings
from sysmon_appliance.files import replace_file
from sysmon_appliance.local.children import Program
from sysmon_appliance.local.folder import LocalFolder
from sysmon_appliance.local.joining import MakeToken, Trust, host_at
from sysmon_appliance.local.plan import Plan, reachable

INTERVAL_SECONDS = 2
_MAX_AT_ONCE = 8


class SimulatedHosts:
    """As many hosts as were asked for; the same ones come back at every start, so that a fleet keeps its history."""

    def __init__(self, folder: LocalFolder, chosen: Plan, environ: Mapping[str, str], *, count: int) -> None:
        self._folder = folder
        self._plan = chosen
        self._count = count
        self._description = folder.root / "demo.json"
        arguments = ["-m", "sysmon_appliance.demo", str(self._description)]
        self.program = Program("demo", arguments, folder.logs / "demo.log", environ)

    def prepare(self, trust: Trust, make_token: MakeToken) -> None:
        """Write down where each host's identity lies, with a token for each that has none which can be renewed."""
        identities = [self._identity(number) for number in range(self._count)]
        without = [number for number, tls in enumerate(identities) if not trust.renews(tls)]
        tokens = self._tokens(identities, without, make_token)
        document = {
            "aggregator": str(reachable(self._plan.ingest)),
            "authority": str(self._plan.authority),
            "interval_seconds": INTERVAL_SECONDS,
            "hosts": [
                {"certificate": tls.certificate, "key": tls.key, "token": tokens.get(number, "")}
                for number, tls in enumerate(identities)
            ],
        }
        replace_file(self._description, json.dumps(document).encode())

    def _tokens(self, identities: list[TlsSettings], without: list[int], make_token: MakeToken) -> dict[int, str]:
        """Make one token for all new hosts, and one for each whose history goes on."""
        known = {number: host for number in without if (host := self._known(number, identities[number]))}
        new = [number for number in without if number not in known]
        shared = make_token(uses=len(new)) if new else ""
        with ThreadPoolExecutor(_MAX_AT_ONCE) as pool:
            bound = dict(zip(known, pool.map(lambda host: make_token(replaces=host), known.values()), strict=True))
        return dict.fromkeys(new, shared) | bound

    def _identity(self, number: int) -> TlsSettings:
        folder = self._folder.root / "simulated"
        return TlsSettings(
            certificate=str(folder / f"{number:04}.pem"),
            key=str(folder / f"{number:04}-key.pem"),
            authority=str(self._plan.authority),
        )

    def _known(self, number: int, tls: TlsSettings) -> str:
        """Return the id that a host has had, here or in a folder of an earlier version; empty where there is none."""
        former = hashlib.sha256(f"simulated host {number}".encode()).hexdigest()[:32]
        return host_at(Path(tls.certificate)) or host_at(self._folder.root / "pki" / "agents" / f"{former}.pem")
