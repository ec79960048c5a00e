"""What a run has shown: a table for people, a line for programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from rich.table import Column, Table

from tests.chaos.account import Verdict
from tests.chaos.rounds import Ending, Round


@dataclass(frozen=True, slots=True)
class Outcome:
    """A whole run."""

    seed: int
    rounds: Sequence[Round]
    ending: Ending
    waited: Sequence[float]  # seconds from stored to durable

    @property
    def is_good(self) -> bool:
        return all(verdict.is_good for verdict in self.verdicts) and not self.stuck

    @property
    def verdicts(self) -> Sequence[Verdict]:
        return [self.ending.led_with, self.ending.restored, *(one.verdict for one in self.rounds)]

    @property
    def stuck(self) -> int:
        """How often the region did not become well by itself."""
        troubles = [self.ending.trouble, *(one.trouble for one in self.rounds)]
        return sum(map(bool, troubles))


def table_of(outcome: Outcome) -> Table:
    """Show what each kind of fault has done: failovers, median and worst, and the longest time until all was well."""
    figures = ("rounds", "failover s", "worst", "well after s", "lost", "doubled", "corrupt")
    table = Table("fault", *(Column(name, justify="right", no_wrap=True) for name in figures))
    for fault in dict.fromkeys(one.fault for one in outcome.rounds):
        rounds = [one for one in outcome.rounds if one.fault == fault]
        table.add_row(fault, str(len(rounds)), *_times(rounds), *_harm([one.verdict for one in rounds]))
    table.add_row("at the end", "", "", "", "", *_harm([outcome.ending.led_with]))
    table.add_row("restored from the replica", "", "", "", "", *_harm([outcome.ending.restored]))
    return table


def line_of(outcome: Outcome) -> str:
    """Return one line of JSON; a loss that is seen again is one loss, and only what takes the leader is a failover."""
    verdicts = outcome.verdicts
    failovers = _failovers([one for one in outcome.rounds if one.took_leader])
    return json.dumps(
        {
            "rounds": len(outcome.rounds),
            "lost": max(verdict.lost for verdict in verdicts),
            "doubled": max(verdict.doubled for verdict in verdicts),
            "corrupt": max(len(verdict.corrupt) for verdict in verdicts),
            "stuck": outcome.stuck,
            "failover_median_s": round(median(failovers), 2) if failovers else None,
            "failover_worst_s": round(max(failovers), 2) if failovers else None,
            "durable_ack_p99_s": _p99(outcome.waited),
            "seed": outcome.seed,
        }
    )


def _times(rounds: Sequence[Round]) -> tuple[str, str, str]:
    failovers = _failovers(rounds)
    recovery = f"{max(one.recovery_seconds for one in rounds):.1f}"
    if not failovers:
        return "", "", recovery
    return f"{median(failovers):.1f}", f"{max(failovers):.1f}", recovery


def _harm(verdicts: Sequence[Verdict]) -> tuple[str, str, str]:
    return (
        str(max(verdict.lost for verdict in verdicts)),
        str(max(verdict.doubled for verdict in verdicts)),
        str(max(len(verdict.corrupt) for verdict in verdicts)),
    )


def _failovers(rounds: Sequence[Round]) -> list[float]:
    return [one.failover_seconds for one in rounds if one.failover_seconds is not None]


def _p99(seconds: Sequence[float]) -> float | None:
    return round(quantiles(seconds, n=100)[98], 2) if len(seconds) > 1 else None
