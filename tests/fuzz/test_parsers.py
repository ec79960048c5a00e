"""Whatever bytes arrive, they are read or refused in words, and cost no more than they may."""

from collections.abc import Callable

import pytest

from tests.fuzz.campaign import largest_need, resident_bytes, run
from tests.fuzz.mutation import mutations
from tests.fuzz.parsers import Parser, parsers

INPUTS = 90_000
LARGEST_NEED = 4 << 20  # of one input of at most a few kilobytes
LARGEST_GROWTH = 16 << 20

PARSERS = parsers()

# Certificates that a later release of the library will refuse by itself.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


@pytest.mark.parametrize("parser", PARSERS, ids=[parser.name for parser in PARSERS])
def test_any_bytes_are_read_or_refused(parser: Parser, record_property: Callable[[str, object], None]) -> None:
    """Tens of thousands of inputs raise errors of our family and no other, and leave no memory behind."""
    count = INPUTS * parser.share // 100
    run(parser, count // 10)  # what is loaded or cached once is no growth
    before = resident_bytes()
    outcome = run(parser, count)
    assert outcome.inputs == count
    assert outcome.refused > count // 2
    assert resident_bytes() - before < LARGEST_GROWTH
    record_property("inputs", outcome.inputs)


@pytest.mark.parametrize("parser", PARSERS, ids=[parser.name for parser in PARSERS])
def test_small_inputs_stay_small(parser: Parser) -> None:
    """No input of a few kilobytes makes a parser take megabytes."""
    assert largest_need(parser, mutations(parser.seeds, 500, seed=1)) < LARGEST_NEED


@pytest.mark.parametrize("parser", PARSERS, ids=[parser.name for parser in PARSERS])
def test_good_inputs_are_read(parser: Parser) -> None:
    """The inputs that others are made from are good ones, so that changes of them reach far into a parser."""
    for seed in parser.seeds:
        parser.parse(seed)


def test_the_shares_make_a_whole() -> None:
    """The parsers share all inputs among them."""
    assert sum(parser.share for parser in PARSERS) == 100
