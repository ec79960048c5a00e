"""Runs `sysmon-agent` as `python -m sysmon_agent`."""

from sysmon_agent.cli import main

if __name__ == "__main__":
    main()
