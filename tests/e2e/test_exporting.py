"""History leaves a real aggregator as files."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.encode import encode_batch, encode_hello
from sysmon_agent.wire.routes import BATCHES_PATH, HELLO_PATH
from sysmon_appliance.cli.app import run
from sysmon_appliance.export.formats import reader
from sysmon_appliance.export.names import Format
from tests.support.pushes import HOST, a_batch, a_hello
from tests.support.raw_agent import RawAgent, tls_context
from tests.support.system import System, system_in

TICKS = 50


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with system_in(tmp_path) as running:
        running.start_aggregator()
        running.ready()
        issued = running.authority.agent(HOST)
        now_ms = SystemClock().wall_ms()
        with closing(RawAgent(running.ingest_port, tls_context(issued.settings()["authority"], issued))) as agent:
            assert agent.post(HELLO_PATH, encode_hello(a_hello(sent_ms=now_ms))).reply is not None
            batch = a_batch(1, TICKS, start_ms=now_ms - 60_000, sent_ms=now_ms)
            assert agent.post(BATCHES_PATH, encode_batch(batch)).reply is not None
        yield running


def sysmon(system: System, *arguments: str) -> int:
    with pytest.raises(SystemExit) as exited:
        run(["history", "export", *arguments, "--socket", str(system.socket)])
    return int(exited.value.code or 0)


@pytest.mark.parametrize(("form", "name"), [(form, f"history.{form}") for form in Format])
def test_every_value_is_in_the_file(system: System, form: Format, name: str) -> None:
    """Whatever the format, the file holds every value of the time that was asked for, and no other."""
    file = system.folder / name
    assert sysmon(system, str(file), "--format", form) == 0
    with file.open("rb") as written:
        found = {
            (one.host, one.host_id, one.series.metric, t): value
            for one in reader(form, written)
            for t, value in zip(one.t.tolist(), one.values.tolist(), strict=True)
        }
    wanted = {
        ("web-01", HOST, metric, found_t): factor * number
        for metric, factor in (("system.cpu.load_average.1m", 1.0), ("system.uptime", 100.0))
        for number, found_t in enumerate(sorted({key[3] for key in found}), 1)
    }
    assert len(found) == 2 * TICKS
    assert found == wanted


def test_a_selector_chooses(system: System) -> None:
    """Only the series that fit are written."""
    file = system.folder / "some.csv"
    assert sysmon(system, str(file), "system.uptime", "--host", "web-01") == 0
    with file.open("rb") as written:
        assert {one.series.metric for one in reader(Format.CSV, written)} == {"system.uptime"}


def test_a_file_that_is_there_stays(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written over without being told to, and a bad selector leaves no file."""
    file = system.folder / "kept.csv"
    file.write_text("mine")
    assert sysmon(system, str(file)) == 6
    assert "--force" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert sysmon(system, str(system.folder / "bad.csv"), "{") == 2
    assert sorted(each.name for each in system.folder.glob("*.csv*")) == ["kept.csv"]
    assert sysmon(system, str(file), "--force") == 0
    assert file.read_text().startswith("time_ms,")


def test_a_folder_that_is_missing_is_named(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the file cannot be written, the command says so and where to look."""
    assert sysmon(system, str(system.folder / "missing" / "history.csv")) == 2
    assert f"hint: ls -ld {system.folder / 'missing'}" in capsys.readouterr().err


def test_the_name_has_to_say_the_format(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a format and a name that tells it, the command says what would."""
    assert sysmon(system, str(system.folder / "history")) == 2
    assert "hint: sysmon history export" in capsys.readouterr().err
