"""How SysMonitor's parts are called in Consul's catalogue."""

AGGREGATOR_SERVICE = "sysmon-aggregator"
AGENT_SERVICE = "sysmon-agent"


def node_prefix(region: str) -> str:
    """Return how the nodes of all monitored hosts of a region begin, and those of nobody else.

    It is what keeps an aggregator's token from changing any other node of the catalogue. It ends with two dashes, so
    that it is not also how those of a region begin whose name is longer.
    """
    return f"sysmon-{region}--"
