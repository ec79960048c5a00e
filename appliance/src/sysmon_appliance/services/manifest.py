"""Changes of the manifest, judged before they are committed."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.segments import ForgetSegments, ManifestReader, Segment, SetAside, SwapSegments
from sysmon_appliance.errors import ConflictError
from sysmon_appliance.services.settling import commit

_HEAD = "head"
"""Stands for the head's batches among the names of segments that are being changed."""


class ManifestChanges:
    """The ManifestWriter; whoever comes second with the same segments or batches is refused.

    Parameters
    ----------
    sealed_up_to, last_number
        Of the newest batch that is in a segment, and of the newest segment.
    """

    def __init__(
        self, manifest: ManifestReader, barrier: Barrier, clock: Clock, *, sealed_up_to: int, last_number: int
    ) -> None:
        self.sealed_up_to = sealed_up_to
        self._manifest = manifest
        self._barrier = barrier
        self._clock = clock
        self._last_number = last_number
        self._changing: set[str] = set()  # of which a commit is under way

    @property
    def is_settled(self) -> bool:
        """Whether no change of segments waits for being durable."""
        return not self._changing

    async def swap(
        self,
        add: Sequence[Segment],
        drop: Sequence[str] = (),
        *,
        sealed_after: int = 0,
        sealed_up_to: int = 0,
        also: Sequence[Change] = (),
    ) -> Sequence[Segment]:
        self._check_in_force(drop)
        if sealed_up_to and sealed_after != self.sealed_up_to:
            raise ConflictError(f"Batches up to {self.sealed_up_to} are sealed already.", hint="sysmon storage status")
        numbered = tuple(replace(one, number=self._last_number + place) for place, one in enumerate(add, 1))
        self._last_number += len(add)
        change = SwapSegments(numbered, tuple(drop), sealed_up_to, self._clock.wall_ms())
        held = self._hold({*drop, _HEAD} if sealed_up_to else set(drop))

        def settle(error: SysmonError | None) -> None:  # also where whoever asked has gone meanwhile
            self._changing -= held
            if error is None:
                self.sealed_up_to = max(self.sealed_up_to, sealed_up_to)

        await commit(self._barrier, (change, *also), settle)
        return numbered

    async def set_aside(self, name: str, *, damaged: bool) -> None:
        await commit(self._barrier, (SetAside(name, self._clock.wall_ms() if damaged else 0),))

    async def confirm(self) -> None:
        """Return once all that the manifest says is durable, so that what it does not need may be deleted.

        A leader that was frozen knows nothing of what its successors have stored; it never gets beyond this.

        Raises
        ------
        RefusedError
            It is not durable, or another aggregator leads.
        """
        await commit(self._barrier, ())

    async def forget(self, names: Sequence[str]) -> None:
        await commit(self._barrier, (ForgetSegments(tuple(names)),))

    def _check_in_force(self, names: Collection[str]) -> None:
        gone = set(names) - {segment.name for segment in self._manifest.all()}
        if gone:
            raise ConflictError(f"Segment {min(gone)} is not in force any more.", hint="sysmon storage segments")

    def _hold(self, names: set[str]) -> set[str]:
        """Let nobody else drop these segments, or seal, until their commit has ended."""
        if self._changing & names:
            raise ConflictError("Another change of the same segments is under way.", hint="sysmon storage status")
        self._changing |= names
        return names
