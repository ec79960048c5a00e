import pytest

from sysmon_appliance.cli.quantities import bytes_text, duration_text, in_unit, number_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (200 << 20, "200 MiB"),
        (3 << 40, "3.0 TiB"),
        (1 << 62, "4096 PiB"),
    ],
)
def test_bytes_are_short(value: float, text: str) -> None:
    """Sizes are shown in powers of two with at most one decimal."""
    assert bytes_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 s"), (-5, "0 s"), (59.9, "59 s"), (3600, "1 h"), (93_784, "1 d 2 h"), (90_060, "1 d 1 h")],
)
def test_durations_have_their_two_largest_units(value: float, text: str) -> None:
    """Durations are shown in the two largest units that are not zero."""
    assert duration_text(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (1.254, "1.25"), (12.0, "12"), (1500, "1.5 k"), (2e6, "2.0 M")])
def test_numbers_are_short(value: float, text: str) -> None:
    """Plain numbers have at most two decimals."""
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.256, "1", "26%"), (2048, "By/s", "2.0 KiB/s"), (41.4, "Cel", "41 °C"), (61, "s", "1 m 1 s"), (3, "", "3")],
)
def test_units_choose_the_form(value: float, unit: str, text: str) -> None:
    """The unit of a metric decides how its values are shown."""
    assert in_unit(value, unit) == text
