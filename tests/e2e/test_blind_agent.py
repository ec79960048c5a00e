"""An agent that cannot see its host."""

from pathlib import Path

from tests.support.pushes import HOST
from tests.support.system import system_in


def test_unreadable_proc_is_reported_and_stops_nothing(tmp_path: Path) -> None:
    """Where /proc cannot be read the agent says which collectors fail, and ticks go on with what can be measured."""
    blind = tmp_path / "proc"
    blind.mkdir()
    with system_in(tmp_path) as system:
        system.start_aggregator()
        system.ready()
        agent = system.start_agent(collect={"proc": str(blind)})
        system.holds(3)
        assert agent.running
        agent.says("collector")
        assert "Traceback" not in agent.output()
        series = system.get(f"/api/v1/hosts/{HOST}")["series"]
        failures = [one for one in series if one["metric"] == "sysmon.agent.collector.failures"]
        assert any(one["value"] for one in failures)
