"""How long a new host takes from its token to its first stored sample: `make bench-enrolling`.

The real `sysmon-agent enroll` and then `sysmon-agent run`, as processes of their own, one host after another, against
the real listener over mutual TLS. The clock on the wall starts with the command line and stops when the aggregator has
committed the host's first tick; CPU is that of both programs up to then.
"""

import argparse
import resource
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.measure import cpu_seconds, machine, report
from tests.support.joining_commands import Host
from tests.support.region import Region, region_in

LOOK_SECONDS = 0.005


def join(region: Region, host: Host) -> tuple[float, float, float]:
    """Return the seconds to the certificate, those to the first stored tick, and the CPU seconds of all that."""
    token, before = region.token(), region.hosts()
    began, spent = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    host.run("enroll", "--token-file", "-", text=token)
    enrolled, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    (host_id,) = region.hosts() - before
    with host.start("run") as agent:
        while not region.delivered(host_id):
            time.sleep(LOOK_SECONDS)
        delivered = time.monotonic() - began
        cpu = used.ru_utime - spent.ru_utime + used.ru_stime - spent.ru_stime + cpu_seconds(agent.pid)
    return enrolled, delivered, cpu


def main() -> None:
    arguments = argparse.ArgumentParser(
        prog="make bench-enrolling", description="Measure how long a host takes to join."
    )
    arguments.add_argument("--hosts", type=int, default=10, help="hosts that join, one after another")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, region_in(Path(folder) / "region") as region:
        joined = [
            join(region, Host(Path(folder) / f"host-{number}", region.address)) for number in range(options.hosts)
        ]
    conditions = f"no peer; median of {options.hosts} hosts; {machine()}"
    names = ("seconds_to_certificate", "seconds_to_first_sample", "cpu_seconds")
    for name, values in zip(names, zip(*joined, strict=True), strict=True):
        report(f"enrolling.{name}", statistics.median(values), "s", conditions=conditions)


if __name__ == "__main__":
    main()
