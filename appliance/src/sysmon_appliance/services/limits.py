"""How often people, programs and agents may ask, as the settings say; each refusal is counted."""

from collections import Counter

from sysmon_agent.clock import Clock
from sysmon_appliance.config import LimitSettings
from sysmon_appliance.domain.limits import Allowance, Buckets, Policy, network
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.errors import TooManyRequestsError

_MOST_HOSTS = 1_000_000
_PUSH_SECONDS = 10
"""An agent that catches up may push for so long as fast as it can."""


class RequestLimits:
    """Judges requests over HTTP, each against one policy."""

    def __init__(self, settings: LimitSettings, clock: Clock) -> None:
        self.refused: Counter[str] = Counter()  # since the start, by policy
        self._clock = clock
        self._requests = Buckets(Policy("api", settings.requests_per_minute, 60))
        self._sign_ins = Buckets(Policy("sign_in", settings.sign_ins_per_minute, 60))
        self._enrolments = Buckets(Policy("enrolment", settings.enrolments_per_minute, 60))

    def request(self, principal: Principal | None, address: str) -> Allowance:
        """Count a request to the API against whoever asks, or against the address where nobody is known."""
        return self._judge(self._requests, principal.actor if principal else network(address))

    def sign_in(self, address: str) -> Allowance:
        """Count an attempt to become somebody."""
        return self._judge(self._sign_ins, network(address))

    def enrolment(self, host_id: str, address: str) -> Allowance:
        """Count a request about a certificate against the host, or against the address where it has none yet."""
        return self._judge(self._enrolments, host_id or network(address))

    def _judge(self, buckets: Buckets, key: str) -> Allowance:
        allowance = buckets.attempt(key, self._clock.monotonic())
        if not allowance.allowed:
            self.refused[allowance.policy.name] += 1
        return allowance


class AgentLimits:
    """Judges what hosts send; times are those at which it came."""

    def __init__(self, settings: LimitSettings) -> None:
        self.refused: Counter[str] = Counter()  # since the start, by policy
        pushes = Policy("pushes", settings.pushes_per_second * _PUSH_SECONDS, _PUSH_SECONDS)
        self._pushes = Buckets(pushes, most=_MOST_HOSTS)
        self._hellos = Buckets(Policy("hellos", settings.hellos_per_minute, 60), most=_MOST_HOSTS)
        self._schemas = Buckets(Policy("schemas", settings.schemas_per_hour, 3600), most=_MOST_HOSTS)

    def push(self, host_id: str, now_ms: int) -> None:
        """Count a batch.

        Raises
        ------
        TooManyRequestsError
            It is one too many.
        """
        self._judge(self._pushes, host_id, now_ms)

    def hello(self, host_id: str, now_ms: int) -> None:
        """Count a hello; raises as `push` does."""
        self._judge(self._hellos, host_id, now_ms)

    def schema(self, host_id: str, now_ms: int) -> None:
        """Count a schema that was not known; raises as `push` does."""
        self._judge(self._schemas, host_id, now_ms)

    def _judge(self, buckets: Buckets, host_id: str, now_ms: int) -> None:
        wait_seconds = buckets.take(host_id, now_ms / 1000)
        if wait_seconds:
            name = buckets.policy.name
            self.refused[name] += 1
            raise TooManyRequestsError(f"This host sends too many {name}.", wait_seconds)
