"""Finding series of hosts, and counting them.

What a host is called and how it is labelled is matched with the host; the rest with distinct series, each once for all
hosts that have it. Where a key is both, the series' own value counts: hosts on which such a matcher has different
answers are looked at separately.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.matchers import NAME_KEY, Matcher, Matchers
from sysmon_appliance.domain.series_index import IndexView, Mask, Numbers

HOST_KEYS: Mapping[str, Callable[[Host], str]] = {"host": lambda host: host.name, "host_id": lambda host: host.host_id}
"""Keys that every host has; its labels are keys, too."""

Schemas = tuple[int, ...]
"""KnownSchema.key of each schema that a host has used, in order of first use."""


@dataclass(frozen=True, slots=True)
class Holding:
    """The series of one host."""

    host: Host
    schemas: Schemas
    numbers: Numbers  # of its distinct series, rising; one array for all hosts that have used the same schemas


@dataclass(frozen=True, slots=True)
class Holdings:
    """Which hosts have which series, as it was at one moment; for any thread."""

    index: IndexView
    hosts: Sequence[Holding]  # by name


@dataclass(frozen=True, slots=True)
class Found:
    """What a selection has found: hosts, each with the mask of distinct series that fit."""

    index: IndexView
    hosts: Sequence[tuple[Holding, Mask]]  # by name

    def total(self) -> int:
        """Count what was found: a series of two hosts counts twice."""
        alike = Counter((id(holding.numbers), id(mask)) for holding, mask in self.hosts)
        arrays = {(id(holding.numbers), id(mask)): (holding.numbers, mask) for holding, mask in self.hosts}
        return sum(alike[each] * int(np.count_nonzero(mask[numbers])) for each, (numbers, mask) in arrays.items())


def search(holdings: Holdings, selections: Sequence[Matchers]) -> Found:
    """Find series that fit one of the selections; without any, all."""
    hosts = [holding.host for holding in holdings.hosts]
    matchers = [matcher for selection in selections or [()] for matcher in selection]
    answers = list(zip(*(_of_hosts(hosts, matcher) for matcher in matchers), strict=True)) or [()] * len(hosts)
    masks = _Masks(holdings.index, selections or [()])
    looked_at = ((holding, masks.of(own)) for holding, own in zip(holdings.hosts, answers, strict=True))
    return Found(holdings.index, [(holding, mask) for holding, mask in looked_at if mask is not None])


Answers = tuple[bool, ...]
"""Of a host, one for each matcher of all selections: whether it is accepted where a series has not the key."""


class _Masks:
    """Which series fit, by the answers of the host that they are of."""

    def __init__(self, index: IndexView, selections: Sequence[Matchers]) -> None:
        self._index = index
        self._selections = selections
        self._made: dict[Answers, Mask | None] = {}
        self._single: dict[tuple[Matcher, bool], Mask] = {}

    def of(self, answers: Answers) -> Mask | None:
        """Return the mask for hosts with these answers; None where nothing of theirs fits."""
        if answers not in self._made:
            mask = self._make(answers)
            self._made[answers] = mask if mask.any() else None
        return self._made[answers]

    def _make(self, answers: Answers) -> Mask:
        found = np.zeros(self._index.count, np.bool_)
        left = iter(answers)
        for selection in self._selections:
            found |= self._all([(matcher, next(left)) for matcher in selection])
        return found

    def _all(self, conditions: Sequence[tuple[Matcher, bool]]) -> Mask:
        mask = np.ones(self._index.count, np.bool_)
        for matcher, answer in conditions:
            mask &= self._one(matcher, missing=answer)
        return mask

    def _one(self, matcher: Matcher, *, missing: bool) -> Mask:
        mask = self._single.get((matcher, missing))
        if mask is None:
            mask = self._single[matcher, missing] = self._index.mask(matcher, missing=missing)
        return mask


def _of_hosts(hosts: Sequence[Host], matcher: Matcher) -> list[bool]:
    """Tell of each host whether a matcher accepts what the host has under its key."""
    read = HOST_KEYS.get(matcher.key) or _label(matcher.key)
    if matcher.key == NAME_KEY:
        return [matcher.accepts("")] * len(hosts)
    values = [read(host) for host in hosts]
    distinct = list(dict.fromkeys(values))
    accepted = dict(zip(distinct, matcher.accepted(distinct).tolist(), strict=True))
    return [accepted[value] for value in values]


def _label(key: str) -> Callable[[Host], str]:
    def read(host: Host) -> str:
        for name, value in host.labels:
            if name == key:
                return value
        return ""

    return read


@dataclass(frozen=True, slots=True)
class Weights:
    """How often each distinct series is there: once for each host that has it; int32 [distinct series]."""

    index: IndexView
    hosts: Numbers

    def of_key(self, key: str) -> Sequence[tuple[str, int]]:
        """List the values of a key with how many series have each, the most first."""
        column = self.index.columns.get(key)
        if column is None:
            return []
        counts = np.bincount(column.codes, weights=self.hosts[column.rows]).astype(int).tolist()
        return sorted(zip(column.values, counts, strict=False), key=lambda each: (-each[1], each[0]))

    def of_keys(self) -> Sequence[tuple[str, int, int]]:
        """List keys with how many values each has, and how many series have it; the most values first."""
        found = [
            (key, column.distinct, int(self.hosts[column.rows].sum())) for key, column in self.index.columns.items()
        ]
        return sorted(found, key=lambda each: (-each[1], -each[2], each[0]))


def weigh(holdings: Holdings) -> Weights:
    """Count on how many hosts each series is."""
    alike = Counter(id(holding.numbers) for holding in holdings.hosts)
    arrays = {id(holding.numbers): holding.numbers for holding in holdings.hosts}
    hosts = np.zeros(holdings.index.count, np.int32)
    for each, numbers in arrays.items():
        hosts[numbers] += alike[each]
    return Weights(holdings.index, hosts)
