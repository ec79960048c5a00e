"""Finding series by matchers, against looking at every series of every host."""

from collections.abc import Iterator, Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.matchers import NAME_KEY, Matcher, Matchers, Operator, parse_matchers
from sysmon_appliance.domain.patterns import Pattern
from sysmon_appliance.domain.series_index import SeriesIndex
from sysmon_appliance.domain.series_search import Found, Holding, Holdings, search, weigh
from tests.support.head import host, series

KEYS = ["cpu", "state", "role", "host"]
VALUES = ["", "a", "b", "db", "host-1", "host-2"]

some_series = st.builds(
    lambda metric, attributes: Series(metric, tuple(sorted(attributes.items()))),
    st.sampled_from(["m", "n"]),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3),
)
some_lists = st.lists(some_series, max_size=6, unique=True)
some_hosts = st.lists(
    st.tuples(st.dictionaries(st.just("role"), st.sampled_from(VALUES)), st.sets(st.integers(0, 2))), max_size=5
)
exact = st.builds(
    Matcher,
    st.sampled_from([NAME_KEY, *KEYS, "absent"]),
    st.sampled_from([Operator.EQUAL, Operator.UNEQUAL]),
    st.sampled_from([*VALUES, "m"]),
)
by_pattern = st.builds(
    lambda key, operator, text: Matcher(key, operator, text, Pattern(text)),
    st.sampled_from([NAME_KEY, *KEYS, "absent"]),
    st.sampled_from([Operator.MATCH, Operator.MISMATCH]),
    st.sampled_from(["a|b", "host-.*", ".*", ".+", "", "m"]),
)
some_selections = st.lists(st.lists(exact | by_pattern, max_size=3).map(tuple), max_size=3)


def held(lists: Sequence[Sequence[Series]], hosts: Sequence[tuple[dict[str, str], set[int]]]) -> Holdings:
    """Let hosts have the series of the lists with these numbers."""
    index = SeriesIndex()
    numbers = [index.add(each) for each in lists]
    holdings = []
    for key, (labels, schemas) in enumerate(hosts, 1):
        own = np.unique(np.concatenate([np.empty(0, np.int32), *(numbers[each] for each in sorted(schemas))]))
        holdings.append(Holding(host(key, labels=tuple(labels.items())), tuple(sorted(schemas)), own))
    return Holdings(index.view(), holdings)


def pairs(found: Found) -> set[tuple[int, Series]]:
    return {
        (holding.host.key, found.index.series[number])
        for holding, mask in found.hosts
        for number in holding.numbers[mask[holding.numbers]]
    }


def looked_at(holdings: Holdings, selections: Sequence[Matchers]) -> Iterator[tuple[int, Series]]:
    """Yield what fits by looking at each series of each host."""
    for holding in holdings.hosts:
        for number in holding.numbers:
            one = holdings.index.series[number]
            if any(all(fits(holding.host, one, each) for each in selection) for selection in selections):
                yield holding.host.key, one


def fits(owner: Host, one: Series, matcher: Matcher) -> bool:
    own = {"host": owner.name, "host_id": owner.host_id} if matcher.key in {"host", "host_id"} else dict(owner.labels)
    return matcher.accepts((own | {NAME_KEY: one.metric} | dict(one.attributes)).get(matcher.key, ""))


@given(st.lists(some_lists, min_size=3, max_size=3), some_hosts, some_selections)
def test_what_is_found_is_what_fits(
    lists: list[list[Series]],
    hosts: list[tuple[dict[str, str], set[int]]],
    selections: list[Matchers],
) -> None:
    """Whatever hosts have and whatever is asked, a search finds what looking at each series finds, and counts it."""
    holdings = held(lists, hosts)
    found = search(holdings, selections)
    expected = list(looked_at(holdings, selections or [()]))
    assert pairs(found) == set(expected)
    assert found.total() == len(expected)


@given(st.lists(some_lists, min_size=3, max_size=3), some_hosts)
def test_series_are_counted_by_metric_and_key(
    lists: list[list[Series]], hosts: list[tuple[dict[str, str], set[int]]]
) -> None:
    """A series counts once for each host that has it, under its metric and under each of its keys."""
    holdings = held(lists, hosts)
    weights = weigh(holdings)
    every = list(looked_at(holdings, [()]))
    assert int(weights.hosts.sum()) == len(every)
    for metric, count in weights.of_key(NAME_KEY):
        assert count == sum(one.metric == metric for _, one in every)
    for key, values, count in weights.of_keys():
        if key != NAME_KEY:
            assert count == sum(key in dict(one.attributes) for _, one in every)
            assert values == len(
                {value for each in lists for one in each for name, value in one.attributes if name == key}
            )


def test_a_view_stays_as_it_was() -> None:
    """Series that come in after a view was taken are not in it, however many they are."""
    index = SeriesIndex()
    index.add([series("m", cpu="0")])
    view = index.view()
    index.add([series("m", cpu=str(number)) for number in range(100)])
    (matcher,) = parse_matchers('{cpu=~".*"}')
    assert view.mask(matcher, missing=False).tolist() == [True]
    assert len(index) == 100


def test_the_own_value_of_a_series_wins() -> None:
    """Where a host's label and a series' attribute have one key, the attribute is what is matched."""
    holdings = held([[series("m", role="series"), series("n")]], [({"role": "host"}, {0})])
    assert pairs(search(holdings, [parse_matchers('{role="series"}')])) == {(1, series("m", role="series"))}
    assert pairs(search(holdings, [parse_matchers('{role="host"}')])) == {(1, series("n"))}
