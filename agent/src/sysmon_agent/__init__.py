"""SysMonitor's agent: everything that runs on a monitored host."""
