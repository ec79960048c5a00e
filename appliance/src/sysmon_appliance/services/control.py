"""The services that change who may do what, put together for the routes that call them."""

from dataclasses import dataclass
from typing import Self

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.users import UsersState
from sysmon_appliance.services.access import Access
from sysmon_appliance.services.accounts import Accounts
from sysmon_appliance.services.api_tokens import ApiTokens
from sysmon_appliance.services.audit import Audit
from sysmon_appliance.services.identity_side import IdentitySide
from sysmon_appliance.services.passwords import Passwords
from sysmon_appliance.services.sessions import Sessions
from sysmon_appliance.services.sign_in import SignIn
from sysmon_appliance.services.users import Users


@dataclass(frozen=True, slots=True)
class Control:
    """One service per subject; each makes its changes last and records them before it answers."""

    accounts: Accounts
    access: Access
    sessions: Sessions
    sign_in: SignIn
    users: Users
    api_tokens: ApiTokens
    audit: Audit
    identity: IdentitySide

    def reload(self, state: State) -> None:
        """Know of users and of hosts' identities what a state tells, and nothing else."""
        self.accounts.reload(state.users)
        self.identity.reload(state.identity)

    @classmethod
    def over(
        cls,
        state: UsersState,
        barrier: Barrier,
        clock: Clock,
        *,
        identity: IdentitySide,
        passwords: Passwords,
        audit: Audit,
        session_seconds: int,
        idle_seconds: int,
    ) -> Self:
        accounts = Accounts(state, barrier, clock)
        sessions = Sessions(accounts, session_seconds=session_seconds, idle_seconds=idle_seconds)
        return cls(
            accounts=accounts,
            access=Access(accounts, idle_seconds=idle_seconds),
            sessions=sessions,
            sign_in=SignIn(accounts, sessions, passwords),
            users=Users(accounts),
            api_tokens=ApiTokens(accounts),
            audit=audit,
            identity=identity,
        )
