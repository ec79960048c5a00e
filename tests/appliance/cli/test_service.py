import resource
from collections.abc import Iterator

import pytest

from sysmon_appliance.cli.service import _raise_file_limit


@pytest.fixture
def usual_limit() -> Iterator[int]:
    """Lower this process's limit of open files to what most systems begin with; return what they permit."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_connections_are_not_bounded_by_the_usual_limit_of_files(usual_limit: int) -> None:
    """An aggregator may have as many connections as the system permits, without a word in its unit file."""
    _raise_file_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == usual_limit
