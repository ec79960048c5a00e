import numpy as np
import pytest

from sysmon_appliance.domain.terms import Terms, maxima, rates, ratio, sums

NAN = float("nan")


def test_groups_of_any_size_are_summed_at_once() -> None:
    """Sums are taken over groups of different sizes, for many ticks at once."""
    terms = Terms.of([[0, 2], [1]])
    values = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    assert sums(values[terms.columns], terms.starts).tolist() == [[5.0, 50.0], [2.0, 20.0]]


def test_missing_members_are_left_out() -> None:
    """A sum leaves missing values out, and is missing only when all of them are."""
    values = np.array([1.0, NAN, NAN, NAN])
    np.testing.assert_array_equal(sums(values, np.array([0, 2])), [1.0, NAN])
    np.testing.assert_array_equal(maxima(values, np.array([0, 2])), [1.0, NAN])


def test_empty_groups_are_marked() -> None:
    """A group without columns is not present, whatever stands in for it."""
    assert Terms.of([[3], [], [1]]).present.tolist() == [True, False, True]


def test_nothing_divided_by_nothing_has_no_value() -> None:
    """A share of zero or of a missing total has no value."""
    np.testing.assert_array_equal(ratio(np.array([1.0, 0.0, 1.0]), np.array([2.0, 0.0, NAN])), [0.5, NAN, NAN])


@pytest.mark.parametrize(
    ("current", "previous", "seconds", "expected"),
    [
        (30.0, 10.0, 10.0, 2.0),
        (10.0, 10.0, 10.0, 0.0),
        (5.0, 10.0, 10.0, NAN),
        (30.0, 10.0, 0.0, NAN),
        (30.0, 10.0, -5.0, NAN),
        (30.0, NAN, 10.0, NAN),
        (NAN, 10.0, 10.0, NAN),
    ],
)
def test_rates(current: float, previous: float, seconds: float, expected: float) -> None:
    """A counter becomes a rate per second, unless it was reset, is missing, or no time passed."""
    found = rates(np.array([current]), np.array([previous]), np.array([seconds]))
    np.testing.assert_array_equal(found, [expected])
