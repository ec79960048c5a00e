"""Bringing a path of the replica back into a file, whole and checked, or not at all."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sysmon_appliance.domain.replica import Reach
from sysmon_appliance.errors import ReplicaBrokenError, ReplicaUnreachableError
from sysmon_appliance.litestream.checking import check_database, remove_database, sync_database
from sysmon_appliance.litestream.children import HINT, Answer, Litestream

_ATTEMPTS = 2  # what comes damaged may have been damaged, or cut short, on its way

_SHOWN = 120  # characters of either end of a long error

_LATER_OR_EARLIER = "timestamp does not exist"
_AWAY = ("operation error", "max retries exceeded", "dial tcp", "connection", "timeout", "deadline exceeded")
"""How Litestream says that the store does not answer, whatever else it says that it could not do because of that."""

_BROKEN = (
    _LATER_OR_EARLIER,
    "no matching backup files available",
    "transaction not available",
    "non-contiguous",
    "nonsequential",
    "decode",
    "checksum",
    "corrupt",
    "invalid ltx",
    "unexpected eof",
    "retries exhausted",
)
"""How Litestream says that the store answers, and has not what it should. All else may pass by itself."""


def restore(litestream: Litestream, path: str, target: Path, *, txid: int, at_ms: int) -> int:
    """Do what ReplicaStore.restore promises."""
    found = _plan(litestream, path, target, at_ms=at_ms)
    if found < txid:
        raise ReplicaBrokenError(
            f"Path {path} of the replica reaches to {found}, and must hold {txid}.", hint="sysmon ha status"
        )
    for attempt in range(_ATTEMPTS):
        try:
            _restore_to(litestream, path, target, txid=found)
        except ReplicaBrokenError:
            if attempt + 1 == _ATTEMPTS:
                raise
        else:
            break
    return found


def reach(litestream: Litestream, path: str) -> Reach | None:
    """Do what ReplicaStore.reach promises."""
    answer = _ask(litestream, "ltx", "-json", "-level", "all", litestream.location.replica(path))
    if answer.code:
        raise _explained(answer, path)
    return _reach(path, json.loads(answer.output))


def _plan(litestream: Litestream, path: str, target: Path, *, at_ms: int) -> int:
    """Return the position that a restore comes to."""
    when = ("-timestamp", _rfc3339(at_ms)) if at_ms else ()
    replica = litestream.location.replica(path)
    answer = _ask(litestream, "restore", "-dry-run", "-json", *when, "-o", str(target), replica)
    if answer.code == 0:
        return int(json.loads(answer.output)["max_txid"], 16)
    if at_ms and _LATER_OR_EARLIER in answer.problem and _is_later(litestream, path, at_ms):
        return _plan(litestream, path, target, at_ms=0)
    raise _explained(answer, path)


def _is_later(litestream: Litestream, path: str, at_ms: int) -> bool:
    found = reach(litestream, path)
    return found is not None and at_ms >= found.last_ms


def _restore_to(litestream: Litestream, path: str, target: Path, *, txid: int) -> None:
    try:
        _fetch(litestream, path, target, txid=txid)
        check_database(target)
        sync_database(target)
    except BaseException:
        remove_database(target)
        raise


def _fetch(litestream: Litestream, path: str, target: Path, *, txid: int) -> None:
    """Restore up to exactly that position, whatever comes to the path meanwhile."""
    # Litestream's own integrity check stays off: the same one is made here, by the SQLite that will use the database.
    command = ("restore", "-txid", f"{txid:016x}", "-o", str(target), litestream.location.replica(path))
    # Litestream itself waits for a store that is frozen for a day. Whoever is to lead has seconds.
    answer = litestream.ask(*command, seconds=litestream.location.timeout_seconds, progress=lambda: _arrived(target))
    if answer.code:
        raise _explained(answer, path)
    target.chmod(0o600)


def _ask(litestream: Litestream, *arguments: str) -> Answer:
    return litestream.ask(*arguments, seconds=litestream.location.timeout_seconds)


def _explained(answer: Answer, path: str) -> ReplicaBrokenError | ReplicaUnreachableError:
    said = answer.problem.splitlines()[-1] if answer.problem else f"exit code {answer.code}"
    if _has(said, _BROKEN) and not _has(said, _AWAY):
        return ReplicaBrokenError(f"Path {path} of the replica cannot be restored: {_short(said)}.", hint=HINT)
    return ReplicaUnreachableError(f"The replica cannot be asked for path {path}: {_short(said)}.", hint=HINT)


def _has(said: str, words: Sequence[str]) -> bool:
    return any(word in said.lower() for word in words)


def _short(said: str) -> str:
    """Leave out the middle of what is long: what was tried stands first, and why it failed last."""
    return said if len(said) <= 2 * _SHOWN else f"{said[:_SHOWN]} … {said[-_SHOWN:]}"


def _arrived(target: Path) -> int:
    """Return how much of a database has come."""
    try:
        return target.with_name(f"{target.name}.tmp").stat().st_size
    except FileNotFoundError:
        return 0


def _reach(path: str, files: Sequence[Mapping[str, str]]) -> Reach | None:
    """Judge by the files of a path. Their times are of whole seconds: the first is rounded up, the last down."""
    begun = [_ms(file["timestamp"]) for file in files if int(file["min_txid"], 16) == 1]
    if not begun:
        return None
    first_ms = min(begun) + 1000
    txid = max(int(file["max_txid"], 16) for file in files)
    last_ms = min(_ms(file["timestamp"]) for file in files if int(file["max_txid"], 16) == txid)
    return Reach(path, first_ms, max(first_ms, last_ms), txid)


def _rfc3339(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _ms(rfc3339: str) -> int:
    return int(datetime.fromisoformat(rfc3339).timestamp() * 1000)
