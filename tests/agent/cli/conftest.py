"""A region, and a host that may join it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.joining_commands import Host
from tests.support.region import Region, region_in


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    with region_in(tmp_path / "region") as region:
        yield region


@pytest.fixture
def host(tmp_path: Path, region: Region) -> Host:
    return Host(tmp_path / "host", region.address)
