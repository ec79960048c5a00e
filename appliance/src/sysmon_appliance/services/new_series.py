"""How many series a host may begin: a label for each request, user or container would make more than anybody looks at.

A series that a host has had before is never counted again, so one whose series are what they are meets no limit. A
refusal is for good, and not a request to wait: the agent sets aside the ticks that have too many series, and those
before and after go on.
"""

from collections import Counter

from sysmon_agent.wire.messages import Schema
from sysmon_appliance.config import LimitSettings
from sysmon_appliance.domain.limits import Buckets, Policy
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.errors import TooManySeriesError
from sysmon_appliance.services.series import SeriesCatalog

_DAY_SECONDS = 86_400
_MOST_HOSTS = 1_000_000


class NewSeries:
    """Judges schemas by the series that are new to their host. Belongs to the event loop."""

    def __init__(self, settings: LimitSettings, catalog: SeriesCatalog) -> None:
        self.refused: Counter[str] = Counter()  # since the start, by policy
        self._catalog = catalog
        self._policy = Policy("series", settings.new_series_per_host_per_day, _DAY_SECONDS)
        self._buckets = Buckets(self._policy, most=_MOST_HOSTS)
        self._admitted: dict[int, bytes] = {}  # by host, the hash of the schema that was admitted last
        self._refused: dict[int, tuple[bytes, int]] = {}  # by host, that of the one refused last, and until when

    def admit(self, host: int, schema: KnownSchema, *, now_ms: int) -> None:
        """Let a host use a schema that is known; mostly it has used it before.

        Raises
        ------
        TooManySeriesError
            It has too many series that are new to the host.
        """
        if not self._catalog.has_used(host, schema):
            self.judge(host, schema.hash, schema.schema, now_ms=now_ms)

    def judge(self, host: int, schema_hash: bytes, schema: Schema, *, now_ms: int) -> None:
        """Let a host use a schema that it has not used before; raises as `admit` does."""
        if self._admitted.get(host) == schema_hash:  # and not committed yet
            return
        self.remind(host, schema_hash, now_ms=now_ms)
        new = self._catalog.new_series(host, schema)
        wait_seconds = self._buckets.take(str(host), now_ms / 1000, tokens=new) if new else 0.0
        if wait_seconds:
            self._refused[host] = schema_hash, now_ms + round(1000 * wait_seconds)
            raise self._refusal()
        self._admitted[host] = schema_hash

    def remind(self, host: int, schema_hash: bytes, *, now_ms: int) -> None:
        """Refuse again what was refused a while ago, without being sent the schema; raises as `admit` does."""
        refused = self._refused.get(host)
        if refused is not None and refused[0] == schema_hash and now_ms < refused[1]:
            raise self._refusal()

    def _refusal(self) -> TooManySeriesError:
        self.refused[self._policy.name] += 1
        return TooManySeriesError(
            f"This host begins more than {self._policy.quota} new series within a day.",
            hint="sysmon series cardinality",
        )
