"""The data folder of local mode: made once, used again, never overwriting what its owner edited."""

import fcntl
import os
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_appliance.errors import StorageError
from sysmon_appliance.files import replace_file
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.local import LOCAL_REGION, open_local

AGGREGATOR_YAML = f"""\
# The aggregator that `sysmon up` runs.  Edit freely: this file is written once and never again.
# Relative paths start here.  docs/reference/aggregator-settings.md has every setting.
region: {LOCAL_REGION}
data: live
ingest:
  listen: 127.0.0.1:7443
  certificate: pki/aggregator.pem
  key: pki/aggregator-key.pem
  authority: pki/ca.pem
console:
  listen: 127.0.0.1:7480
"""

AGENT_YAML = """\
# The agent that `sysmon up` runs.  Edit freely: this file is written once and never again.
# Relative paths start here.  docs/reference/agent-settings.md has every setting.
# Without `aggregators` the agent pushes to the aggregator that was started with it.
interval_seconds: 2
tls:
  certificate: identity/agent.pem
  key: identity/agent-key.pem
  authority: identity/ca.pem
spool:
  directory: spool
# labels:
#   role: workstation
# tags: [mine]
"""


class LocalFolder:
    """Files of local mode below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.agent_file = root / "agent.yaml"
        self.aggregator_file = root / "aggregator.yaml"
        self.identity = root / "identity"
        self.logs = root / "logs"
        self._lock = -1

    def acquire(self) -> bool:
        """Become the one local mode of this folder; False when another runs there. Lasts as long as this process.

        Raises
        ------
        StorageError
            The folder cannot be used.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise self._unusable(error) from error
        return True

    def prepare(self, clock: Clock) -> IssuingAuthority:
        """Make what is missing of the authority and the settings files, and return who signs here.

        Raises
        ------
        StorageError, IdentityError
            The folder cannot be used, or holds a damaged authority.
        """
        try:
            self.logs.mkdir(mode=0o700, exist_ok=True)
            for file, content in ((self.aggregator_file, AGGREGATOR_YAML), (self.agent_file, AGENT_YAML)):
                if not file.exists():
                    replace_file(file, content.encode())
        except OSError as error:
            raise self._unusable(error) from error
        return open_local(self.root / "pki", clock)

    def _unusable(self, error: OSError) -> StorageError:
        return StorageError(f"The folder {self.root} cannot be used: {error.strerror}.", hint="sysmon up --data FOLDER")
