"""`sysmon up`: SysMonitor on this host, without installation or settings."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sysmon_appliance.local.places import default_folder

MAX_SIMULATED = 1000


def up(
    *,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder for data, certificates and settings.", show_default=False),
    ] = None,
    demo: Annotated[
        int, typer.Option(min=0, max=MAX_SIMULATED, metavar="N", help="Add N simulated hosts.", show_default=False)
    ] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the console in a browser.")] = True,
) -> None:
    """Run SysMonitor on this host until Ctrl-C, and print a link to its console.

    Where it runs already, print a new link and end.
    """
    from sysmon_appliance.cli.foreground import run_in_foreground  # noqa: PLC0415 - other commands need no cryptography

    run_in_foreground((data or default_folder(os.environ)).absolute(), simulated=demo, browser=browser)
