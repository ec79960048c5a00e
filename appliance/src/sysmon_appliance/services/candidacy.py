"""Whether a standby should try to lead now, and the attempt."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.election import Decision, Found, Step, decide, is_free, needs_look
from sysmon_appliance.domain.leadership import Lineage, Session, Standing
from sysmon_appliance.errors import ReplicaBrokenError
from sysmon_appliance.services.leading import Claim, Leading
from sysmon_appliance.services.preparing import Preparation
from sysmon_appliance.services.restoring_ahead import RestoringAhead
from sysmon_appliance.services.standing_watch import StandingWatch

_log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 4.0
"""After an outage of the coordinator, whoever led and still has everything may lead again first."""

_DEFERENCE_SECONDS = 6.0
"""A handoff that names another node leaves it so much time."""

_RESTORE_SECONDS = 20.0
"""A node that cannot restore for so long lets another one try."""

COOL_DOWN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Won:
    """A claim, and the folder with what it will lead with; an empty folder where a region begins."""

    claim: Claim
    folder: Path


class Candidacy:
    """Decides for one node; belongs to the event loop."""

    def __init__(
        self, leading: Leading, session: Session, watch: StandingWatch, clock: Clock, *, preparation: Preparation
    ) -> None:
        self._leading = leading
        self._preparation = preparation
        self._session = session
        self._watch = watch
        self._clock = clock
        self._ahead = RestoringAhead(leading)
        self._not_before = 0.0
        self._free_since: float | None = None
        self.found = Found()  # when it was looked last
        self._failure = ""  # why this node could not restore a lineage
        self._failed: Lineage | None = None

    @property
    def trouble(self) -> str:
        """Why this node could not restore what is to be led with; empty where it could, or another one has."""
        return self._failure if self._failed == self._watch.last.lineage else ""

    def rest(self, seconds: float) -> None:
        """Do not try for a while."""
        self._not_before = self._clock.monotonic() + seconds

    async def decide(self) -> Decision:
        """Say what there is to do, as far as the coordinator answers.

        Raises
        ------
        StoreUnreachableError, ReplicaUnreachableError
            It depends on what the store holds, and that is not known now.
        """
        standing = self._watch.standing
        if standing is None:
            return Decision(Step.FOLLOW)
        self._note_free(standing)
        own = self._leading.node.name
        if needs_look(standing, own):
            self.found = await asyncio.to_thread(self._leading.look)
            return decide(standing, self.found, own=own)
        return decide(standing, Found(cluster_id=self._leading.folders.cluster_id), own=own)

    async def attempt(self, decision: Decision) -> Won | None:
        """Try to lead where that is to be done and this is the moment; None where not, or when another was faster."""
        standing = self._watch.standing
        if standing is None or decision.step not in {Step.COMPETE, Step.BEGIN} or not self._may_try(standing):
            if decision.step is not Step.COMPETE:
                self._ahead.drop()
            elif self._rests_on_the_lock(standing):
                await self.give_back()
            return None
        if standing.lineage is not None and not self._is_handed_to_us(standing):
            self._ahead.begin(standing.lineage)
            if self._ahead.has_failed:  # most likely it would fail again: let others be first
                self._ahead.drop()
                self.rest(_DEFERENCE_SECONDS)
                return None
        origin = "handoff" if self._is_handed_to_us(standing) else "failover" if standing.lineage else ""
        known = self.found if decision.step is Step.BEGIN else None
        return await self.win(standing, origin=origin, known=known)

    async def win(self, standing: Standing, *, origin: str, known: Found | None = None) -> Won | None:
        """Take the lock and restore; the lock is given back where that does not succeed."""
        try:
            claim = await asyncio.to_thread(self._leading.claim, standing, origin=origin, known=known)
        except SysmonError as error:
            _log.warning("The lock could not be taken.", extra={"code": error.code, "detail": error.message})
            return None
        if claim is None:
            return None
        return await self.restored(claim)

    async def restored(self, claim: Claim) -> Won | None:
        """Restore what a claim goes on from; where that does not succeed the lock is given back."""
        _log.info("The lock was taken.", extra={"epoch": claim.epoch})
        folder = await self._restored(claim)
        if folder is None:
            self.rest(COOL_DOWN_SECONDS)
            await self.give_back()
            return None
        return Won(claim, folder)

    async def reclaim(self, standing: Standing, *, origin: str, known: Found | None = None) -> Claim | None:
        """Begin the next epoch with a database that is here; None when somebody else was faster."""
        try:
            return await asyncio.to_thread(self._leading.claim, standing, origin=origin, known=known)
        except SysmonError as error:
            _log.warning("The lock could not be taken.", extra={"code": error.code, "detail": error.message})
            return None

    async def give_back(self) -> None:
        """Release the lock; where the coordinator does not answer, it ends with the session."""
        try:
            await asyncio.to_thread(self._leading.coordinator.release)
        except SysmonError as error:
            _log.warning("The lock could not be released.", extra={"code": error.code, "detail": error.message})

    async def _restored(self, claim: Claim) -> Path | None:
        began = self._clock.monotonic()
        prepared = await asyncio.to_thread(self._preparation.take, claim) or await self._ahead.take(claim)
        if prepared is not None:
            return prepared
        while self._clock.monotonic() - began < _RESTORE_SECONDS:
            try:
                return await asyncio.to_thread(self._leading.restore, claim)
            except ReplicaBrokenError as error:
                self._failure, self._failed = error.message, claim.lineage
                _log.error("The replica cannot be led with.", extra={"detail": error.message, "hint": error.hint})
                return None
            except SysmonError as error:
                self._failure, self._failed = error.message, claim.lineage
                _log.warning("The replica could not be restored.", extra={"code": error.code, "detail": error.message})
                await asyncio.sleep(0.5)
        return None

    def _may_try(self, standing: Standing) -> bool:
        now = self._clock.monotonic()
        rests = now < self._not_before and not self._is_handed_to_us(standing)
        if rests or now >= self._session.lease_until or self._free_since is None:
            return False
        waits = 0.0
        if self._watch.troubled is not None and self._free_since - self._watch.troubled < _PATIENCE_SECONDS:
            waits = _PATIENCE_SECONDS
        handoff = standing.handoff
        if handoff is not None and handoff.epoch == standing.epoch and not self._is_handed_to_us(standing):
            waits = max(waits, _DEFERENCE_SECONDS)
        return now - self._free_since >= waits

    def _rests_on_the_lock(self, standing: Standing | None) -> bool:
        """Whether the lock is ours although we do not want it now: to give it back has failed."""
        holder = standing.holder if standing is not None else None
        is_ours = holder is not None and holder.node.name == self._leading.node.name
        return is_ours and self._clock.monotonic() < self._not_before

    def _is_handed_to_us(self, standing: Standing) -> bool:
        handoff = standing.handoff
        return handoff is not None and handoff.epoch == standing.epoch and handoff.to == self._leading.node.name

    def _note_free(self, standing: Standing) -> None:
        if not is_free(standing, self._leading.node.name):
            self._free_since = None
        elif self._free_since is None:
            self._free_since = self._clock.monotonic()
