import json
from typing import Any

import msgspec
import pytest

from sysmon_appliance.services.audit import AuditPage, AuditVerdict
from sysmon_appliance.services.backup_documents import BackupsDocument
from sysmon_appliance.services.documents import ChartsDocument
from sysmon_appliance.services.fleet import FleetPage
from sysmon_appliance.services.ha_documents import HandoffChecks, RegionDocument
from sysmon_appliance.services.hosts import Comparison, HostDetail
from sysmon_appliance.services.ledger import LedgerPage
from sysmon_appliance.services.live import FleetChange
from sysmon_appliance.services.series_documents import CardinalityDocument, SeriesPage
from sysmon_appliance.services.storage_documents import ForecastDocument, SegmentPage, StorageDocument
from sysmon_appliance.web.console.routes.api_tokens import ApiTokenList
from sysmon_appliance.web.console.routes.certificates import CertificatePage, RotationProgress
from sysmon_appliance.web.console.routes.enrolments import EnrolmentList
from sysmon_appliance.web.console.routes.processes import ProcessTable, TopProcesses
from sysmon_appliance.web.console.routes.session import SessionList, SessionView
from sysmon_appliance.web.console.routes.storage_check import CheckView, RepairView
from sysmon_appliance.web.console.routes.tokens import TokenList
from sysmon_appliance.web.console.routes.users import UserList
from tests.support import canned_fleet, canned_series
from tests.support.canned_fleet import CannedHost
from tests.support.canned_identity import CannedIdentity
from tests.support.canned_region import CannedRegion, failed_drill
from tests.support.canned_storage import CannedStorage

NOW_MS = 1_795_000_000_000
HOSTS = [CannedHost(number) for number in range(24)]
IDENTITY = CannedIdentity(NOW_MS, HOSTS)
STORAGE = CannedStorage(NOW_MS)
REGION, FOLLOWED, BLOCKED = (CannedRegion(lambda: NOW_MS, own=own) for own in ("agg-1", "agg-2", "agg-3"))
BLOCKED.block()
BLOCKED.drill = failed_drill(NOW_MS)
CHECKS = {"checks": [{"name": "standby", "ok": True, "detail": "agg-2 follows closely."}], "ok": True}

ANSWERS = {
    "api tokens": ({"api_tokens": IDENTITY.api_tokens}, ApiTokenList),
    "audit": (IDENTITY.audit_page({"limit": "20"}), AuditPage),
    "backups": (REGION.backups(), BackupsDocument),
    "blocked region": (BLOCKED.state(), RegionDocument),
    "cardinality": (canned_series.cardinality(HOSTS, 5), CardinalityDocument),
    "certificates": (IDENTITY.certificates_page(None, None), CertificatePage),
    "charts": (canned_fleet.charts(HOSTS[0], NOW_MS - 900_000, NOW_MS, 400), ChartsDocument),
    "check": (STORAGE.check, CheckView),
    "compare": (canned_fleet.compare(HOSTS, NOW_MS), Comparison),
    "enrolments": ({"enrolments": IDENTITY.enrolments}, EnrolmentList),
    "event": (canned_fleet.fleet_event(HOSTS, NOW_MS), FleetChange),
    "failed drill": (BLOCKED.backups(), BackupsDocument),
    "fleet": (canned_fleet.fleet(HOSTS, NOW_MS), FleetPage),
    "forecast": (STORAGE.forecast(365), ForecastDocument),
    "handoff": (CHECKS, HandoffChecks),
    "host": (HOSTS[0].detail(NOW_MS), HostDetail),
    "ledger": (canned_fleet.ledger(HOSTS), LedgerPage),
    "processes": (canned_fleet.processes(NOW_MS), ProcessTable),
    "region": (REGION.state(), RegionDocument),
    "region at a standby": (FOLLOWED.state(), RegionDocument),
    "repair": (STORAGE.repair(give_up=False), RepairView),
    "rotation": (IDENTITY.rotation(), RotationProgress),
    "segments": (STORAGE.segments("raw", None, 20), SegmentPage),
    "series": (canned_series.page(canned_series.series(HOSTS, NOW_MS), "", limit=20), SeriesPage),
    "session": (IDENTITY.session(), SessionView),
    "sessions": ({"sessions": IDENTITY.sessions}, SessionList),
    "storage": (STORAGE.state(), StorageDocument),
    "top": (canned_fleet.top_processes(NOW_MS - 900_000, NOW_MS, "cpu", 10), TopProcesses),
    "tokens": ({"tokens": IDENTITY.tokens}, TokenList),
    "users": ({"users": IDENTITY.users}, UserList),
    "verification": (IDENTITY.verification(), AuditVerdict),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_canned_answers_have_the_shape_of_real_ones(name: str) -> None:
    """What the console is tested with has exactly the members and types that the API promises."""
    answer, kind = ANSWERS[name]
    read: Any = msgspec.json.decode(json.dumps(answer), type=kind)
    assert json.loads(msgspec.json.encode(read)) == answer
