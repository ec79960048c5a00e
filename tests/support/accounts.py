"""The services of users, sessions and API tokens over a barrier held in memory."""

from collections.abc import Sequence

from argon2.profiles import CHEAPEST

from sysmon_appliance.domain.access import Visitor
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.domain.users import UsersState
from sysmon_appliance.services.access import Access
from sysmon_appliance.services.accounts import Accounts
from sysmon_appliance.services.api_tokens import ApiTokens
from sysmon_appliance.services.passwords import Passwords
from sysmon_appliance.services.sessions import Sessions
from sysmon_appliance.services.sign_in import SignIn
from sysmon_appliance.services.users import Users
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock

HERE = Visitor("192.0.2.1", "a browser")
ELSEWHERE = Visitor("192.0.2.2", "another browser")
OPERATOR = Principal(Kind.SOCKET, "operator", Role.ADMIN)
PASSWORD = "a fine long password"

DAY_SECONDS = 86_400
IDLE_SECONDS = 3600


class People:
    """All of it, and what a test wants to look at."""

    def __init__(self, state: UsersState | None = None, passwords: Passwords | None = None) -> None:
        self.clock = ManualClock()
        self.barrier = InstantBarrier()
        self.pauses: list[float] = []
        self.accounts = Accounts(state or UsersState(), self.barrier, self.clock)
        self.sessions = Sessions(self.accounts, session_seconds=DAY_SECONDS, idle_seconds=IDLE_SECONDS)
        self.sign_in = SignIn(self.accounts, self.sessions, passwords or Passwords(CHEAPEST), pause=self._pause)
        self.users = Users(self.accounts)
        self.api_tokens = ApiTokens(self.accounts)
        self.access = Access(self.accounts, idle_seconds=IDLE_SECONDS)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def add(self, name: str = "alice", role: Role = Role.VIEWER) -> str:
        """Add a user whose password is PASSWORD, and return the secret of their session."""
        _, invitation = await self.users.create(OPERATOR, name, role)
        return await self.sign_in.accept(invitation, PASSWORD, HERE)

    def who(self, session: str) -> Principal | None:
        return self.access.of_session(session, HERE.origin)

    def reopened(self) -> "People":
        """Start again with what was made to last, as after a restart."""
        other = People(UsersState())
        for change in self.barrier.committed:
            other.accounts.show(change)
        return other

    @property
    def actions(self) -> Sequence[str]:
        return [entry.action for entry in self.barrier.audited]
