"""Gets the programs of others that tests run for real: python -m appliance.tools.programs [--strict]."""

import argparse
import os
import sys
from collections.abc import Sequence

from appliance.tools.programs.catalogue import catalogue
from appliance.tools.programs.getting import Outcome, get
from appliance.tools.programs.places import cache_folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Get each program, say what became of it, and return the exit code."""
    options = _options(arguments)
    outcomes = [get(program, cache_folder(), os.environ) for program in catalogue().values()]
    sys.stdout.write("".join(f"{line}\n" for line in _table(outcomes)))
    missing = sum(outcome.path is None for outcome in outcomes)
    if missing:
        sys.stdout.write(f"{missing} of {len(outcomes)} programs are missing; tests that need them are skipped.\n")
    return 1 if missing and options.strict else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make tools", description="Get the programs that tests run for real.")
    parser.add_argument("--strict", action="store_true", help="fail when a program cannot be had")
    return parser.parse_args(arguments)


def _table(outcomes: Sequence[Outcome]) -> list[str]:
    return [
        f"{outcome.program.title:<12}{outcome.program.version:<10}{outcome.path or 'MISSING'} ({outcome.detail})"
        for outcome in outcomes
    ]


if __name__ == "__main__":
    sys.exit(main())
