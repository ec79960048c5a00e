"""A program that seals, merges and removes, and is killed at each of its steps, one after the other.

    python -m tests.support.crashing FOLDER EVERY

For every EVERYth step there is a process of its own, which kills itself there; after it another one counts what is
stored, does all that is left to do, and counts once more. One line of JSON tells of each. Steps are the moments before
and after whatever lasts: writes to the disk, renames, removals, commits.
"""

import json
import os
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import wraps
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from sysmon_agent.wire.messages import Schema, Series
from sysmon_appliance.domain.jobs import TrimSegment
from sysmon_appliance.domain.segments import BUCKET_MS, DAY_MS, HOUR_MS, Kind, Level
from sysmon_appliance.objectstore.folder import FolderShelf
from sysmon_appliance.segments.files import SegmentFile
from sysmon_appliance.segments.writer import SegmentWriter
from sysmon_appliance.sqlite.writer import Writer
from tests.support.clock import ManualClock
from tests.support.storekeeping import SERIES, Store, every

DAY = 1_800_000_000_000 // DAY_MS * DAY_MS
SCHEMAS = {1: SERIES, 2: Schema((*SERIES.series[:2], Series("system.process.count")))}
HOURS = [26, 28, 72, 74, 960, 984, 986, 1034, 1100]
CLOCKS_MS = [DAY + hours * HOUR_MS for hours in HOURS]
"""What the clock shows in each part of the story: a day is sealed, merged, merged with what came late, becomes a month,
and gets late ticks once more."""

TRIMMED = len(HOURS) - 2
FIRST_SERIES = np.array([0])
TICKS: dict[int, dict[int, list[int]]] = {
    1: {0: every(DAY, 30, HOUR_MS // 2), 2: every(DAY + 600_000, 20, HOUR_MS), 5: every(DAY + 1000, 7, 3 * HOUR_MS)},
    2: {0: every(DAY, 20, HOUR_MS), 2: every(DAY + DAY_MS, 5, HOUR_MS), 5: every(DAY + 9 * HOUR_MS + 1, 3, 1000)},
}
"""The ticks that two hosts send in some parts."""


class Steps:
    """Counts the steps, and ends the process at one of them."""

    def __init__(self, last: int, diary: Path) -> None:
        self.count = 0
        self._last = last
        self._diary = diary

    def step(self, name: str) -> None:
        if self.count == self._last:
            self._diary.write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1

    def around(self, owner: Any, name: str) -> None:
        """Make a step before each call of a function, and one after it."""
        function: Callable[..., Any] = getattr(owner, name)

        @wraps(function)
        def stepping(*arguments: Any, **keywords: Any) -> Any:
            self.step(f"before {name}")
            result = function(*arguments, **keywords)
            self.step(f"after {name}")
            return result

        setattr(owner, name, stepping)


def arm(steps: Steps) -> None:
    steps.around(os, "fsync")
    steps.around(Path, "rename")
    steps.around(Writer, "_write")
    steps.around(SegmentWriter, "finish")
    steps.around(FolderShelf, "keep")
    steps.around(FolderShelf, "remove")


def opened(folder: Path, part: int) -> AbstractContextManager[Store]:
    return Store.opened(folder, ManualClock(wall_ms=CLOCKS_MS[part], boot_ms=1 + CLOCKS_MS[part] - DAY))


def story(folder: Path, begin: int = 0) -> None:
    """Let the hosts send, and do all that is due, part after part."""
    for part in range(begin, len(CLOCKS_MS)):
        (folder / "part").write_text(str(part))
        with opened(folder, part) as store:
            send(store, part)
            store.run()
            if part == TRIMMED and not store.segments(Kind.RAW)[0].created_ms > CLOCKS_MS[part]:
                trim(store)
            store.remove()
            store.run()


def send(store: Store, part: int) -> None:
    """Let the hosts send what is theirs in a part, unless they have."""
    for key, schema in SCHEMAS.items():
        sender = store.sender(key, schema)
        before = sum(len(times) for earlier, times in TICKS[key].items() if earlier < part)
        if part in TICKS[key] and sender.next == before + 1:
            sender.send(TICKS[key][part])


def trim(store: Store) -> None:
    """Have segments of ticks written again, of which nothing has expired."""
    store.clock.advance(1)
    for segment in store.segments(Kind.RAW):
        store.perform(TrimSegment(segment, {1: 0}))


def faults(folder: Path, part: int) -> list[str]:
    """Say what is missing or doubled of what was sent, or is damaged."""
    with opened(folder, part) as store:
        found = [fault for key in SCHEMAS for fault in (*_ticks(store, key), *_rollups(store, key))]
        for segment in store.database.manifest.all():
            with SegmentFile.open(store.shelf.path(segment)) as file:
                file.check()
        return found


def _ticks(store: Store, key: int) -> Iterator[str]:
    stream = next((stream for stream in store.database.state.streams if stream.key == key), None)
    times = list(chain.from_iterable(TICKS[key].values()))[: stream.last if stream else 0]
    stored, sent = store.times(key), Counter(times)
    if stored != sent:
        yield f"host {key}: {dict(sent - stored)} are missing, {dict(stored - sent)} are too many"
    if stream and not stream.balanced:
        yield f"host {key}: the ledger does not add up"


def _rollups(store: Store, key: int) -> Iterator[str]:
    merged = sum(row.ticks_count for row in store.rows(key, levels=(Level.DAY, Level.MONTH)))
    for kind in BUCKET_MS:
        rolled = sum(int(row.rollups().read(FIRST_SERIES).count.sum()) for row in store.rows(key, kind))
        if merged != rolled:
            yield f"host {key}: {merged} ticks are merged, and {rolled} are in rollups of kind {kind}"


def run(folder: Path, last: int) -> bool:
    """Tell the story up to a step, and go on from there in another process; return whether there was such a step."""
    folder.mkdir()
    if _forked(lambda: _die_at(folder, last)) == 0:
        return False
    report = {"step": (folder / "diary").read_text(), "ended": _forked(lambda: _go_on(folder))}
    report["faults"] = json.loads((folder / "faults").read_text())
    sys.stdout.write(json.dumps(report) + "\n")
    return True


def _die_at(folder: Path, last: int) -> None:
    arm(Steps(last, folder / "diary"))
    story(folder)


def _go_on(folder: Path) -> None:
    part = int((folder / "part").read_text())
    found = faults(folder, part)
    story(folder, part)
    found += faults(folder, len(CLOCKS_MS) - 1)
    (folder / "faults").write_text(json.dumps(found))


def _forked(task: Callable[[], None]) -> int:
    """Do something in a copy of this process; return how it ended."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    try:
        task()
    except BaseException:  # noqa: BLE001 - whatever it is, this copy must not go on as the first one
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    folder, each = Path(sys.argv[1]), int(sys.argv[2])
    for last in count(0, each):
        if not run(folder / str(last), last):
            break
        shutil.rmtree(folder / str(last))


if __name__ == "__main__":
    main()
