"""What a run prints."""

import io
import json

from rich.console import Console

from tests.chaos.account import Verdict
from tests.chaos.figures import Outcome, line_of, table_of
from tests.chaos.rounds import Ending, Round

GOOD = Verdict()


def a_round(
    number: int, failover: float | None, verdict: Verdict = GOOD, trouble: str = "", *, took_leader: bool = True
) -> Round:
    return Round(
        number,
        "the leader is killed",
        took_leader=took_leader,
        failover_seconds=failover,
        recovery_seconds=1.0,
        verdict=verdict,
        trouble=trouble,
    )


def outcome(*rounds: Round, last: Verdict = GOOD) -> Outcome:
    return Outcome(42, rounds, Ending(last, GOOD), [0.1 * n for n in range(1, 101)])


def test_the_line_sums_a_run_up() -> None:
    """The line has a run's figures under names that programs rely on; what needed no failover does not count as one."""
    found = json.loads(line_of(outcome(a_round(1, 4.0), a_round(2, 30.0, took_leader=False), a_round(3, 6.0))))
    assert found == {
        "rounds": 3,
        "lost": 0,
        "doubled": 0,
        "corrupt": 0,
        "stuck": 0,
        "failover_median_s": 5.0,
        "failover_worst_s": 6.0,
        "durable_ack_p99_s": 10.0,
        "seed": 42,
    }


def test_a_loss_in_any_round_is_told() -> None:
    """A loss is counted, also when it is gone at the end, and the run is not good."""
    run = outcome(a_round(1, 4.0, Verdict(lost=3)), a_round(2, 4.0))
    assert json.loads(line_of(run))["lost"] == 3
    assert not run.is_good


def test_a_region_that_stays_broken_is_told() -> None:
    """A round after which the region did not become well is no success."""
    run = outcome(a_round(1, None, trouble="waited in vain"))
    assert json.loads(line_of(run))["stuck"] == 1
    assert not run.is_good


def test_the_table_has_a_line_for_each_kind_of_fault() -> None:
    """The table shows each kind of fault with its worst, and the account at the end."""
    console = Console(width=120, file=io.StringIO())
    with console.capture() as captured:
        console.print(table_of(outcome(a_round(1, 4.0), a_round(2, 8.0), last=Verdict(lost=1))))
    shown = captured.get()
    assert "the leader is killed" in shown
    assert "6.0" in shown
    assert "at the end" in shown
