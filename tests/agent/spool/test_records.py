"""Records survive damage anywhere but in themselves."""

from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.spool.records import Kind, Origin, pack, pack_gap, pack_origin, salvage, unpack_gap, unpack_origin
from sysmon_agent.wire.messages import Gap, GapReason

RECORDS = st.lists(
    st.tuples(st.sampled_from(list(Kind)), st.integers(0, 2**63), st.binary(max_size=60)), min_size=1, max_size=8
)


def packed(records: list[tuple[Kind, int, bytes]]) -> list[bytes]:
    return [pack(kind, serial, payload) for kind, serial, payload in records]


def found_in(data: bytes) -> list[tuple[Kind, int, bytes]]:
    return [(record.kind, record.serial, record.payload) for record in salvage(data)]


@given(RECORDS)
def test_what_was_packed_is_found(records: list[tuple[Kind, int, bytes]]) -> None:
    """A file gives back every record that was written to it, in order."""
    assert found_in(b"".join(packed(records))) == records


@given(RECORDS, st.data())
def test_a_torn_tail_costs_only_the_last_record(records: list[tuple[Kind, int, bytes]], data: st.DataObject) -> None:
    """A file that ends in the middle of a record gives all records before it."""
    parts = packed(records)
    cut = data.draw(st.integers(1, len(parts[-1])))
    assert found_in(b"".join(parts)[:-cut]) == records[:-1]


@given(RECORDS, st.data())
def test_damage_costs_only_the_records_it_hits(records: list[tuple[Kind, int, bytes]], data: st.DataObject) -> None:
    """One flipped bit anywhere spoils one record; all others are found."""
    parts = packed(records)
    hit = data.draw(st.integers(0, len(parts) - 1))
    position = data.draw(st.integers(0, len(parts[hit]) - 1))
    spoiled = bytearray(parts[hit])
    spoiled[position] ^= 1 << data.draw(st.integers(0, 7))
    found = found_in(b"".join([*parts[:hit], bytes(spoiled), *parts[hit + 1 :]]))
    assert found == records[:hit] + records[hit + 1 :]


@given(st.binary(max_size=300))
def test_noise_holds_no_records(noise: bytes) -> None:
    """Bytes that are no records are passed over without an error."""
    assert found_in(noise) == []


def test_gaps_and_origins_are_records_too() -> None:
    """What a file says about itself and about gaps comes back as it was."""
    gap = Gap(5, 9, GapReason.OVERRUN)
    origin = Origin(b"s" * 16, b"b" * 16, 4)
    first, second = salvage(pack_origin(origin, 5) + pack_gap(gap))
    assert (unpack_origin(first), first.serial) == (origin, 5)
    assert unpack_gap(second) == gap
