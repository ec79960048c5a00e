"""Does one job: read from standard input, told of on standard output.

    python -m sysmon_appliance.compactor

It ends when standard input does, which is when whoever started it has gone.
"""

import contextlib
import os
import sys
import threading
import time

os.putenv("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded: starting threads that nobody needs costs 100 ms

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.compactor.jobs import run_job
from sysmon_appliance.compactor.pace import Pace
from sysmon_appliance.compactor.work import Problem, Said, decode_work, encode_said

_NICE = 10
_OFTEN_SECONDS = 0.5
_ORPHANED = 3


def main() -> int:
    """Do the job; the exit code is 0 where its outcome or its problem was told."""
    os.nice(_NICE)
    work = decode_work(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    clock = SystemClock()
    pace = Pace(time.process_time, clock.monotonic, threading.Event().wait)
    try:
        outcome = run_job(work.job, work.place, clock=clock, pace=pace, progress=_Teller(clock))
    except SysmonError as error:
        _say(Said(problem=Problem.of(error)))
    else:
        _say(Said(outcome=outcome))
    return 0


class _Teller:
    """Tells how far the job is, now and then."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._told = clock.monotonic()

    def __call__(self, done: float) -> None:
        if self._clock.monotonic() - self._told >= _OFTEN_SECONDS:
            self._told = self._clock.monotonic()
            _say(Said(done=done))


def _say(said: Said) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody listens any more, and the process is about to end
        sys.stdout.buffer.write(encode_said(said))
        sys.stdout.buffer.flush()


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(1):
        pass
    os._exit(_ORPHANED)


if __name__ == "__main__":
    sys.exit(main())
