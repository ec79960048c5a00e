"""Files of history on the way from the aggregator."""

import json
from typing import Any, BinaryIO
from urllib.parse import urlencode

import numpy as np

from sysmon_agent.wire.messages import Series
from sysmon_appliance.cli.client import Client
from sysmon_appliance.cli.progress import Advance
from sysmon_appliance.domain.exchange import HistoryWriter, SeriesValues
from sysmon_appliance.errors import UnreachableError
from sysmon_appliance.export import formats
from sysmon_appliance.export.names import Format


def begin(form: Format, out: BinaryIO) -> HistoryWriter:
    """Begin a file.

    Raises
    ------
    BadRequestError
        The library for this format is not installed.
    """
    formats.check_installed(form)
    return formats.writer(form, out)


def write(client: Client, asked: dict[str, Any], writer: HistoryWriter, advance: Advance) -> int:
    """Write what the aggregator answers; return how many values it was.

    Raises
    ------
    UnreachableError
        The answer has no end.
    """
    for line in client.lines(f"/api/v1/export?{urlencode(asked, doseq=True)}"):
        said = json.loads(line)
        if "t" in said:
            writer.write(_values(said))
        elif "done" in said:
            advance(said["done"], said["of"])
        elif "end" in said:
            writer.finish()
            return int(said["values"])
    raise UnreachableError("The export ended early.", hint="sysmon storage status")


def _values(said: Any) -> SeriesValues:
    return SeriesValues(
        host=said["host"],
        host_id=said["host_id"],
        series=Series(said["metric"], tuple(sorted(said["attributes"].items()))),
        t=np.array(said["t"], np.int64),
        values=np.array([float(value) for value in said["values"]]),
    )
