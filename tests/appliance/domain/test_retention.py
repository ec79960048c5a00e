"""Understanding the settings of retention."""

import pytest

from sysmon_agent.errors import ConfigError
from sysmon_appliance.config import RetentionSettings
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.retention import policy_of
from sysmon_appliance.domain.segments import Kind
from tests.support.head import host

DB = host(1, "db-1", labels=(("env", "prod"), ("role", "db")), tags=("ssd",))
WEB = host(2, "web-1", labels=(("role", "web"),))


def days(rules: tuple[str, ...], of: Host = DB) -> dict[Kind, int]:
    return dict(policy_of(RetentionSettings(rules=rules)).of(of))


def test_without_a_rule_a_host_is_kept_as_the_settings_say() -> None:
    """Each kind has the days of its own setting."""
    assert days(()) == {Kind.RAW: 30, Kind.MINUTE: 400, Kind.HOUR: 3650, Kind.TABLES: 14}


def test_a_rule_changes_what_it_names() -> None:
    """What a rule does not name stays as for everything else; days, weeks and years are understood."""
    assert days(("role=db raw=90d minute=2y tables=8w",)) == {
        Kind.RAW: 90,
        Kind.MINUTE: 730,
        Kind.HOUR: 3650,
        Kind.TABLES: 56,
    }
    assert days(("role=db raw=90d",), WEB)[Kind.RAW] == 30


def test_the_first_rule_that_fits_counts() -> None:
    """Later rules do not count for a host that an earlier one fits."""
    assert days(("role=db raw=90d", "env=prod raw=7d"))[Kind.RAW] == 90


@pytest.mark.parametrize("selector", ["name=db-1", "tag=ssd", "env", "role!=web", "role=db,env=prod", "role=db env"])
def test_hosts_are_chosen_as_everywhere_else(selector: str) -> None:
    """Rules choose by labels, tags and names; terms may stand apart, as in variables where a comma parts rules."""
    assert days((f"{selector} raw=90d",))[Kind.RAW] == 90


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("role=db", "names no time"),
        ("raw=90d", "chooses no hosts"),
        ("role=db raw=90", "has no time such as 90d"),
        ("role=db raw=6m", "has no time such as 90d"),
        ("role=db raw=0d", "has a time out of range"),
        ("role=db raw=200y", "has a time out of range"),
        ("role=db raw=1d raw=2d", "names a kind twice"),
        ("=db raw=1d", "has no usable selector"),
        ("status=up raw=1d", "asks for a host's status"),
    ],
)
def test_what_is_no_rule_is_refused(rule: str, problem: str) -> None:
    """A rule that cannot be meant is refused, with what to write instead."""
    with pytest.raises(ConfigError, match=problem) as refused:
        days((rule,))
    assert refused.value.faults[0].suggestion


def test_all_faults_are_told_at_once() -> None:
    """Whoever has written several wrong rules learns of all of them, and where they stand."""
    settings = RetentionSettings(rules=("role=db", "role=web raw=1d", "raw=2d"))
    with pytest.raises(ConfigError) as refused:
        policy_of(settings, "aggregator.yaml:7")
    assert [(fault.place, fault.problem.split(",")[0]) for fault in refused.value.faults] == [
        ("aggregator.yaml:7", "`retention.rules` entry 1"),
        ("aggregator.yaml:7", "`retention.rules` entry 3"),
    ]


def test_what_is_kept_for_long_is_merged_by_month() -> None:
    """A kind that some hosts keep for a quarter of a year or more lies in files of months."""
    assert policy_of(RetentionSettings()).monthly == {Kind.MINUTE, Kind.HOUR}
    assert Kind.RAW in policy_of(RetentionSettings(rules=("role=db raw=1y",))).monthly
