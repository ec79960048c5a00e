"""`sysmon-agent config`: the settings as they are used, and where each comes from."""

import argparse
import json
from typing import Any

from sysmon_agent.cli.settings import reading
from sysmon_agent.config.reader import Row


def check_settings(options: argparse.Namespace) -> int:
    """Report every fault in the settings."""
    reading(options)
    print("The settings are good.")
    return 0


def show_settings(options: argparse.Namespace) -> int:
    """Print settings and where each comes from; secrets are not shown."""
    rows = [row for row in reading(options).rows if options.effective or row.is_set]
    if options.output == "json":
        print(json.dumps([{"setting": row.key, "value": row.value, "source": row.source} for row in rows], indent=2))
    else:
        print("\n".join(_lines(rows)))
    return 0


def _lines(rows: list[Row]) -> list[str]:
    cells = [("setting", "value", "source"), *((row.key, _shown(row.value), row.source) for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in (0, 1)]
    return [f"{key:{widths[0]}}  {value:{widths[1]}}  {source}" for key, value, source in cells]


def _shown(value: Any) -> str:
    match value:
        case tuple():
            return ", ".join(value)
        case dict():
            return ", ".join(f"{name}={text}" for name, text in value.items())
    return str(value)
