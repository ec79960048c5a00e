"""The order of series: a schema stays for as long as it can."""

import math

from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.collectors.base import Key
from sysmon_agent.collectors.layout import KEEP_SECONDS, Layout
from sysmon_agent.wire.messages import Series

DISKS: list[Key] = [("system.disk.io_time", name) for name in ("sda", "sdb", "sdc")]
VALUES = st.dictionaries(st.sampled_from(DISKS), st.floats(allow_nan=False))


def values(*names: str) -> dict[Key, float]:
    return {("system.disk.io_time", name): 1.0 for name in names}


def test_attributes_are_named_and_sorted() -> None:
    """A series carries the attributes of its metric's row in the table, sorted by name."""
    key = ("system.filesystem.usage", "/dev/sda1", "/", "ext4", "free")

    schema, _ = Layout(()).arrange({key: 1.0}, 0)

    assert [name for name, _ in schema.series[0].attributes] == sorted(name for name, _ in schema.series[0].attributes)
    assert dict(schema.series[0].attributes)["system.filesystem.mountpoint"] == "/"


def test_a_series_that_vanishes_keeps_its_place_for_a_while() -> None:
    """An unplugged disk stays in the schema, without values, until the time to keep it is over."""
    layout = Layout(())
    first, _ = layout.arrange(values("sda", "sdb"), 0)
    second, numbers = layout.arrange(values("sda"), 10)
    assert second is first
    assert math.isnan(numbers[1])

    layout.arrange(values("sda"), 10 + KEEP_SECONDS - 1)
    last, numbers = layout.arrange(values("sda"), 10 + KEEP_SECONDS)

    assert last.series == (Series("system.disk.io_time", (("system.device", "sda"),)),)
    assert list(numbers) == [1.0]


def test_flapping_makes_no_new_schema() -> None:
    """A series that comes and goes at every tick, for hours, changes nothing."""
    layout = Layout(())
    first, _ = layout.arrange(values("sda", "sdb"), 0)
    schemas = [
        layout.arrange(values("sda", "sdb") if tick % 2 else values("sda"), 10 * tick)[0] for tick in range(1000)
    ]
    assert all(schema is first for schema in schemas)


def test_an_absence_is_counted_from_its_beginning() -> None:
    """A series that was there for hours and is gone for a moment keeps its place."""
    layout = Layout(())
    first, _ = layout.arrange(values("sda", "sdb"), 0)
    layout.arrange(values("sda", "sdb"), 100 * KEEP_SECONDS)
    assert layout.arrange(values("sda"), 100 * KEEP_SECONDS + 10)[0] is first


@given(st.permutations(DISKS))
def test_the_same_series_have_the_same_schema(order: list[Key]) -> None:
    """In whatever order series appear, the same set gives the same schema, so that a restart changes nothing."""
    layout = Layout(())
    for count in range(1, len(order) + 1):
        schema, _ = layout.arrange(dict.fromkeys(order[:count], 1.0), count)
    assert schema == Layout(()).arrange(dict.fromkeys(DISKS, 1.0), 0)[0]


@given(st.lists(st.tuples(VALUES, st.floats(0, 2 * KEEP_SECONDS)), max_size=20))
def test_every_value_is_under_its_series(ticks: list[tuple[dict[Key, float], float]]) -> None:
    """Whatever appears and vanishes, each value stands under its own series, and every other series is stale."""
    layout, now = Layout(()), 0.0
    for given_values, elapsed in ticks:
        now += elapsed
        schema, numbers = layout.arrange(given_values, now)
        shown = {
            (series.metric, series.attributes[0][1]): number
            for series, number in zip(schema.series, numbers, strict=True)
            if not math.isnan(number)
        }
        assert shown == given_values
