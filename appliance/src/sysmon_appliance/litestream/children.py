"""Running programs of Litestream's: for one answer, or for as long as they are needed."""

import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence

from sysmon_agent.clock import Clock
from sysmon_appliance.errors import ReplicaUnreachableError
from sysmon_appliance.litestream.location import ReplicaLocation
from sysmon_appliance.litestream.log_lines import LogLine, LogLines, parse
from sysmon_appliance.litestream.programs import LitestreamProgram
from sysmon_appliance.processes import die_with_this_one

HINT = "sysmon ha status"

_END_SECONDS = 5.0
_LOOK_SECONDS = 0.5


class Litestream:
    """The program together with the store it is to speak to.

    Parameters
    ----------
    around
        The environment of this process, some of which is passed on.
    """

    def __init__(
        self, program: LitestreamProgram, location: ReplicaLocation, clock: Clock, around: Mapping[str, str]
    ) -> None:
        self.program = program
        self.location = location
        self.clock = clock
        self.environment = location.environment(around)

    def ask(self, *arguments: str, seconds: float, progress: Callable[[], object] = lambda: None) -> "Answer":
        """Run a command to its end; it blocks for at most so many seconds in which `progress` returns the same.

        Raises
        ------
        ReplicaUnreachableError
            It cannot be started, or got no further, and was ended.
        """
        with self._spawn(arguments, stderr=subprocess.PIPE) as process:
            try:
                output, problem = self._finish(process, seconds, progress)
            except BaseException:
                process.kill()
                raise
        return Answer(process.returncode, output, problem.strip())

    def start(self, name: str, *arguments: str, heard: Callable[[LogLine], None] | None = None) -> "Child":
        """Start a program that runs until it is ended, and not longer than the thread which starts it.

        Raises
        ------
        ReplicaUnreachableError
            It cannot be started.
        """
        lines = LogLines(name, self.clock, secret=self.location.secret_access_key)
        return Child(self._spawn(arguments, stderr=subprocess.STDOUT), lines, heard)

    def _spawn(self, arguments: Sequence[str], *, stderr: int) -> "subprocess.Popen[str]":
        try:
            return subprocess.Popen(  # noqa: S603 - the program comes from the settings, the rest from here
                [str(self.program.path), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                errors="replace",
                env=self.environment,
                process_group=0,  # Ctrl-C reaches the aggregator alone, which then decides
                preexec_fn=die_with_this_one(signal.SIGKILL),  # noqa: PLW1509 - it was loaded before, and takes no lock
            )
        except OSError as error:
            raise ReplicaUnreachableError(
                f"Litestream cannot be started: {error.strerror or error}.", hint=HINT
            ) from error

    def _finish(
        self, process: "subprocess.Popen[str]", seconds: float, progress: Callable[[], object]
    ) -> tuple[str, str]:
        """Read what a command writes, for as long as it gets on."""
        seen, until = progress(), self.clock.monotonic() + seconds
        while True:
            try:
                return process.communicate(timeout=min(seconds, _LOOK_SECONDS))
            except subprocess.TimeoutExpired:
                now, found = self.clock.monotonic(), progress()
            if found != seen:
                seen, until = found, now + seconds
            elif now > until:
                raise ReplicaUnreachableError(f"Litestream got no further within {seconds:g} s.", hint=HINT)


class Answer:
    """How a command ended, and what it wrote."""

    def __init__(self, code: int, output: str, problem: str) -> None:
        self.code = code
        self.output = output
        self.problem = problem.removeprefix("Error: ")


class Child:
    """A program that runs; `heard` is told each line that it logs, in a thread of its own."""

    def __init__(
        self, process: "subprocess.Popen[str]", lines: LogLines, heard: Callable[[LogLine], None] | None
    ) -> None:
        self._process = process
        self._lines = lines
        self._heard = heard
        self._listener = threading.Thread(target=self._listen, name="litestream", daemon=True)
        self._listener.start()

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once; fine when it has ended already.

        Where the kernel itself is stuck, on a dead disk, it may be `alive` for a while after this has returned.
        """
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._listener.join(_END_SECONDS)

    def _listen(self) -> None:
        """Read to the end whatever comes: a full pipe would stop the program."""
        output = self._process.stdout
        assert output is not None  # noqa: S101 - it was asked for
        with output, contextlib.suppress(ValueError):
            for raw in output:
                line = parse(raw)
                self._lines.log(line)
                if self._heard is not None:
                    self._heard(line)
