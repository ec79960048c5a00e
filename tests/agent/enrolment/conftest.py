"""A region, and hosts that join it with the agent's own code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.region import Region, region_in


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    with region_in(tmp_path / "region") as region:
        yield region
