"""A region under load, for tests that break it."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.chaos.region import Load, chaos_in
from tests.chaos.rounds import Chaos


@pytest.fixture(scope="session")
def chaos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chaos]:
    """A region of three with a small fleet; whoever breaks it mends it."""
    with ExitStack() as closing:
        yield chaos_in(tmp_path_factory.mktemp("chaos"), Load(agents=20, interval_seconds=1.0, seed=7), closing)
