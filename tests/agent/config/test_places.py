"""Where files lie when nobody says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sysmon_agent.config.declared import declared
from sysmon_agent.config.places import SYSTEM, Places, places_of
from sysmon_agent.config.reader import Reading, read, read_with_sources
from sysmon_agent.config.values import AgentSettings, setting
from sysmon_appliance.config import AggregatorSettings

ALICE = {"HOME": "/u/alice"}


def test_root_has_the_systems_folders() -> None:
    """Root's files lie in the system's folders, whatever the environment says."""
    assert places_of(0, {"XDG_CONFIG_HOME": "/elsewhere"}) == SYSTEM
    assert SYSTEM.settings_file("agent") == "/etc/sysmon/agent.yaml"


def test_others_have_folders_of_their_own() -> None:
    """Another user's files lie below the home folder."""
    places = places_of(1000, ALICE)
    assert places.settings_file("agent") == "/u/alice/.config/sysmon/agent.yaml"
    assert places.locate("/var/lib/sysmon/spool") == "/u/alice/.local/state/sysmon/spool"
    assert places.locate("/run/sysmon/aggregator.sock") == "/u/alice/.local/state/sysmon/run/aggregator.sock"


def test_the_xdg_variables_are_followed() -> None:
    """The variables of the XDG rules name the folders; a relative one is ignored, as the rules ask."""
    given = {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "relative", "XDG_RUNTIME_DIR": "/run/user/1000"}
    places = places_of(1000, {**ALICE, **given})
    assert places == Places("/c/sysmon", "/u/alice/.local/state/sysmon", "/run/user/1000/sysmon")


def test_other_paths_stay_where_they_are() -> None:
    """A default outside the system's folders is the same for everybody."""
    places = places_of(1000, ALICE)
    assert [places.locate(path) for path in ("/proc", "", "/etc/sysmonitor/x")] == ["/proc", "", "/etc/sysmonitor/x"]


@pytest.mark.parametrize("kind", [AgentSettings, AggregatorSettings])
def test_no_default_is_left_in_a_folder_of_the_system(kind: type) -> None:
    """A user who is not root needs to set no path: no default lies where only root may write."""
    reading: Reading[Any] = read_with_sources(kind, path=None, environ={}, overrides={}, places=places_of(1000, ALICE))
    paths = {entry.key for entry in declared(kind).values() if entry.form == "path"}
    found = {row.key: row.value for row in reading.rows if row.key in paths and row.value not in {"", "/proc", "/sys"}}
    assert found
    assert not {key: value for key, value in found.items() if not value.startswith("/u/alice/")}


@dataclass(frozen=True, slots=True)
class Sample:
    key: str = setting("/etc/sysmon/pki/key.pem", "A key.", form="path")
    words: str = setting("/etc/sysmon/", "Words.")


def test_what_is_set_is_not_moved(tmp_path: Path) -> None:
    """Only defaults are moved, and only those of paths."""
    file = tmp_path / "agent.yaml"
    places = places_of(1000, ALICE)
    assert read(Sample, path=None, environ={}, overrides={}, places=places).words == "/etc/sysmon/"
    file.write_text("key: /etc/sysmon/key.pem\n")
    assert read(Sample, path=file, environ={}, overrides={}, places=places).key == "/etc/sysmon/key.pem"


def test_parts_count_without_a_settings_file(tmp_path: Path) -> None:
    """Where nobody named a settings file and there is none, what stands in conf.d is read all the same."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "agent-enrolment.yaml").write_text("aggregators: [a:7443]\n")
    settings = read(AgentSettings, path=tmp_path / "agent.yaml", environ={}, overrides={}, optional=True)
    assert settings.aggregators == ("a:7443",)
