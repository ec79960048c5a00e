"""Checks of segments, and their repair."""

from enum import StrEnum

import msgspec
from starlette.responses import Response

from sysmon_appliance.domain.integrity import Check
from sysmon_appliance.domain.storekeeping import JobName
from sysmon_appliance.services.storage_documents import AcceptedJob
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response


class CheckState(StrEnum):
    NEVER = "never"
    RUNNING = "running"
    DONE = "done"


class CheckView(msgspec.Struct, frozen=True):
    """`checked` and `of` count segments; `unread` are those of them that nobody could look at."""

    state: CheckState
    checked: int
    of: int
    unread: int
    damaged: list[str]
    started: int | None
    ended: int | None


class RepairWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With `give_up`, what is lost leaves the manifest; else it stays set aside."""

    give_up: bool = False


class RepairView(msgspec.Struct, frozen=True):
    """Names of segments: those that can be read again, and those of which nothing is left."""

    repaired: list[str]
    lost: list[str]


async def start(call: Call) -> Response:
    await call.upkeep.checking.ask(call.principal)
    return json_response(AcceptedJob(JobName.CHECK), status=202)


async def show(call: Call) -> Response:
    return json_response(_view(call.upkeep.checking.newest))


async def repair(call: Call) -> Response:
    wanted: RepairWanted = call.body
    done = await call.upkeep.repair.repair(call.principal, give_up=wanted.give_up)
    return json_response(RepairView(list(done.repaired), list(done.lost)))


def _view(check: Check | None) -> CheckView:
    if check is None:
        return CheckView(CheckState.NEVER, checked=0, of=0, unread=0, damaged=[], started=None, ended=None)
    return CheckView(
        state=CheckState.DONE if check.ended_ms else CheckState.RUNNING,
        checked=check.checked,
        of=check.of,
        unread=check.unread,
        damaged=list(check.damaged),
        started=check.started_ms,
        ended=check.ended_ms or None,
    )


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/storage/check",
        "How far the check of all segments is, or how the newest one ended.",
        show,
        CheckView,
    ),
    ApiRoute(
        "POST",
        "/api/v1/storage/check",
        "Read all segments, here and in the object store, and set aside those that are damaged.",
        start,
        AcceptedJob,
        status=202,
    ),
    ApiRoute(
        "POST",
        "/api/v1/storage/repair",
        "Bring back what was set aside: from another copy, or from what it was made of.",
        repair,
        RepairView,
        body=RepairWanted,
        problems=("storage", "store_unreachable", "conflict"),
    ),
)
