"""The ring of aggregators."""

from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.uplink.route import MAX_DOUBTS, MAX_JUMPS, MAX_LEARNED, Route

ADDRESSES = st.sampled_from([f"{letter}:1" for letter in "abcdef"])


def test_a_round_goes_to_each_aggregator_once() -> None:
    """Each address is gone to once, those of the settings first; then the round is over."""
    route = Route(["a:1", "b:1"])
    route.learn(["c:1"])
    gone_to = [route.current]
    while route.advance():
        gone_to.append(route.current)
    assert gone_to == ["a:1", "b:1", "c:1"]


def test_another_round_begins_behind_the_last_one() -> None:
    """Whoever ended a round in vain is not the first of the next one, unless somebody is chosen."""
    route = Route(["a:1", "b:1"])
    while route.advance():
        pass
    route.start_round()
    assert route.current == "a:1"
    route.start_round("b:1")
    assert route.current == "b:1"


def test_a_named_leader_is_followed_once() -> None:
    """A leader that this round has been to is not gone to again, until somebody else is named in between."""
    route = Route(["a:1", "b:1"])
    assert route.follow("c:1")
    assert route.advance()
    assert not route.follow("c:1")
    assert not route.follow("")
    assert route.follow("c:1")


def test_a_leader_that_is_still_named_is_tried_again() -> None:
    """Where a standby goes on naming the leader that failed, it may have been the way: it gets another try."""
    route = Route(["a:1", "b:1"])
    route.arrive()
    route.advance()
    assert [route.follow("a:1") for _ in range(MAX_DOUBTS)] == [False] * (MAX_DOUBTS - 1) + [True]
    assert route.current == "a:1"


def test_who_names_itself_leads_nowhere() -> None:
    """An aggregator that names itself, for it is about to lead, is not gone to anew."""
    route = Route(["a:1"])
    assert not route.follow("a:1")


def test_whoever_took_ticks_is_known_to_lead() -> None:
    """After a delivery broke, a standby that still names the aggregator just left leads nowhere new."""
    route = Route(["a:1", "b:1"])
    route.arrive()
    assert route.advance()
    assert not route.follow("a:1")


def test_two_that_name_each_other_are_not_followed_for_ever() -> None:
    """In one round only so many names are followed; the next round may follow again."""
    route = Route(["a:1", "b:1"])
    jumps = 0
    while route.follow("b:1" if route.current == "a:1" else "a:1"):
        jumps += 1
    assert jumps == MAX_JUMPS
    route.start_round()
    assert route.follow("c:1")


def test_only_new_addresses_are_news() -> None:
    """Hearing of a known address again, or of one of the settings, changes nothing that is worth keeping."""
    route = Route(["a:1"])
    assert route.learn(["a:1", "b:1"])
    assert not route.learn(["b:1", "a:1"])
    assert route.learned == ("b:1",)


@given(st.lists(st.lists(st.integers(1, 40).map(lambda number: f"host{number}:1"), max_size=20), max_size=10))
def test_learned_addresses_are_bounded(lists: list[list[str]]) -> None:
    """However many addresses are heard of, those of the settings stay, the newest do, and the rest is forgotten."""
    route = Route(["a:1", "b:1"])
    for heard in lists:
        route.learn(heard)
        newest = list(dict.fromkeys(heard))[:MAX_LEARNED]
        assert list(route.learned[: len(newest)]) == newest
    assert route.addresses[:2] == ("a:1", "b:1")
    assert len(route.learned) <= MAX_LEARNED


@given(st.lists(st.tuples(st.sampled_from(["learn", "follow", "advance", "arrive", "start"]), ADDRESSES), max_size=40))
def test_a_round_always_ends(steps: list[tuple[str, str]]) -> None:
    """Whatever was heard before, going on comes to an end after as many steps as there are addresses."""
    route = Route(["a:1", "b:1"])
    for step, address in steps:
        match step:
            case "learn":
                route.learn([address])
            case "follow":
                route.follow(address)
            case "advance":
                route.advance()
            case "arrive":
                route.arrive()
            case _:
                route.start_round()
    left = len(route.addresses) + 1
    while route.advance():
        left -= 1
    assert left >= 0
