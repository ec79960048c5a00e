"""What SysMonitor is about, in plain Python: values, and beside them the ports that store or supply them."""
