"""The spool: append-only, checksummed files in one folder, deleted whole when they are delivered.

Ticks and declared gaps get **serials** 1, 2, 3 …, which never start again in a folder. What the aggregator sees are a
stream's **numbers**: serials minus the stream's base. So starting a new stream is one small atomic write and moves no
data, whatever is waiting.

Everything public speaks in numbers, and may be called by two threads: one that appends and one that sends.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import RLock

from sysmon_agent.clock import Clock
from sysmon_agent.config.values import SpoolSettings
from sysmon_agent.errors import SpoolError
from sysmon_agent.spool.cutting import Cut, Cutter, batch_of
from sysmon_agent.spool.files import Appender
from sysmon_agent.spool.lock import FolderLock
from sysmon_agent.spool.reading import Reader
from sysmon_agent.spool.records import Kind, Origin, pack, pack_gap, pack_origin
from sysmon_agent.spool.recovery import Recovered, recover
from sysmon_agent.spool.rejected import Rejected
from sysmon_agent.spool.state import save
from sysmon_agent.spool.store import Store
from sysmon_agent.spool.ticks import Tick, TickTime, encode_tick
from sysmon_agent.wire.encode import encode_schema, hash_of
from sysmon_agent.wire.messages import Batch, ClockPair, Gap, GapReason, Schema

_log = logging.getLogger(__name__)

_NOT_TAKEN = {GapReason.AGENT_DOWN, GapReason.HOST_DOWN, GapReason.OVERRUN}
_OVERHEAD = 512
"""Roughly what an origin and the headers of records take."""


@dataclass(slots=True)
class _Encoded:
    """The schema of the last tick, which rarely changes, with its bytes and their hash."""

    schema: Schema | None = None
    body: bytes = b""
    hash: bytes = b""

    def learn(self, schema: Schema) -> None:
        if schema is not self.schema:
            self.schema, self.body = schema, encode_schema(schema)
            self.hash = hash_of(self.body)


class Spool:
    """The ticks of one agent.

    Parameters
    ----------
    boot_id
        16 bytes that name this boot of the host.
    new_stream_id
        Returns 16 random bytes.

    Raises
    ------
    SpoolError
        The folder cannot be used; SpoolInUseError when another process has it.
    """

    def __init__(
        self, settings: SpoolSettings, clock: Clock, *, boot_id: bytes, new_stream_id: Callable[[], bytes]
    ) -> None:
        self._folder = settings.directory
        self._boot_id = boot_id
        self._new_stream_id = new_stream_id
        self._mutex = RLock()
        self._lock = FolderLock.take(self._folder)
        found = self._recover()
        self._state = found.state
        self._newest = found.newest
        self._store = Store(settings, clock, found)
        self._skipped: list[Gap] = []  # new gaps, to be written with the next tick
        self._reader = Reader(self._store)
        self._encoded = _Encoded()
        self._rejected = Rejected(f"{self._folder}/rejected")
        self._failing = False
        self._saved_with: Appender | None = None  # the state is saved with each new file
        self._save()

    @property
    def stream_id(self) -> bytes:
        return self._state.stream_id

    @property
    def epoch(self) -> int:
        """The highest epoch that any aggregator has shown."""
        return self._state.epoch

    @property
    def last(self) -> int:
        """The stream's highest number that is on disk."""
        state = self._state
        return state.last - state.base

    @property
    def durable(self) -> int:
        state = self._state
        return state.durable - state.base

    @property
    def newest(self) -> TickTime | None:
        """When the newest tick was taken; its serial and `declared_since` say what has been declared after it."""
        return self._newest

    @property
    def declared_since(self) -> int:
        """How many numbers after the newest tick are gaps, those not yet on disk included."""
        return self._end - self._newest.serial if self._newest else 0

    def used_bytes(self) -> int:
        return self._store.used_bytes

    def waiting_ticks(self) -> int:
        """Count the numbers that no aggregator has called durable yet."""
        return self.last - self.durable

    # Filling

    def skip(self, count: int, reason: GapReason) -> None:
        """Declare that the next `count` numbers have no tick; it reaches the disk with the next tick."""
        with self._mutex:
            first, last = self._end + 1, self._end + count
            if self._skipped and self._skipped[-1].reason is reason:
                first = self._skipped.pop().first
            self._skipped.append(Gap(first, last, reason))

    def append(self, tick: Tick) -> bool:
        """Give a tick the next number and write it; it is safe from power cuts when this returns true.

        A tick that could not be written becomes a gap, SPOOL_FULL, and false is returned.
        """
        with self._mutex:
            self._encoded.learn(tick.schema)
            serial = self._end + 1
            record = pack(Kind.TICK, serial, encode_tick(tick, serial, self._encoded.hash))
            if not self._try_to_write(record, serial):
                self.skip(1, GapReason.SPOOL_FULL)
                return False
            self._newest = TickTime(serial, tick.wall_ms, tick.boot_ms, self._boot_id)
            self._store.files[-1].newest = self._newest
            return True

    # Sending

    def cut(self, first: int, samples: int, sent: ClockPair, *, with_schema: bool = False) -> Batch | None:
        """Cut what follows from number `first` into a batch: the gaps there, then ticks of one schema.

        The batch has at most `samples` values, but at least one tick; None when nothing has these numbers yet.
        """
        with self._mutex:
            while first <= self.last:
                found = self._cut(first + self._state.base, samples)
                schema = self._reader.schema_of(found.ticks[0]) if with_schema and found.ticks else None
                if schema or not with_schema or not found.ticks:
                    return batch_of(found, stream_id=self.stream_id, base=self._state.base, sent=sent, schema=schema)
                _log.warning("Ticks in the spool have lost their schema.", extra={"ticks": len(found.ticks)})
                self._declare(Gap(found.first, found.last, GapReason.SPOOL_DAMAGED))
            return None

    def wall_ms_of(self, number: int) -> int | None:
        """Return when a tick was taken; 0 when none was under this number, None when that is not known any more."""
        with self._mutex:
            serial = number + self._state.base
            gap = self._store.gaps.at(serial)
            if gap:
                return 0 if gap.reason in _NOT_TAKEN else None
            tick = next(self._reader.ticks_from(serial), None)
            return tick.wall_ms[0] if tick and tick.first == serial else None

    def release(self, durable: int, epoch: int) -> None:
        """Note what is safe at the aggregator, which may be less than it was, and delete what need not be kept."""
        with self._mutex:
            serial = min(durable + self._state.base, self._state.last)
            changed = epoch != self._state.epoch
            self._state = replace(self._state, durable=serial, epoch=epoch)
            if self._store.expire(serial) or changed:
                self._save()

    def start_stream(self) -> None:
        """Give everything that is not known to be durable new numbers, in a stream of its own."""
        with self._mutex:
            state = self._state.new_stream(self._new_stream_id())
            save(f"{self._folder}/state", state)
            self._state = state
            self._store.rotate()

    def set_aside(self, first: int, last: int, body: bytes) -> None:
        """Keep a refused message in rejected/ and declare its numbers as a gap."""
        with self._mutex:
            base = self._state.base
            self._keep_rejected(f"{self.stream_id.hex()}-{first:012d}", body)
            self._declare(Gap(first + base, last + base, GapReason.REJECTED))

    def close(self) -> None:
        """Save what is only in memory, and let others have the folder."""
        with self._mutex:
            self._store.rotate()
            self._save()
            self._lock.release()

    def _recover(self) -> Recovered:
        try:
            return recover(self._folder, self._new_stream_id)
        except OSError as error:
            self._lock.release()
            raise SpoolError(
                f"The spool folder {self._folder} cannot be read ({error.strerror}).", hint=f"ls -l {self._folder}"
            ) from error

    # Numbers

    @property
    def _end(self) -> int:
        """The highest serial given, those not yet on disk included."""
        return self._skipped[-1].last if self._skipped else self._state.last

    def _hole_reason(self, serial: int) -> GapReason:
        """Ticks that were delivered and are deleted can be missed only by an aggregator that went back in time."""
        return GapReason.RESTORED if serial <= self._store.deleted else GapReason.SPOOL_DAMAGED

    def _cut(self, serial: int, samples: int) -> Cut:
        cutter = Cutter(self._store.gaps, self._state.last, samples, self._hole_reason)
        return cutter.cut(serial, self._reader.ticks_from(serial))

    # Writing

    def _declare(self, gap: Gap) -> None:
        """Put a gap in the place of ticks that are on disk."""
        self._store.gaps.add(gap)
        self._store.unwritten.append(gap)
        self._try_to_write(b"", self._state.last)

    def _try_to_write(self, record: bytes, serial: int) -> bool:
        try:
            appender = self._store.write(
                lambda appender: self._compose(appender, record),
                first=self._state.last + 1,
                need=len(record) + len(self._encoded.body) + _OVERHEAD,
                durable=self._state.durable,
            )
        except OSError as error:
            self._complain(error)
            if isinstance(error, FileNotFoundError):
                self._make_folder_again()
            return False
        self._note_written(appender, serial)
        return True

    def _compose(self, appender: Appender, record: bytes) -> bytes:
        """Put before a record what its file must hold for it to be understood."""
        parts = []
        if not appender.file.size:
            origin = Origin(self.stream_id, self._boot_id, self._state.base)
            parts.append(pack_origin(origin, appender.file.first))
        if record and appender.schema_hash != self._encoded.hash:
            parts.append(pack(Kind.SCHEMA, 0, self._encoded.body))
        parts += map(pack_gap, self._store.unwritten)
        if record:
            parts += map(pack_gap, self._skipped)
        return b"".join((*parts, record))

    def _note_written(self, appender: Appender, serial: int) -> None:
        self._store.unwritten.clear()
        if serial > self._state.last:
            appender.schema_hash = self._encoded.hash
            appender.file.last = serial
            for gap in self._skipped:
                self._store.gaps.add(gap)
            self._skipped.clear()
            self._state = replace(self._state, last=serial)
        if appender is not self._saved_with:
            self._saved_with = appender
            self._save()
        if self._failing:
            _log.info("The spool can be written again.")
        self._failing = False

    def _make_folder_again(self) -> None:
        """Go on where someone has removed the folder; what lay in it becomes a gap when its turn comes."""
        try:
            lock = FolderLock.take(self._folder)
        except SpoolError as error:
            _log.warning("The spool folder cannot be made again.", extra={"reason": error.message})
            return
        self._lock.release()
        self._lock = lock

    def _complain(self, error: OSError) -> None:
        if not self._failing:
            _log.error(
                "The spool cannot be written; ticks are counted as lost until it can.",
                extra={"folder": self._folder, "reason": error.strerror},
            )
        self._failing = True

    def _save(self) -> None:
        """Save the state; where that fails, what was saved before still serves."""
        self._state = replace(self._state, deleted=self._store.deleted)
        try:
            save(f"{self._folder}/state", self._state)
        except OSError as error:
            _log.warning("The state of the spool cannot be saved.", extra={"reason": error.strerror})

    def _keep_rejected(self, name: str, body: bytes) -> None:
        try:
            self._rejected.keep(name, body)
        except OSError as error:
            _log.warning("A refused batch cannot be kept.", extra={"reason": error.strerror})
