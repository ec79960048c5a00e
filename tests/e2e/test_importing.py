"""History leaves one aggregator and comes into another."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.messages import Series
from sysmon_appliance.cli.app import run
from sysmon_appliance.domain.exchange import SeriesValues
from sysmon_appliance.export.formats import reader, writer
from sysmon_appliance.export.names import Format
from tests.support.aggregator import settings_in
from tests.support.aggregator_thread import running_in_a_thread

DAY_MS = 86_400_000
HOSTS = {"web-1": "ab" * 16, "db-1": "cd" * 16}
Cells = dict[tuple[str, str, Series, int], bytes]


@contextmanager
def aggregator(folder: Path) -> Iterator[str]:
    """Run an aggregator; its socket is given."""
    folder.mkdir(exist_ok=True)
    with running_in_a_thread(settings_in(folder)):
        yield str(folder / "s.sock")


def sysmon(socket: str, *arguments: str) -> int:
    with pytest.raises(SystemExit) as exited:
        run(["history", *arguments, "--socket", socket])
    return int(exited.value.code or 0)


def measured() -> list[SeriesValues]:
    """Two days of some hosts: counters, gauges, and values that are hard to keep."""
    start_ms = SystemClock().wall_ms() // DAY_MS * DAY_MS - 2 * DAY_MS
    t = start_ms + 60_000 * np.arange(1, 2880)
    random = np.random.default_rng(1)
    strange = np.resize([np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308, 0.1], len(t))
    return [
        SeriesValues(name, host_id, series, t, values)
        for series, values in (
            (Series("system.cpu.load_average.1m"), random.normal(size=len(t))),
            (
                Series("system.cpu.time", (("cpu.logical_number", "0"), ("cpu.mode", "idle"))),
                np.cumsum(random.random(len(t))),
            ),
            (Series("system.uptime"), strange),
        )
        for name, host_id in HOSTS.items()
    ]


def write(file: Path, form: Format, values: list[SeriesValues]) -> None:
    with file.open("wb") as out:
        made = writer(form, out)
        for one in values:
            made.write(one)
        made.finish()


def cells(file: Path, form: Format) -> Cells:
    with file.open("rb") as opened:
        return {
            (one.host, one.host_id, one.series, at_ms): value.tobytes()
            for one in reader(form, opened)
            for at_ms, value in zip(one.t.tolist(), one.values, strict=True)
        }


@pytest.mark.parametrize("form", list(Format))
def test_history_survives_the_way_to_the_bit(tmp_path: Path, form: Format, capsys: pytest.CaptureFixture[str]) -> None:
    """What was imported is exported again as it was, by an aggregator that started anew; twice is once."""
    given, found = tmp_path / "given", tmp_path / "found"
    write(given, form, measured())
    wanted = cells(given, form)
    for _ in range(2):
        with aggregator(tmp_path / "a") as socket:
            assert sysmon(socket, "import", str(given), "--format", form, "--create-hosts", "--yes") == 0
            assert sysmon(socket, "export", str(found), "--format", form, "--since", "4d", "--force") == 0
        assert cells(found, form) == wanted
    said = capsys.readouterr().err
    assert f"{len(wanted)} values imported." in said
    assert f"0 of {len(wanted)} values imported" in said


def test_series_are_found_in_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was imported is in the list of series, its host in the list of hosts and down."""
    write(tmp_path / "given.csv", Format.CSV, measured())
    with aggregator(tmp_path / "a") as socket:
        sysmon(socket, "import", str(tmp_path / "given.csv"), "--create-hosts", "--yes")
        capsys.readouterr()
        for command in (["series", "list"], ["hosts", "list"]):
            with pytest.raises(SystemExit):
                run([*command, "--socket", socket])
    out = capsys.readouterr().out
    assert [out.count(metric) for metric in ("system.cpu.time", "system.uptime")] == [2, 2]
    assert out.count("down") == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"time_ms,host_id,host,metric,attributes,value\n1000,,web-1,m,{},1\nx,,web-1,m,{},1\n", "Line 3"),
        (b"time_ms,host_id,host,metric,attributes,value\n-5,,web-1,m,{},1\n", "before 1970"),
        (b"time_ms,host_id,host,metric,attributes,value\n9000000000000,,web-1,m,{},1\n", "in the future"),
        (b"time_ms,host_id,host,metric,attributes,value\n", "no values"),
        (b"", "no column"),
    ],
)
def test_a_bad_file_leaves_nothing(
    tmp_path: Path, content: bytes, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where anything is wrong with a file, nothing of it or of those beside it is imported, and nothing is held."""
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    write(good, Format.CSV, [] if says == "no values" else measured()[:1])
    bad.write_bytes(content)
    with aggregator(tmp_path / "a") as socket:
        assert sysmon(socket, "import", str(good), str(bad), "--create-hosts", "--yes") != 0
        assert says in capsys.readouterr().err
        segments = tmp_path / "a" / "segments"
        assert not list(segments.glob("raw-*"))
        assert not [each for each in segments.glob("imports-*/*") if each.is_dir()]


def test_nothing_is_imported_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that is not known ends an import, as does whoever does not agree, and a file that is not there."""
    write(tmp_path / "given.csv", Format.CSV, measured()[:1])
    with aggregator(tmp_path / "a") as socket:
        assert sysmon(socket, "import", str(tmp_path / "given.csv"), "--yes") == 3
        assert "hint: sysmon history import FILE --create-hosts" in capsys.readouterr().err
        monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
        assert sysmon(socket, "import", str(tmp_path / "given.csv")) == 6
        assert sysmon(socket, "import", str(tmp_path / "missing.csv"), "--yes") == 3
