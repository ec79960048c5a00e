"""What the formats of history are called, and what is written in them."""

from enum import StrEnum
from pathlib import Path

from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.errors import BadRequestError


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"
    OPENMETRICS = "openmetrics"


class Detail(StrEnum):
    """What can be written: every kind of history but tables."""

    RAW = Kind.RAW.value
    MINUTE = Kind.MINUTE.value
    HOUR = Kind.HOUR.value


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
