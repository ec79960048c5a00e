from sysmon_appliance.demo.fleet import FULL_DISK, Outage, characters


def test_names_are_distinct() -> None:
    """A thousand simulated hosts have a thousand names."""
    assert len({character.name for character in characters(1000)}) == 1000


def test_cast_is_the_same_each_time() -> None:
    """A simulated host is the same at each start, however many there are."""
    assert characters(24)[:8] == characters(8)


def test_labels_are_sorted() -> None:
    """Labels and metadata of simulated hosts are in the order that the protocol asks for."""
    for character in characters(50):
        assert character.labels == tuple(sorted(character.labels))
        assert character.metadata == tuple(sorted(character.metadata))


def test_fleet_of_24_has_something_to_look_at() -> None:
    """Among 24 simulated hosts one disk is nearly full and one host comes and goes."""
    cast = characters(24)
    assert [c.name for c in cast if c.role.disk_used == FULL_DISK] == ["db-01.iad"]
    assert [c.name for c in cast if c.outage] == ["worker-01.iad"]


def test_outage_comes_at_the_end_of_each_round() -> None:
    """A host that comes and goes is there at first, and again after each outage."""
    outage = Outage(every_seconds=100, lasts_seconds=10)
    assert [outage.covers(second) for second in (0, 89, 90, 99, 100, 190)] == [False, False, True, True, False, True]
