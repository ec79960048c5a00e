"""Cutting what follows a number into a batch: first the gaps there, then ticks of one shape."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sysmon_agent.spool.gaps import Gaps
from sysmon_agent.spool.ticks import join_tables, size_of, transpose
from sysmon_agent.wire.messages import Batch, ClockPair, Gap, GapReason, Schema

MAX_GAPS = 500
MAX_TICKS = 5000


@dataclass(frozen=True, slots=True)
class Cut:
    """Gaps from the serial that was asked for up to `first`, and the ticks from there on."""

    first: int
    gaps: tuple[Gap, ...]
    ticks: tuple[Batch, ...]

    @property
    def last(self) -> int:
        return self.first + len(self.ticks) - 1


@dataclass(slots=True)
class Cutter:
    """Walks along the serials up to `last`, over ticks, declared gaps, and holes that nobody has declared."""

    gaps: Gaps
    last: int
    samples: int
    hole_reason: Callable[[int], GapReason]

    def cut(self, serial: int, ticks: Iterable[Batch]) -> Cut:
        """Cut from `serial` on; `ticks` come in order, each numbered by its serial."""
        skipped: list[Gap] = []
        run: list[Batch] = []
        room = self.samples
        position = serial
        for tick in ticks:
            if not run:
                position = self._skip(skipped, position, tick.first)
            if tick.first < position:
                continue  # declared as a gap, whatever lies on disk
            room -= size_of(tick)
            if tick.first > position or self.gaps.at(tick.first) or (run and not _fits(run, tick, room)):
                break
            run.append(tick)
            position += 1
        if not run:
            position = self._skip(skipped, position, self.last + 1)
        return Cut(position - len(run), tuple(skipped), tuple(run))

    def _skip(self, skipped: list[Gap], position: int, until: int) -> int:
        """Collect gaps from `position` to the tick at `until`, and beyond while it is declared; return their end."""
        while position <= self.last and len(skipped) < MAX_GAPS:
            gap = self.gaps.at(position) or self._hole(position, until)
            if gap is None:
                break
            skipped.append(Gap(position, min(gap.last, self.last), gap.reason))
            position = gap.last + 1
        return position

    def _hole(self, position: int, until: int) -> Gap | None:
        if position >= until:
            return None
        declared = self.gaps.next_first(position)
        end = min(until, declared or until) - 1
        return Gap(position, end, self.hole_reason(position))


def _fits(run: list[Batch], tick: Batch, room: int) -> bool:
    same_shape = tick.schema_hash == run[0].schema_hash and len(tick.tables) == len(run[0].tables)
    return same_shape and room >= 0 and len(run) < MAX_TICKS


def batch_of(cut: Cut, *, stream_id: bytes, base: int, sent: ClockPair, schema: Schema | None) -> Batch:
    """Make a batch of what was cut: columnar, and in the numbers of a stream."""
    return Batch(
        stream_id=stream_id,
        first=cut.first - base,
        wall_ms=tuple(tick.wall_ms[0] for tick in cut.ticks),
        boot_ms=tuple(tick.boot_ms[0] for tick in cut.ticks),
        columns=transpose(cut.ticks),
        schema_hash=cut.ticks[0].schema_hash if cut.ticks else bytes(16),
        sent=sent,
        skipped=tuple(Gap(gap.first - base, gap.last - base, gap.reason) for gap in cut.gaps),
        tables=join_tables(cut.ticks),
        schema=schema,
    )
