"""The services that keep in memory what they are asked for, over a followed copy or over a database of one's own."""

from typing import Any

from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.audit import AuditReader
from sysmon_appliance.domain.fleet import FleetMatrix
from sysmon_appliance.domain.series_search import Holding
from sysmon_appliance.domain.state import State
from sysmon_appliance.services.audit import Audit
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.control import Control
from sysmon_appliance.services.following import Views
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.passwords import Passwords
from sysmon_appliance.services.series import SeriesCatalog
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.identity_side import identity_side


class Shown:
    """What is known, by services that were made of one state; `views` keeps it up to date."""

    def __init__(self, state: State, audit: AuditReader) -> None:
        clock, barrier = ManualClock(), InstantBarrier()
        identities = Identities(state.identity)
        self.catalog = Catalog(state, vouched=identities.labels)
        self.series = SeriesCatalog(state, self.catalog, clock)
        self.control = Control.over(
            state.users,
            barrier,
            clock,
            identity=identity_side(state.identity, identities, barrier, clock, issuer=None),
            passwords=Passwords(),
            audit=Audit(audit),
            session_seconds=3600,
            idle_seconds=600,
        )
        self.matrix = FleetMatrix(self.catalog)
        self.views = Views(
            (self.catalog.reload, self.series.reload, self.control.reload),
            self.catalog.follow,
            (self.series.note, self.matrix.update),
        )

    def all(self) -> dict[str, Any]:
        """Return all that is shown, but for the fleet matrix, which only knows what came since."""
        identity, accounts = self.control.identity, self.control.accounts
        certificates = list(identity.identities.certificates())
        return {
            "hosts": self.catalog.all(),
            "labels": [identity.identities.labels(host.host_id) for host in self.catalog.all()],
            "ledger": self.catalog.entries(),
            "series": {each.host.host_id: self._series(each) for each in self.series.holdings()().hosts},
            "certificates": [(one, identity.identities.state(one, 0)) for one in certificates],
            "renew before": identity.identities.renew_before_ms,
            "tokens": identity.tokens.all(),
            "requests": identity.requests.all(),
            "users": (accounts.users, accounts.links, accounts.sessions, accounts.api_tokens),
        }

    def _series(self, holding: Holding) -> tuple[set[int], tuple[int, int], set[Series]]:
        index = self.series.holdings()().index
        span = self.series.span(holding.host.key, holding.schemas)
        return set(holding.schemas), span, {index.series[number] for number in holding.numbers}
