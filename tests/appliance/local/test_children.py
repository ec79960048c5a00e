import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sysmon_agent.clock import SystemClock
from sysmon_appliance.local import run_log
from sysmon_appliance.local.children import Child, Program
from tests.support.clock import ManualClock
from tests.support.system import eventually


def child_of(folder: Path, code: str, said: list[str] | None = None, clock: ManualClock | None = None) -> Child:
    program = Program("worker", ["-c", code], folder / "worker.log", dict(os.environ))
    return Child(program, clock=clock or SystemClock(), say=(said if said is not None else []).append)


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not look():  # noqa: ASYNC110 - what is looked for happens in another process
            await asyncio.sleep(0.01)


async def test_a_program_that_ends_is_started_again(tmp_path: Path) -> None:
    """A program that ends is started again after growing pauses, and its last words are told."""
    said: list[str] = []
    code = "import sys; print('error[x]: It broke.', file=sys.stderr); print('more'); sys.exit(3)"
    child = child_of(tmp_path, code, said, ManualClock())
    await child.start()
    keeping = asyncio.create_task(child.keep())
    await until(lambda: len(said) == 2)
    await child.stop()
    await keeping
    log = tmp_path / "worker.log"
    assert said == [
        f"The worker ended with exit code 3; it starts again in 0.5 s. Its last words: error[x]: It broke. ({log})",
        f"The worker ended with exit code 3; it starts again in 1 s. Its last words: error[x]: It broke. ({log})",
    ]


async def test_a_program_that_is_killed_is_started_again(tmp_path: Path) -> None:
    """`kill -9` of a program is noticed and told by the signal's name."""
    said: list[str] = []
    child = child_of(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(600)", said)
    log = tmp_path / "worker.log"
    await child.start()
    keeping = asyncio.create_task(child.keep())
    await until(lambda: bool(log.read_text()))
    os.kill(int(log.read_text()), signal.SIGKILL)
    await until(lambda: len(log.read_text().split()) == 2)
    assert said == [f"The worker was ended by SIGKILL; it starts again in 0.5 s. Its log: {log}"]
    await child.stop()
    await keeping
    assert not child.running


async def test_a_program_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """A program that does not end when asked is killed after a while."""
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
    )
    child = child_of(tmp_path, code)
    await child.start()
    await until(lambda: "on" in (tmp_path / "worker.log").read_text())
    await child.stop(patience_seconds=0.1)
    assert await child.ended() == -signal.SIGKILL


async def test_only_the_run_that_ended_is_quoted(tmp_path: Path) -> None:
    """A program that ends without a word is not quoted with what an earlier run has said."""
    log = tmp_path / "worker.log"
    log.write_text("error[x]: Of an earlier run.\n")
    child = child_of(tmp_path, "raise SystemExit(3)")
    await child.start()
    assert child.last_words(await child.ended()) == f"Its log: {log}"


async def test_a_large_log_makes_room(tmp_path: Path) -> None:
    """A log that has grown large is set aside at the next start, and one older log is kept."""
    log = tmp_path / "worker.log"
    with log.open("wb") as file:
        file.truncate(run_log.MAX_LOG_BYTES + 1)
    child = child_of(tmp_path, "print('new')")
    await child.start()
    assert await child.ended() == 0
    assert log.read_text() == "new\n"
    assert (tmp_path / "worker.log.1").stat().st_size > run_log.MAX_LOG_BYTES


PARENT = """
import asyncio, os, sys
from pathlib import Path
from sysmon_agent.clock import SystemClock
from sysmon_appliance.local.children import Child, Program

async def main():
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    child = Child(Program("worker", ["-c", code], Path(sys.argv[1]), dict(os.environ)), clock=SystemClock(), say=print)
    await child.start()
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_children_do_not_outlive_their_parent(tmp_path: Path) -> None:
    """When local mode itself is killed with `kill -9`, its programs end."""
    log = tmp_path / "worker.log"
    with subprocess.Popen([sys.executable, "-c", PARENT, str(log)]) as parent:
        pid = int(eventually(lambda: log.read_text().strip() if log.exists() else None, "the child has started"))
        parent.kill()
    eventually(lambda: not _is_alive(pid), "the child has ended")


def _is_alive(pid: int) -> bool:
    try:
        state = re.search(r"^State:\s+(\w)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state is not None and state[1] not in "ZX"  # a zombie waits only for whoever inherited it
