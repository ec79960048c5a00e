"""What a TLS handshake costs either side, in full and resumed: `make bench-handshake`.

Aggregator and agent shake hands in one thread, over memory instead of sockets, with the contexts and certificates that
they use: mutual TLS 1.3, chains of leaf and intermediate. Each side is billed for the CPU of its own steps. Full and
resumed handshakes alternate, so that whatever else the machine does falls on both alike. Sockets and the event loop
come on top, and are the same for both.
"""

import argparse
import ssl
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from sysmon_agent.clock import SystemClock
from sysmon_appliance.pki.files import save_pair
from sysmon_appliance.pki.names import LOOPBACK
from sysmon_appliance.pki.profiles import AGGREGATOR_PROFILE
from sysmon_appliance.web.tls import LiveContext, TlsFiles
from tests.bench.measure import Peer, machine, report
from tests.support.handshakes import client_context
from tests.support.pki import station, tree


@dataclass
class Side:
    """One end of a connection, and the CPU that it has used."""

    stream: ssl.SSLObject
    seconds: float = 0.0
    done: bool = False

    def step(self) -> None:
        """Go on with the handshake as far as what has arrived allows."""
        began = time.thread_time()
        try:
            self.stream.do_handshake()
            self.done = True
        except ssl.SSLWantReadError:
            pass
        self.seconds += time.thread_time() - began


@dataclass
class Costs:
    """Seconds of CPU of each handshake."""

    server: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)


def handshake(
    server: ssl.SSLContext, client: ssl.SSLContext, costs: Costs, session: ssl.SSLSession | None
) -> ssl.SSLSession:
    """Shake hands once, add up the costs, and return the session that can be resumed."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = Side(client.wrap_bio(down, up, server_hostname="localhost", session=session))
    theirs = Side(server.wrap_bio(up, down, server_side=True))
    while not (ours.done and theirs.done):
        ours.step()
        theirs.step()
    theirs.stream.write(b".")
    ours.stream.read(1)  # the ticket comes before it
    assert ours.stream.session_reused is (session is not None)
    assert ours.stream.session is not None
    costs.server.append(theirs.seconds)
    costs.client.append(ours.seconds)
    return ours.stream.session


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make the contexts of an aggregator and of an agent."""
    made = station(folder, SystemClock())
    authority = made.files.authority
    agent = client_context(tree(made.clock).agent(made.issuer.material), authority)
    files = TlsFiles(str(folder / "own.pem"), str(folder / "own-key.pem"), str(authority))
    save_pair(made.issuer.server(AGGREGATOR_PROFILE, LOOPBACK), Path(files.certificate), Path(files.key), None)
    return LiveContext(files, clients=ssl.CERT_OPTIONAL).context, agent


def measure(rounds: int) -> tuple[Costs, Costs]:
    """Return what full and resumed handshakes cost, alternating."""
    full, resumed = Costs(), Costs()
    with tempfile.TemporaryDirectory(prefix="bench-handshake-") as folder:
        server, client = contexts(Path(folder))
        for _ in range(rounds):
            handshake(server, client, resumed, handshake(server, client, full, None))
    return full, resumed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000, help="handshakes of each kind")
    rounds = parser.parse_args().rounds
    full, resumed = measure(rounds)
    conditions = (
        f"{rounds} alternating; median; mutual TLS 1.3, EC P-256, two certificates each way; "
        f"{ssl.OPENSSL_VERSION}; {machine()}"
    )
    for side in ("server", "client"):
        whole, short = (1000 * statistics.median(getattr(costs, side)) for costs in (full, resumed))
        name = f"tls.handshake.{side}_cpu_milliseconds"
        report(f"{name}.full", whole, "ms", conditions=f"{conditions}; no peer measured")
        report(f"{name}.resumed", short, "ms", conditions=conditions, peer=Peer("a full handshake", whole))


if __name__ == "__main__":
    main()
