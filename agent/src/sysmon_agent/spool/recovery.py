"""What a folder holds when the agent starts, after whatever ended it the last time."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from sysmon_agent.spool.files import SpoolFile, Survey, list_files, number_of, survey
from sysmon_agent.spool.gaps import Gaps
from sysmon_agent.spool.state import State, load
from sysmon_agent.spool.ticks import TickTime

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Recovered:
    """A folder's content, ready to go on with."""

    state: State
    files: list[SpoolFile]  # oldest first
    gaps: Gaps
    newest: TickTime | None
    next_file: int


def recover(folder: str, new_stream_id: Callable[[], bytes]) -> Recovered:
    """Look through a folder, and throw away files of which nothing can be read."""
    paths = list_files(folder)
    surveys = [found for path in paths if (found := _look(path))]
    files = [found.file for found in surveys]
    if files:
        _settle(files[-1].path)
    state = load(f"{folder}/state") or _state_of(surveys, new_stream_id)
    last = max([state.last, state.durable, *(file.last for file in files)])
    gaps = Gaps()
    for found in surveys:
        for gap in found.gaps:
            gaps.add(gap)
    return Recovered(
        state=replace(state, last=last),
        files=files,
        gaps=gaps,
        newest=next((file.newest for file in reversed(files) if file.newest), None),
        next_file=number_of(paths[-1]) + 1 if paths else 1,
    )


def _look(path: str) -> Survey | None:
    found = survey(path)
    if found is None:
        _log.warning("A spool file holds nothing that can be read; it is removed.", extra={"path": path})
        os.unlink(path)
    elif found.damaged_bytes:
        _log.warning(
            "A spool file is damaged or was cut short; the rest of it is used.",
            extra={"path": path, "damaged_bytes": found.damaged_bytes},
        )
    return found


def _settle(path: str) -> None:
    """Sync what the last process wrote and may not have synced: it counts as collected from now on."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _state_of(surveys: list[Survey], new_stream_id: Callable[[], bytes]) -> State:
    """Tell the stream from the files where the state is lost; a folder without either begins a stream."""
    for found in reversed(surveys):
        if found.origin:
            return State(found.origin.stream_id, base=found.origin.base, durable=found.origin.base)
    base = surveys[0].file.first - 1 if surveys else 0
    return State(new_stream_id(), base=base, durable=base)
