"""Whatever a client sends, it is answered or refused in the usual form."""

import asyncio
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.web.console.routes import API
from tests.support.console import Console
from tests.support.head import START_MS, batch, host, machine, schema

VALUES = st.one_of(
    st.text(max_size=40),
    st.integers(-10, 1 << 70).map(str),
    st.sampled_from(["system.cpu.time", "hw.temperature", "cpu.mode:user", "cpu.mode", "", "rate", "host-1", "-cpu"]),
)
READS = [route for route in API if route.method == "GET" and not route.path.endswith("/events")]


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """Draw a route, mostly of a host that exists, with parameters that it knows and values that it may not."""
    route = draw(st.sampled_from(READS))
    name = draw(st.one_of(st.just("host-1"), st.text(min_size=1, max_size=20)))
    names = [parameter.name for parameter in route.parameters] or ["none"]
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), VALUES), max_size=4))
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in pairs)
    return f"{route.path.replace('{id}', quote(name, safe=''))}?{query}"


def stored() -> Console:
    console = Console([host(1)])
    known = schema(*machine())
    ticks = [(START_MS + 10_000 * n, [float(n)] * len(known.schema.series)) for n in range(5)]
    console.store(batch(known, ticks))
    return console


CONSOLE = stored()


async def status(path: str) -> int:
    async with CONSOLE.operator() as operator:
        return (await operator.get(path)).status_code


@given(address=addresses())
def test_no_request_is_a_fault(address: str) -> None:
    """No address and no parameters make the aggregator fail."""
    assert asyncio.run(status(address)) in {200, 400, 404}
