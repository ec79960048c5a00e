"""Settings of retention that were changed."""

import pytest

from sysmon_appliance.config import RetentionSettings
from sysmon_appliance.domain.segments import DAY_MS, Kind
from sysmon_appliance.services.remembered import Remembered, recall

NOW_MS = 1_800_000_000_000
LONG = RetentionSettings(raw_days=90)
SHORT = RetentionSettings(raw_days=3)
SHORTER = RetentionSettings(raw_days=1)


def raw_days(remembered: Remembered, now_ms: int) -> list[int]:
    return [policy.days[Kind.RAW] for policy in remembered.policies(now_ms)]


def test_the_first_settings_hold_at_once() -> None:
    """Where nothing was noted before, there is nothing to doubt."""
    first = recall("", SHORT, NOW_MS)
    assert raw_days(first, NOW_MS) == [3]
    assert not first.is_doubted(NOW_MS)


def test_changed_settings_are_doubted_for_a_day() -> None:
    """For a day after a change, what the settings before keep is kept as well; then the new ones hold alone."""
    changed = recall(recall("", LONG, NOW_MS).text, SHORT, NOW_MS + DAY_MS)
    assert raw_days(changed, NOW_MS + 2 * DAY_MS - 1) == [3, 90]
    assert raw_days(changed, NOW_MS + 2 * DAY_MS) == [3]


def test_a_start_with_the_same_settings_doubts_nothing_anew() -> None:
    """The day of doubt does not begin again with each start."""
    changed = recall(recall("", LONG, NOW_MS).text, SHORT, NOW_MS)
    again = recall(changed.text, SHORT, NOW_MS + DAY_MS // 2)
    assert again == changed
    assert not again.is_doubted(NOW_MS + DAY_MS)


def test_settings_that_never_had_their_day_are_no_former_ones() -> None:
    """When settings are changed twice within a day, those before the first change go on."""
    once = recall(recall("", LONG, NOW_MS).text, SHORT, NOW_MS + 1)
    twice = recall(once.text, SHORTER, NOW_MS + 2)
    assert raw_days(twice, NOW_MS + 3) == [1, 90]


def test_settings_that_are_put_right_are_doubted_without_harm() -> None:
    """Whoever puts a mistake right within the day has lost nothing, and goes on with what was kept before."""
    mistaken = recall(recall("", LONG, NOW_MS).text, SHORTER, NOW_MS + 1)
    right = recall(mistaken.text, LONG, NOW_MS + 2)
    assert raw_days(right, NOW_MS + 3) == [90, 90]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"settings": 7}', '{"settings": {}, "since_ms": "x"}'])
def test_what_cannot_be_read_is_nothing(text: str) -> None:
    """A note of another release that cannot be read does not stop the start."""
    assert recall(text, SHORT, NOW_MS) == Remembered(SHORT, NOW_MS)


def test_rules_that_are_none_any_more_keep_everything_for_their_day() -> None:
    """Where the former rules cannot be understood, nothing is removed before their day is over."""
    former = Remembered(RetentionSettings(rules=("once this was a rule",)), NOW_MS)
    changed = recall(former.text, SHORT, NOW_MS + DAY_MS)
    assert raw_days(changed, NOW_MS + DAY_MS + 1) == [3, 36_500]
