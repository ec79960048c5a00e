"""`make fuzz`: more inputs than the tests try, each time others.

Prints a JSON object for each parser, for the protocol and for the API, and last the number of all inputs. An input that
is found ends the run; the message holds its bytes.
"""

import argparse
import json
import logging
import sys
import tempfile
import warnings
from pathlib import Path
from random import SystemRandom
from typing import Any

from cryptography.utils import CryptographyDeprecationWarning

from tests.fuzz.api import serving_api
from tests.fuzz.campaign import resident_bytes, run
from tests.fuzz.http import feed, send
from tests.fuzz.parsers import parsers
from tests.support.peers import leading

HTTP_SHARE, TLS_SHARE = 0.2, 0.0005
"""Of all inputs; a connection with TLS costs a hundred times one in memory."""

EXAMPLES_SHARE = 0.00005
"""Requests to each route as each role, by all inputs."""


def main() -> None:
    options = _options()
    warnings.simplefilter("ignore", CryptographyDeprecationWarning)
    logging.disable(logging.WARNING)  # each bad request is one
    total = _parse(options.inputs, options.seed) + _connect(options.inputs, options.seed) + _ask(options.inputs)
    _print(name="fuzz", inputs=total, seed=options.seed, resident_bytes=resident_bytes())


def _parse(inputs: int, seed: int) -> int:
    total = 0
    for parser in parsers():
        outcome = run(parser, inputs * parser.share // 100, seed)
        _print(name=parser.name, inputs=outcome.inputs, accepted=outcome.accepted, resident_bytes=resident_bytes())
        total += outcome.inputs
    return total


def _connect(inputs: int, seed: int) -> int:
    fed, sent = int(inputs * HTTP_SHARE), int(inputs * TLS_SHARE)
    with tempfile.TemporaryDirectory() as folder, leading(Path(folder)) as leader:
        listener = leader.listener
        statuses = feed(listener, fed, seed)
        _print(name="http", inputs=fed, statuses=statuses, resident_bytes=resident_bytes())
        answered = send(listener, sent, seed)
        _print(name="https", inputs=sent, answered=answered, resident_bytes=resident_bytes())
    if failures := [status for status in statuses if status >= 500]:
        sys.exit(f"error: the listener answered {failures}")
    return fed + sent


def _ask(inputs: int) -> int:
    """Try the API as its description allows and forbids; hypothesis draws the same requests each time."""
    with tempfile.TemporaryDirectory() as folder, serving_api(Path(folder)) as api:
        api.try_all(max(10, int(inputs * EXAMPLES_SHARE)))
    _print(name="api", inputs=api.statuses.total(), statuses=api.statuses, resident_bytes=resident_bytes())
    return api.statuses.total()


def _options() -> argparse.Namespace:
    reader = argparse.ArgumentParser(prog="make fuzz", description="Try damaged inputs on all that reads them.")
    reader.add_argument("--inputs", type=int, default=1_000_000, help="how many")
    reader.add_argument("--seed", type=int, default=SystemRandom().randrange(1 << 32), help="to repeat a run")
    return reader.parse_args()


def _print(**figures: Any) -> None:
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
