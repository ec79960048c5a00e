"""The page of error codes."""

import re

from sysmon_appliance.web.problems import PROBLEMS
from tests.support.tree import read

_ROW = re.compile(r"^\| `([a-z_]+)` \| (\d{3}) \|", re.MULTILINE)


def test_every_error_code_is_documented_with_its_status() -> None:
    """The page lists exactly the codes that answers carry, each with its status."""
    documented = {code: int(status) for code, status in _ROW.findall(read("docs/reference/errors.md"))}
    assert documented == {code: kind.status for code, kind in PROBLEMS.items()}
