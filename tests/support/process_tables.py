"""Process tables for tests: only what matters to a test is said."""

from collections.abc import Mapping, Sequence

from sysmon_agent.names import PROCESS_COLUMNS, PROCESS_TABLE
from sysmon_agent.wire.messages import TableRows, TableSchema

TABLE = TableSchema.of(PROCESS_TABLE, PROCESS_COLUMNS)

Row = Mapping[str, float | str]


def row(pid: float = 1, **values: float | str) -> Row:
    """Make a row; what is not said is told by the pid, and otherwise nothing."""
    named: dict[str, float | str] = {
        "pid": float(pid),
        "name": f"name-{pid:g}",
        "command": f"/bin/{pid:g}",
        "user": "root",
    }
    return {name: "" if text else 0.0 for name, text in PROCESS_COLUMNS} | named | values


def rows(*ticks: Sequence[Row]) -> TableRows:
    """Make the tables of ticks, each of some rows."""
    flat = [one for tick in ticks for one in tick]
    columns = tuple([one[name] for one in flat] for name, _ in PROCESS_COLUMNS)
    return TableRows(tuple(map(len, ticks)), columns)  # type: ignore[arg-type]  # numbers or texts, as the columns are
