"""The simulated hosts of `sysmon up --demo`, as a program of local mode."""

import hashlib
import json
from collections.abc import Mapping

from sysmon_appliance.files import replace_file
from sysmon_appliance.local.children import Program
from sysmon_appliance.local.folder import LocalFolder
from sysmon_appliance.local.system import Plan, reachable
from sysmon_appliance.pki import LocalAuthority

INTERVAL_SECONDS = 2


def simulated_hosts(
    folder: LocalFolder, authority: LocalAuthority, chosen: Plan, environ: Mapping[str, str], *, count: int
) -> Program:
    """Issue a certificate for each host and describe the program that plays them.

    The same hosts come back at every start, so that a fleet keeps its history.
    """
    issued = [authority.agent(_host_id(number)) for number in range(count)]
    document = {
        "aggregator": str(reachable(chosen.ingest)),
        "interval_seconds": INTERVAL_SECONDS,
        "hosts": [files.settings() for files in issued],
    }
    description = folder.root / "demo.json"
    replace_file(description, json.dumps(document).encode())
    arguments = ["-m", "sysmon_appliance.demo", str(description)]
    return Program("demo", arguments, folder.logs / "demo.log", environ)


def _host_id(number: int) -> str:
    return hashlib.sha256(f"simulated host {number}".encode()).hexdigest()[:32]
