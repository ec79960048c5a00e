from sysmon_agent.cli import main

main()
