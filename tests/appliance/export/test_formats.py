from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.names import METRICS
from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.exchange import SeriesValues
from sysmon_appliance.errors import BadRequestError
from sysmon_appliance.export.formats import reader, writer
from sysmon_appliance.export.names import Format, format_of

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)
NAMES = TEXT.filter(bool)
ID = "00112233445566778899aabbccddeeff"


@st.composite
def stretches(draw: st.DrawFn) -> SeriesValues:
    metric = METRICS[draw(st.sampled_from(sorted(METRICS)))]
    count = draw(st.integers(1, 5))
    values = draw(st.lists(st.floats(allow_nan=False), min_size=count, max_size=count))
    times = draw(st.lists(st.integers(0, 1 << 42), min_size=count, max_size=count, unique=True))
    pairs = tuple(sorted((key, draw(TEXT)) for key in metric.attributes))
    return SeriesValues(
        draw(NAMES), ID, Series(metric.name, pairs), np.array(sorted(times), np.int64), np.array(values, np.float64)
    )


def written(form: Format, given: list[SeriesValues]) -> BytesIO:
    out = BytesIO()
    file = writer(form, out)
    for stretch in given:
        file.write(stretch)
    file.finish()
    return BytesIO(out.getvalue())


def flat(given: list[SeriesValues]) -> list[tuple[str, str, Series, int, float]]:
    return [
        (one.host, one.host_id, one.series, t, value)
        for one in given
        for t, value in zip(one.t.tolist(), one.values.tolist(), strict=True)
    ]


@pytest.mark.parametrize("form", list(Format))
@given(made=st.lists(stretches(), max_size=4))
def test_what_is_written_is_read_back(form: Format, made: list[SeriesValues]) -> None:
    """Every format gives back each value, time, host and series as it was."""
    ordered = sorted(made, key=lambda one: one.series.metric)
    assert flat(list(reader(form, written(form, ordered)))) == flat(ordered)


@pytest.mark.parametrize("form", list(Format))
@given(damage=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(form: Format, damage: bytes) -> None:
    """A file that is none of the format is refused with a sentence and nothing else happens."""
    with suppress(BadRequestError):
        list(reader(form, BytesIO(damage)))


@pytest.mark.parametrize("form", list(Format))
@given(place=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_damaged_file_is_read_or_refused(form: Format, place: int, byte: int) -> None:
    """One wrong byte makes another value or a refusal, and never a crash."""
    series = Series("system.cpu.time", (("cpu.logical_number", "0"), ("cpu.mode", "idle")))
    stretch = SeriesValues("web-1", ID, series, np.array([1000, 2000]), np.array([0.5, np.inf]))
    content = bytearray(written(form, [stretch]).getvalue())
    content[place % len(content)] = byte
    with suppress(BadRequestError):
        list(reader(form, BytesIO(bytes(content))))


def test_openmetrics_reads_as_the_specification_shows() -> None:
    """Names, types, units of time and the end are those of the specification."""
    series = Series("system.network.io", (("network.interface.name", 'eth"0'), ("network.io.direction", "receive")))
    text = written(
        Format.OPENMETRICS, [SeriesValues("web-1", ID, series, np.array([1500]), np.array([3.0]))]
    ).getvalue()
    labels = f'host="web-1",host_id="{ID}",network_interface_name="eth\\"0",network_io_direction="receive"'
    assert text.decode().splitlines() == [
        "# TYPE system_network_io_bytes counter",
        f"# HELP system_network_io_bytes {METRICS['system.network.io'].description}",
        f"system_network_io_bytes_total{{{labels}}} 3.0 1.500",
        "# EOF",
    ]


def test_samples_of_other_programs_are_read() -> None:
    """A metric that is not ours keeps its name, and `instance` stands for the host."""
    text = b'# TYPE node_load1 gauge\nnode_load1{instance="db-1:9100",job="x"} 1.5 1700000000\n# EOF\n'
    [found] = reader(Format.OPENMETRICS, BytesIO(text))
    assert (found.host, found.host_id, found.series.metric) == ("db-1:9100", "", "node_load1")
    assert (found.t.tolist(), found.values.tolist()) == ([1_700_000_000_000], [1.5])


@pytest.mark.parametrize(
    ("form", "content", "says"),
    [
        (Format.CSV, b"a,b\n1,2\n", "no column"),
        (Format.CSV, b"time_ms,host_id,host,metric,attributes,value\nx,,web,m,{},1\n", "Line 2"),
        (
            Format.OPENMETRICS,
            b'a{host="x"} 1 2\nb{host="x"} 1\n',
            "Line 2 or the one before it cannot be read: it has no time",
        ),
        (Format.PARQUET, b"PAR1", "cannot be read"),
    ],
)
def test_a_refusal_names_the_place(form: Format, content: bytes, says: str) -> None:
    """What cannot be read is said with the line, or with what the file lacks."""
    with pytest.raises(BadRequestError, match=says):
        list(reader(form, BytesIO(content)))


def test_the_name_tells_the_format() -> None:
    """The end of a file's name decides, and an unknown one is refused with a command that helps."""
    assert [format_of(f"x.{end}") for end in ("csv", "PARQUET", "om")] == list(Format)
    with pytest.raises(BadRequestError, match="does not say the format"):
        format_of("history")
