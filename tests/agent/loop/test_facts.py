"""What the agent tells about its host."""

from dataclasses import replace

from sysmon_agent.config.values import AgentSettings
from sysmon_agent.loop.facts import boot_id, cpu_model, facts, parse_os_release


def test_facts_are_sorted_and_never_empty() -> None:
    """Hello carries facts in order of their keys, as the protocol demands, and none without a value."""
    found = facts(AgentSettings())
    assert list(found) == sorted(found)
    assert all(value for _, value in found)
    assert {"host.name", "os.type", "host.arch", "service.version"} <= dict(found).keys()


def test_a_name_from_the_settings_wins() -> None:
    """The host's name can be set."""
    assert dict(facts(replace(AgentSettings(), name="web-1")))["host.name"] == "web-1"


def test_os_release_is_read() -> None:
    """Quotes and comments of os-release files are understood."""
    text = "# comment\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME='Debian'\nVERSION_ID=12\n\nEMPTY=\n"
    assert parse_os_release(text) == {
        "PRETTY_NAME": "Debian GNU/Linux 12 (bookworm)",
        "NAME": "Debian",
        "VERSION_ID": "12",
    }


def test_the_cpu_has_a_name_where_the_kernel_tells_it() -> None:
    """The first processor's model is the host's; machines without one have none."""
    assert cpu_model("processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\nmodel name\t: Other\n") == "Some CPU @ 3 GHz"
    assert cpu_model("Processor : 0\n") == ""


def test_a_boot_has_one_id() -> None:
    """The boot id stays the same while the host is up."""
    assert boot_id() == boot_id()
    assert len(boot_id()) == 16
