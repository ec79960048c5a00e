"""`make chaos`: break a region of three real aggregators again and again, and count what is lost. Nothing may be.

Consul, Garage and Litestream are real too; 200 simulated agents count every tick. Prints a table, and last one line of
JSON; ends with 1 when anything was lost, doubled or corrupt, or did not become well again.
"""

import argparse
import logging
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import SystemRandom

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.chaos.figures import Outcome, line_of, table_of
from tests.chaos.region import Load, chaos_in
from tests.chaos.rounds import Chaos, Round


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # servers and disks are taken down, as after Ctrl-C
    logging.disable(logging.ERROR)  # connections that end are what this is about
    console = Console(stderr=True, width=None if sys.stderr.isatty() else 120)
    load = Load(options.agents, options.interval, options.seed)
    try:
        with ExitStack() as closing:
            folder = Path(options.folder or closing.enter_context(tempfile.TemporaryDirectory(prefix="sysmon-chaos-")))
            chaos = chaos_in(folder, load, closing)
            rounds = _rounds(chaos, options.rounds, console)
            outcome = Outcome(load.seed, rounds, chaos.finish(folder), chaos.waited)
    except pytest.skip.Exception as missing:
        sys.exit(str(missing))
    console.print(table_of(outcome))
    print(line_of(outcome), flush=True)
    return 0 if outcome.is_good else 1


def _rounds(chaos: Chaos, count: int, console: Console) -> Sequence[Round]:
    rounds: list[Round] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("rounds", total=count)
        for number in range(1, count + 1):
            rounds.append(chaos.round(number))
            progress.console.print(_told(rounds[-1]), soft_wrap=True)
            progress.advance(task)
    return rounds


def _told(one: Round) -> str:
    failover = (
        "the leader stayed" if one.failover_seconds is None else f"another led after {one.failover_seconds:.1f} s"
    )
    trouble = f"; {one.trouble}" if one.trouble else ""
    wrong = "" if one.verdict.is_good else f"; {one.verdict}"
    return f"{one.number}: {one.fault}; {failover}; well {one.recovery_seconds:.1f} s after mending{wrong}{trouble}"


def _options() -> argparse.Namespace:
    reader = argparse.ArgumentParser(prog="make chaos", description="Break a region, and count what is lost.")
    reader.add_argument("--rounds", type=int, default=20, help="how many faults, one after another")
    reader.add_argument("--seed", type=int, default=SystemRandom().randrange(1 << 32), help="to repeat a run")
    reader.add_argument("--agents", type=int, default=200, help="simulated agents")
    reader.add_argument("--interval", type=float, default=5.0, help="seconds between an agent's ticks")
    reader.add_argument("--folder", default="", help="where everything lies, and stays; default: it is thrown away")
    return reader.parse_args()


if __name__ == "__main__":
    sys.exit(main())
