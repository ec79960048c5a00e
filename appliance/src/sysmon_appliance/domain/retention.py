"""How long history is kept: for everything by its kind, and otherwise for hosts that rules choose.

A rule is a selector and times, 'role=db,env!=dev raw=90d minute=2y'. The first rule that fits a host counts, and what
it does not name is kept as for everything else.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sysmon_agent.errors import ConfigError, Fault
from sysmon_appliance.config import RetentionSettings
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.domain.selector import Selector, parse
from sysmon_appliance.errors import BadRequestError

Days = Mapping[Kind, int]
"""For how many days each kind is kept."""

Facts = Mapping[str, Collection[str]]

MAX_DAYS = 36_500
MONTHLY_DAYS = 92
"""What is kept for less than three months stays in files of a day, which expire to the day."""

_UNIT_DAYS = {"d": 1, "w": 7, "y": 365}
_TIME = re.compile(r"([0-9]{1,6})([dwy])")
_EXAMPLE = "write 'role=db raw=90d minute=2y'"
_SHOW = "sysmon-aggregator config show --effective"


@dataclass(frozen=True, slots=True)
class Rule:
    """Other times for the hosts that a selector chooses."""

    text: str  # the selector as it was written
    selector: Selector
    days: Days  # of every kind


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of retention, understood."""

    days: Days  # of every kind, where no rule fits
    rules: tuple[Rule, ...]
    max_bytes: Mapping[Kind, int]  # 0: no limit

    def of(self, host: Host) -> Days:
        """Return for how long each kind of a host's history is kept."""
        rule = self.rule_of(host)
        return self.days if rule is None else rule.days

    @property
    def monthly(self) -> frozenset[Kind]:
        """Kinds that some hosts keep for so long that merging them by month is worth the while."""
        kept = (self.days, *(rule.days for rule in self.rules))
        return frozenset(kind for kind in Kind if max(days[kind] for days in kept) >= MONTHLY_DAYS)

    def rule_of(self, host: Host) -> Rule | None:
        """Return the first rule that fits a host; None where none does."""
        facts = facts_of(host)
        return next((rule for rule in self.rules if rule.selector.matches(facts)), None)


def facts_of(host: Host) -> Facts:
    """Return what rules can choose a host by: labels, name, id and tags, and nothing that changes from hour to hour."""
    own = {"name": (host.name,), "id": (host.host_id,), "tag": host.tags}
    return own | {key: (value,) for key, value in host.labels}


def policy_of(settings: RetentionSettings, place: str = "retention.rules") -> Policy:
    """Understand the settings of retention.

    Parameters
    ----------
    place
        Where the rules were written, for messages.

    Raises
    ------
    ConfigError
        Some rules are none; `faults` lists every one of them.
    """
    days = {kind: int(getattr(settings, f"{kind}_days")) for kind in Kind}
    rules, faults = [], []
    for number, text in enumerate(settings.rules, 1):
        try:
            rules.append(_rule(text, days))
        except _Refused as refused:
            faults.append(Fault(place, f"`retention.rules` entry {number}, {text!r}, {refused}", refused.suggestion))
    if faults:
        count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise ConfigError(f"The rules of retention have {count}:", hint=_SHOW, faults=tuple(faults))
    return Policy(days, tuple(rules), {kind: int(getattr(settings, f"{kind}_bytes")) for kind in Kind})


@dataclass(frozen=True, slots=True)
class NoteRetention(Change):
    """Remember, in a text that only the services understand, which settings hold since when."""

    text: str


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """Why a rule is none, and what to write instead."""

    def __init__(self, problem: str, suggestion: str = _EXAMPLE) -> None:
        super().__init__(problem)
        self.suggestion = suggestion


def _rule(text: str, otherwise: Days) -> Rule:
    words = text.split()
    times = [word for word in words if _kind(word)]
    terms = ",".join(word for word in words if not _kind(word))
    if not times:
        raise _Refused("names no time")
    days = dict(map(_time, times))
    if len(days) < len(times):
        raise _Refused("names a kind twice")
    return Rule(terms, _selector(terms), {**otherwise, **days})


def _kind(word: str) -> str:
    """Return the kind that a word gives a time for, or an empty string where the word is a term of the selector."""
    name, equals, _ = word.partition("=")
    return name if equals and name in set(Kind) else ""


def _time(word: str) -> tuple[Kind, int]:
    name, _, text = word.partition("=")
    match = _TIME.fullmatch(text)
    if match is None:
        raise _Refused(f"has no time such as 90d, 8w or 2y in {word!r}")
    days = int(match[1]) * _UNIT_DAYS[match[2]]
    if not 1 <= days <= MAX_DAYS:
        raise _Refused(f"has a time out of range in {word!r}", f"give 1d to {MAX_DAYS}d")
    return Kind(name), days


def _selector(terms: str) -> Selector:
    if not terms:
        raise _Refused("chooses no hosts", "for every host, set retention.raw_days and its like instead")
    try:
        selector = parse(terms)
    except BadRequestError as error:
        raise _Refused(f"has no usable selector: {error.message.removesuffix('.')}") from None
    if any(term.key == "status" for term in selector.terms):
        raise _Refused("asks for a host's status, which changes", "choose hosts by labels, tags, name or id")
    return selector
