"""Whatever admins, users and full disks do, in whatever order."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.principals import Role
from sysmon_appliance.errors import StorageFullError
from tests.support.accounts import ELSEWHERE, HERE, OPERATOR, PASSWORD, People

NAMES = st.sampled_from(["alice", "bob", "carol"])
ROLES = st.sampled_from(Role)


class Whatever(RuleBasedStateMachine):
    """Knows the secrets of every session, invitation and token that there ever was."""

    def __init__(self) -> None:
        super().__init__()
        self.people = People()
        self.sessions: set[str] = set()
        self.invitations: dict[str, str] = {}  # to whom it was given
        self.tokens: dict[str, tuple[str, Role]] = {}  # owner and role
        self.had_admin = False

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something; None where it was refused."""
        with contextlib.suppress(SysmonError):
            return asyncio.run(work)
        return None

    @rule(name=NAMES, role=ROLES)
    def create(self, name: str, role: Role) -> None:
        if made := self.do(self.people.users.create(OPERATOR, name, role)):
            self.invitations[made[1]] = name

    @rule(name=NAMES)
    def invite(self, name: str) -> None:
        if secret := self.do(self.people.users.invite(OPERATOR, name)):
            self.invitations[secret] = name

    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        if self.invitations:
            secret = data.draw(st.sampled_from(sorted(self.invitations)))
            session = self.do(self.people.sign_in.accept(secret, PASSWORD, HERE))
            self.sessions |= {session} - {None}

    @rule(name=NAMES)
    def sign_in(self, name: str) -> None:
        session = self.do(self.people.sign_in.sign_in(name, PASSWORD, ELSEWHERE))
        self.sessions |= {session} - {None}

    @rule(name=NAMES, role=st.none() | ROLES, disabled=st.none() | st.booleans())
    def change(self, name: str, role: Role | None, disabled: bool | None) -> None:  # noqa: FBT001 - drawn by name
        before = set(self.people.accounts.sessions_of(name))
        user = self.people.accounts.users.get(name)
        changed = self.do(self.people.users.change(OPERATOR, name, role=role, disabled=disabled))
        if changed and changed != user:
            assert not before & set(self.people.accounts.sessions)

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        self.do(self.people.users.remove(OPERATOR, name))
        if name not in self.people.accounts.users:
            assert not self.people.accounts.sessions_of(name)

    @rule(role=ROLES, data=st.data())
    def make_token(self, role: Role, data: st.DataObject) -> None:
        principals = [who for session in sorted(self.sessions) if (who := self.people.who(session))]
        if principals:
            owner = data.draw(st.sampled_from(principals))
            if made := self.do(self.people.api_tokens.create(owner, "script", role, 3600)):
                assert owner.role.includes(role)
                self.tokens[made[1]] = (owner.user, role)

    @rule(seconds=st.sampled_from([1, 300, 3599, 3600, 86_400]))
    def wait(self, seconds: int) -> None:
        self.people.clock.advance(seconds)

    @rule()
    def fill_or_empty_the_disk(self) -> None:
        self.people.barrier.error = None if self.people.barrier.error else StorageFullError("full")

    @invariant()
    def somebody_decides(self) -> None:
        """Once there was an admin who is not shut out, there always is one."""
        rules = any(user.rules for user in self.people.users.all())
        assert rules or not self.had_admin
        self.had_admin = rules

    @invariant()
    def who_is_shut_out_is_out(self) -> None:
        """A session is of a user who may sign in, and has the role that they have now."""
        users = self.people.accounts.users
        for who in filter(None, map(self.people.who, self.sessions)):
            assert not users[who.user].disabled
            assert who.role is users[who.user].role

    @invariant()
    def tokens_do_no_more_than_their_owners(self) -> None:
        """A token has at most its own role, and at most its owner's of now."""
        for text, (owner, role) in self.tokens.items():
            who = self.people.access.of_token(text, ELSEWHERE.origin)
            if who is not None:
                assert not self.people.accounts.users[owner].disabled
                assert role.includes(who.role)
                assert self.people.accounts.users[owner].role.includes(who.role)

    @invariant()
    def what_is_shown_is_what_lasts(self) -> None:
        """A restart would find exactly what is known now, but for notes of uses that were not written down."""
        ours, again = self.people.accounts, self.people.reopened().accounts
        assert (ours.users, ours.links) == (again.users, again.links)
        assert (ours.sessions.keys(), ours.api_tokens.keys()) == (again.sessions.keys(), again.api_tokens.keys())


TestWhatever = Whatever.TestCase
TestWhatever.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
