"""The rules of retention that held before, which go on for a day after they were changed.

What was removed by a mistake in the settings would not come back when they are put right. So for a day what the new
settings or the old ones keep is kept.
"""

from dataclasses import dataclass

import msgspec

from sysmon_agent.errors import ConfigError
from sysmon_appliance.config import RetentionSettings
from sysmon_appliance.domain.retention import MAX_DAYS, Policy, policy_of
from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.services.cautious_clock import DOUBT_MS

_EVERYTHING = Policy(dict.fromkeys(Kind, MAX_DAYS), (), dict.fromkeys(Kind, 0))


@dataclass(frozen=True, slots=True)
class Remembered:
    """Settings that hold since a moment, and those that held before; None where these were the first."""

    settings: RetentionSettings
    since_ms: int
    before: RetentionSettings | None = None

    @property
    def text(self) -> str:
        """What `recall` reads."""
        return msgspec.json.encode(self).decode()

    def is_doubted(self, now_ms: int) -> bool:
        return self.before is not None and now_ms - self.since_ms < DOUBT_MS

    def policies(self, now_ms: int) -> tuple[Policy, ...]:
        """Return those that count now: what any of them keeps is kept."""
        current = policy_of(self.settings)
        if self.before is None or not self.is_doubted(now_ms):
            return (current,)
        return current, _former(self.before)


def recall(text: str, settings: RetentionSettings, now_ms: int) -> Remembered:
    """Put settings beside what is remembered; settings that are the same go on as they were.

    Where others are still doubted, those before them stay remembered: they were the last to have their day.
    """
    known = _known(text)
    if known is None:
        return Remembered(settings, now_ms)
    if known.settings == settings:
        return known
    return Remembered(settings, now_ms, known.before if known.is_doubted(now_ms) else known.settings)


def _known(text: str) -> Remembered | None:
    try:
        return msgspec.json.decode(text, type=Remembered)
    except (msgspec.DecodeError, ValueError):
        return None  # nothing was noted yet


def _former(settings: RetentionSettings) -> Policy:
    try:
        return policy_of(settings)
    except ConfigError:  # of a release that read rules in another way
        return _EVERYTHING
