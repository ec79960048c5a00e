"""Programs of others that tests run for real."""

from functools import cache
from pathlib import Path

import pytest

from appliance.tools.programs.catalogue import catalogue
from appliance.tools.programs.places import cache_folder, present


def program(name: str) -> Path:
    """Find a program; the test is skipped where this machine has none whose version fits."""
    found = _present(name)
    if found is None:
        pytest.skip(f"{catalogue()[name].title} is not on this machine: `make tools` gets it.")
    return found


@cache
def _present(name: str) -> Path | None:
    return present(catalogue()[name], cache_folder())
