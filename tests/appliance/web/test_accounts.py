import os
import pwd
import socket
from pathlib import Path

from sysmon_appliance.web.accounts import account_of
from tests.support.aggregator import over, running, settings_in


class Told:
    """A socket whose other end belongs to a user of this number."""

    def __init__(self, user: int) -> None:
        self._user = user

    def getsockopt(self, _level: int, _name: int, _length: int, /) -> bytes:
        return b"".join(number.to_bytes(4, "little") for number in (1, self._user, 1))


def test_the_account_at_the_other_end() -> None:
    """The system says which account is at the other end of a Unix socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert account_of(ours) == pwd.getpwuid(os.getuid()).pw_name


def test_an_account_without_a_name() -> None:
    """An account that the system has no name for is called by its number."""
    assert account_of(Told(4_000_000)) == "4000000"


async def test_commands_are_on_record_under_their_account(tmp_path: Path) -> None:
    """What a command does over the socket is done by the account that ran it."""
    settings = settings_in(tmp_path)
    async with running(settings), over(settings.console.socket) as operator:
        session = (await operator.get("/api/v1/session")).json()
        assert (session["via"], session["name"]) == ("socket", pwd.getpwuid(os.getuid()).pw_name)
        await operator.post("/api/v1/links")
        entries = (await operator.get("/api/v1/audit")).json()["entries"]
    assert (entries[0]["action"], entries[0]["actor"]) == ("link.create", f"socket:{session['name']}")
