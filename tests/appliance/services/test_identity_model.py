"""Any history of tokens, enrolments, renewals, revocations and failures, against a model of a few sets."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from sysmon_agent.wire.token import decode_token
from sysmon_appliance.domain.enrolment import TokenState
from sysmon_appliance.errors import (
    RefusedError,
    RevokedCertificateError,
    StorageFullError,
    TokenRevokedError,
    TokenUsedUpError,
)
from sysmon_appliance.services.certificates import Granted
from tests.support.fake_issuer import request
from tests.support.letting_in import OPERATOR, Region, holder
from tests.support.store import InstantStore

T = TypeVar("T")

FAILS = st.sampled_from([False, False, False, True])


class IdentityMachine(RuleBasedStateMachine):
    """Operators and hosts do what they can; now and then the disk is full."""

    texts = Bundle("texts")
    granted = Bundle("granted")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.store = InstantStore()
        self.region = self.run(self._region())
        self.uses: dict[str, int] = {}  # by text, what is left
        self.withdrawn: set[str] = set()
        self.speaking: dict[str, str] = {}  # host_id to key
        self.keys = 0

    async def _region(self) -> Region:
        return Region(store=self.store)

    def teardown(self) -> None:
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def attempt(self, work: Coroutine[Any, Any, T], *, fails: bool) -> T | RefusedError:
        self.store.error = StorageFullError("full") if fails else None
        try:
            return self.run(work)
        except RefusedError as error:
            return error
        finally:
            self.store.error = None

    @rule(target=texts, uses=st.integers(1, 3))
    def make_a_token(self, uses: int) -> str:
        text = self.run(self.region.token(uses=uses))
        self.uses[text] = uses
        return text

    @rule(text=texts, fails=FAILS)
    def withdraw_a_token(self, text: str, fails: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        outcome = self.attempt(self.region.side.tokens.revoke(decode_token(text).id, OPERATOR), fails=fails)
        if not isinstance(outcome, RefusedError):
            self.withdrawn.add(text)

    @rule(target=granted, text=texts, fails=FAILS)
    def enrol(self, text: str, fails: bool) -> tuple[str, str, Granted] | None:  # noqa: FBT001 - drawn
        self.keys += 1
        key = f"k{self.keys}"
        outcome = self.attempt(self.region.enrol(text, key), fails=fails)
        if text in self.withdrawn:
            assert isinstance(outcome, TokenRevokedError)
        elif not self.uses[text]:
            assert isinstance(outcome, TokenUsedUpError)
        elif fails:
            assert isinstance(outcome, StorageFullError)
        else:
            assert isinstance(outcome, Granted)
            self.uses[text] -= 1
            assert outcome.certificate.host_id not in self.speaking
            self.speaking[outcome.certificate.host_id] = key
            return text, key, outcome
        return None

    @rule(who=granted)
    def enrol_again(self, who: tuple[str, str, Granted] | None) -> None:
        if who is None:
            return
        text, key, granted = who
        outcome = self.attempt(self.region.enrol(text, key), fails=False)
        host_id = granted.certificate.host_id
        if text in self.withdrawn:
            assert isinstance(outcome, TokenRevokedError)
        elif self.speaking[host_id] == key:
            assert isinstance(outcome, Granted)
            assert outcome.certificate.host_id == host_id
        else:
            assert isinstance(outcome, RevokedCertificateError)

    @rule(target=granted, who=consumes(granted), fails=FAILS)
    def renew(self, who: tuple[str, str, Granted] | None, fails: bool) -> tuple[str, str, Granted] | None:  # noqa: FBT001
        if who is None:
            return None
        text, key, granted = who
        self.region.clock.advance(60)
        outcome = self.attempt(self.region.side.certificates.renew(holder(granted), request(key)), fails=fails)
        if self.speaking[granted.certificate.host_id] != key:
            assert isinstance(outcome, RevokedCertificateError)
        elif fails:
            assert isinstance(outcome, StorageFullError)
        else:
            assert isinstance(outcome, Granted)
            return text, key, outcome
        return who

    @rule(who=granted, fails=FAILS)
    def shut_out(self, who: tuple[str, str, Granted] | None, fails: bool) -> None:  # noqa: FBT001 - drawn
        if who is None:
            return
        host_id = who[2].certificate.host_id
        outcome = self.attempt(self.region.side.revocation.revoke_host(host_id, "web", "", OPERATOR), fails=fails)
        if not isinstance(outcome, RefusedError):
            self.speaking[host_id] = ""

    @rule(target=granted, who=granted)
    def replace(self, who: tuple[str, str, Granted] | None) -> tuple[str, str, Granted] | None:
        if who is None:
            return None
        host_id = who[2].certificate.host_id
        text = self.run(self.region.token(replaces=host_id))
        self.keys += 1
        key = f"k{self.keys}"
        outcome = self.run(self.region.let_in(text, key))
        assert outcome.certificate.host_id == host_id
        self.uses[text] = 0
        self.speaking[host_id] = key
        return text, key, outcome

    @invariant()
    def every_certificate_counts_or_not_by_its_key(self) -> None:
        for certificate in self.region.identities.certificates():
            speaks = self.speaking[certificate.host_id]
            granted = Granted(certificate, "", "", (), 0)
            try:
                self.region.check(granted)
            except RevokedCertificateError:
                assert self.region.identities.find(certificate.host_id) is not None
                assert not speaks or certificate.revoked_ms
            else:
                assert speaks
                assert not certificate.revoked_ms

    @invariant()
    def tokens_are_used_as_often_as_hosts_came(self) -> None:
        left = {text: uses for text, uses in self.uses.items() if text not in self.withdrawn}
        for token in self.region.side.tokens.all():
            if token.state(self.region.clock.wall_ms()) is TokenState.REVOKED:
                continue
            (text,) = (text for text in left if decode_token(text).id == token.id)
            assert token.uses - token.used == left[text]


IdentityMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
test_keys_and_uses_are_what_the_model_says = IdentityMachine.TestCase
