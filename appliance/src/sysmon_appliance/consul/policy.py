"""The least that an aggregator's token must be allowed in Consul, as an ACL policy."""

from sysmon_appliance.consul.names import AGENT_SERVICE, AGGREGATOR_SERVICE, node_prefix

_OF_LEADERSHIP = """\
# The lock, the epoch and the lineage of this region.
key_prefix "{prefix}" {{
  policy = "write"
}}

# The session that proves that this aggregator is alive, on the Consul node beside it.
session "{node}" {{
  policy = "write"
}}

# This aggregator in the catalogue.
service "{aggregator}" {{
  policy = "write"
}}
"""

_OF_HOSTS = """
# The hosts that it monitors, in the catalogue, and no other node.
service "{agent}" {{
  policy = "write"
}}
node_prefix "{hosts}" {{
  policy = "write"
}}
"""


def policy(prefix: str, region: str, *, consul_node: str, registers_hosts: bool) -> str:
    """Write the rules for the token of one aggregator.

    Parameters
    ----------
    prefix
        Of the region's keys, with a slash at its end.
    consul_node
        The name of the Consul node that the aggregator speaks to.
    """
    rules = _OF_LEADERSHIP.format(prefix=prefix, node=consul_node, aggregator=AGGREGATOR_SERVICE)
    return rules + (_OF_HOSTS.format(agent=AGENT_SERVICE, hosts=node_prefix(region)) if registers_hosts else "")
