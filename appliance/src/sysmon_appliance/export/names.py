"""What the formats of history are called."""

from enum import StrEnum
from pathlib import Path

from sysmon_appliance.errors import BadRequestError


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"
    OPENMETRICS = "openmetrics"


_BY_SUFFIX = {".csv": Format.CSV, ".parquet": Format.PARQUET, ".om": Format.OPENMETRICS, ".txt": Format.OPENMETRICS}


def format_of(name: str) -> Format:
    """Tell a file's format by the end of its name.

    Raises
    ------
    BadRequestError
        The name does not tell.
    """
    found = _BY_SUFFIX.get(Path(name).suffix.lower())
    if found is None:
        known = ", ".join(_BY_SUFFIX)
        raise BadRequestError(
            f"The name {name!r} does not say the format; {known} would.", hint="sysmon history export --format csv"
        )
    return found
