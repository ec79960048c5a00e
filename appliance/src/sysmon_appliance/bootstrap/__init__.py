"""The composition root: the one place where the aggregator's parts are made and joined."""

from sysmon_appliance.bootstrap.building import Aggregator, build

__all__ = ["Aggregator", "build"]
