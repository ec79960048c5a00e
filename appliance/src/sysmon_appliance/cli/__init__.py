"""What operators type: `sysmon` and `sysmon-aggregator`.

Commands import what they need when they run, so that the light ones answer at once.
"""


def main() -> None:
    """Run `sysmon`."""
    from sysmon_appliance.cli.app import run  # noqa: PLC0415 - typer is loaded by the command, not by the package

    run()
