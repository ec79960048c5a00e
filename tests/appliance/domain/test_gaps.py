from sysmon_agent.wire.messages import Gap, GapReason
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.gaps import GapFinder, TimeGap
from sysmon_appliance.domain.history import Line, LinePlan
from sysmon_appliance.domain.line_reader import LineReader
from sysmon_appliance.domain.tick_stream import head_rows, in_order
from tests.support.head import START_MS, batch, schema, series

KNOWN = schema(series("system.uptime"))


def second(number: float) -> int:
    return START_MS + round(number * 1000)


def tick(seconds: float, *skipped: Gap) -> StoredBatch:
    return batch(KNOWN, [(second(seconds), (1.0,))], skipped=skipped)


def found(*batches: StoredBatch, start: float = 0, end: float = 1000) -> list[tuple[float, float, str]]:
    finder = GapFinder()
    reader = LineReader(lambda _: LinePlan.of([Line("uptime", [0])]), 10_000)
    for chunk in in_order(head_rows(batches), reader.needed, second(start)):
        points = reader.read_chunk(chunk).points
        finder.declare(chunk.gaps)
        finder.note(points.t, points.breaks)
    gaps = finder.gaps(second(start), second(end))
    return [((gap.from_ms - START_MS) / 1000, (gap.to_ms - START_MS) / 1000, gap.reason.name) for gap in gaps]


def test_a_declared_gap_has_its_reason() -> None:
    """A gap that the agent declared is shown where its ticks are missing, with the reason."""
    assert found(tick(0), tick(60, Gap(2, 6, GapReason.AGENT_DOWN))) == [(0, 60, "AGENT_DOWN")]


def test_gaps_share_the_time_by_their_counts() -> None:
    """Of several gaps between two ticks each gets the share of time that its ticks would have taken."""
    gaps = (Gap(2, 2, GapReason.AGENT_DOWN), Gap(3, 5, GapReason.HOST_DOWN))
    assert found(tick(0), tick(40, *gaps)) == [(0, 10, "AGENT_DOWN"), (10, 40, "HOST_DOWN")]


def test_an_undeclared_gap_is_unknown() -> None:
    """Where ticks are missing and nobody said why, the reason is unknown."""
    assert found(tick(0), tick(10), tick(100)) == [(10, 100, "UNKNOWN")]


def test_a_gap_at_the_start_begins_there() -> None:
    """A gap that reaches into the window is shown from its start."""
    assert found(tick(60, Gap(1, 5, GapReason.HOST_DOWN)), start=20) == [(20, 60, "HOST_DOWN")]


def test_gaps_outside_are_not_shown() -> None:
    """Gaps before the window are left out."""
    before = tick(60, Gap(2, 6, GapReason.OVERRUN))
    assert found(tick(0), before, tick(70), start=65) == []


def test_batches_of_gaps_alone_are_passed_over() -> None:
    """A batch without ticks has no time, and so no place in a chart."""
    assert found(tick(0), batch(KNOWN, [], skipped=(Gap(2, 2, GapReason.OVERRUN),)), tick(10)) == []


def test_gaps_are_values() -> None:
    """A gap is known by its times and its reason."""
    assert TimeGap(1, 2, GapReason.UNKNOWN) == TimeGap(1, 2, GapReason.UNKNOWN)
