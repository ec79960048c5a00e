"""Runs `sysmon` as `python -m sysmon_appliance.cli`."""

from sysmon_appliance.cli import main

if __name__ == "__main__":
    main()
