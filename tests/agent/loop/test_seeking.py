"""When Consul is asked."""

import pytest

from sysmon_agent.loop.seeking import Seeking
from tests.support.clock import ManualClock


@pytest.mark.parametrize(("every_ms", "runs"), [(0, [0, 65]), (20_000, [0, 20, 40, 60, 65, 85])])
def test_the_child_runs_at_the_start_and_when_it_is_wanted(every_ms: int, runs: list[float]) -> None:
    """The child runs first of all, then when somebody wants it, and every so often where the host stays registered."""
    clock, ran = ManualClock(), list[float]()
    began = clock.monotonic()
    seeking = Seeking(lambda: ran.append(clock.monotonic() - began), clock, every_ms=every_ms)
    for second in range(100):
        if second == 65:
            seeking.want()
        seeking.look()
        clock.advance(1)
    assert ran == runs


def test_what_is_wanted_while_the_child_runs_is_not_lost() -> None:
    """Whoever wants the child while it runs gets another one."""
    clock, ran = ManualClock(), list[int]()

    def run() -> None:
        ran.append(len(ran))
        if len(ran) == 1:
            seeking.want()

    seeking = Seeking(run, clock)
    for _ in range(5):
        seeking.look()
    assert ran == [0, 1]
