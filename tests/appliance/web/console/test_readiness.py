from dataclasses import replace

import pytest

from sysmon_appliance.domain.leadership import Role
from sysmon_appliance.domain.topology import NodeState
from sysmon_appliance.web.console.readiness import of_role
from tests.support.console import Console
from tests.support.topology import FOLLOWED, LED

TROUBLED = replace(LED, durable=replace(LED.durable, trouble="Consul does not answer."))


@pytest.mark.parametrize(
    ("state", "name", "ok", "word"),
    [
        (LED, "durable", True, "become durable"),
        (TROUBLED, "durable", False, "Consul does not answer."),
        (FOLLOWED, "copy", True, "0.8 s old"),
        (replace(FOLLOWED, age_ms=10_001), "copy", False, "10.0 s old"),
        (replace(FOLLOWED, age_ms=None), "role", False, "no copy"),
        (replace(FOLLOWED, role=Role.TAKING_OVER, age_ms=None), "role", False, "about to lead"),
        (replace(FOLLOWED, role=Role.WAITING, age_ms=None), "role", False, "a person"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_role_has_its_own_question(state: NodeState, name: str, ok: bool, word: str) -> None:  # noqa: FBT001 - a table
    """A leader is ready while changes become durable, a standby while its copy is young, and all others are not."""
    (check,) = of_role(state)
    assert (check.name, check.ok) == (name, ok)
    assert word in check.detail


def test_a_single_aggregator_has_no_role_to_fill() -> None:
    """The readiness of a single aggregator follows from its storage alone."""
    assert not list(of_role(replace(LED, role=Role.SINGLE)))


async def test_a_leader_that_makes_nothing_durable_is_not_ready() -> None:
    """Load balancers are told when what the leader stores does not become durable."""
    console = Console()
    console.topology.now = TROUBLED
    async with console.browser() as browser:
        answer = await browser.get("/readyz")
    assert (answer.status_code, answer.json()["checks"][-1]["name"]) == (503, "durable")
