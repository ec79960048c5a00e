"""Values of files as requests of an import."""

import json
from collections.abc import Iterable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.wire.messages import Series
from sysmon_appliance.cli.import_requests import Request, requests
from sysmon_appliance.domain.exchange import SeriesValues

Cells = dict[tuple[str, str, tuple[tuple[str, str], ...], int], float]
START_MS = 1_800_000_000_000


def found(host: str, metric: str, t: Iterable[int], values: Iterable[float], **attributes: str) -> SeriesValues:
    series = Series(metric, tuple(sorted(attributes.items())))
    return SeriesValues(host, "", series, np.array(list(t), np.int64), np.array(list(values), np.float64))


def cells(made: Iterable[Request]) -> Cells:
    """Read requests as the aggregator does: of one series and time what came first stays."""
    kept: Cells = {}
    for request in made:
        for series, row in zip(request["series"], request["values"], strict=True):
            for at_ms, value in zip(request["t"], row, strict=True):
                if value is not None:
                    attributes = tuple(sorted(series["attributes"].items()))
                    kept.setdefault((request["host"], series["metric"], attributes, at_ms), float(value))
    return kept


def size(request: Request) -> int:
    return len(json.dumps(request, separators=(",", ":")))


def test_series_with_the_same_times_share_a_request() -> None:
    """Series that were measured together travel together, whatever stands between them in the file."""
    t = [START_MS, START_MS + 1]
    [request] = requests([found("a", "m", t, [1.0, 2.0]), found("a", "n", t, [3.0, 4.0], key="x")])
    assert request == {
        "host": "a",
        "host_id": "",
        "series": [{"metric": "m", "attributes": {}}, {"metric": "n", "attributes": {"key": "x"}}],
        "t": t,
        "values": [[1.0, 2.0], [3.0, 4.0]],
    }


def test_a_file_in_order_of_time_makes_few_requests() -> None:
    """Where each line is of another series, requests are no smaller than from a file by series."""
    lines = [found("a", f"m{n}", [START_MS + tick], [float(n)]) for tick in range(200) for n in range(10)]
    [request] = requests(lines)
    assert (len(request["series"]), len(request["t"])) == (10, 200)


def test_what_is_no_number_is_missing_and_infinities_are_texts() -> None:
    """JSON has neither, so they are told in another way."""
    [request] = requests([found("a", "m", [1, 2, 3], [np.nan, np.inf, -np.inf])])
    assert request["values"] == [[None, "Inf", "-Inf"]]


def test_no_request_is_larger_than_it_may_be() -> None:
    """Long numbers, long names and many series all stay below a mebibyte, and nothing is lost."""
    t = range(START_MS, START_MS + 400)
    worst = -2.2250738585072014e-308
    many = [found("a", "m", t, [worst] * 400, key=f"{'ä' * 150}{n}") for n in range(600)]
    made = list(requests([*many, found("a", "one", range(START_MS, START_MS + 50_000), [worst] * 50_000)]))
    assert max(map(size, made)) <= 1 << 20
    assert len(cells(made)) == 600 * 400 + 50_000


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.sampled_from("mn"),
            st.lists(st.tuples(st.integers(0, 5), st.floats(allow_nan=False)), min_size=1, max_size=6),
        ),
        max_size=8,
    )
)
def test_every_value_is_sent(lines: list[tuple[str, str, list[tuple[int, float]]]]) -> None:
    """Whatever the order of a file, each value of it is sent, and of one series and time the first one first."""
    expected: Cells = {}
    for host, metric, values in lines:
        for at_ms, value in values:
            expected.setdefault((host, metric, (), at_ms), value)
    read = [found(host, metric, *zip(*values, strict=True)) for host, metric, values in lines]
    assert cells(requests(read)) == expected
