"""SysMonitor's appliance: aggregator, web console and operator commands."""
