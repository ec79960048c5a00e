import pytest

from sysmon_appliance.domain.passwords import MAX_CHARACTERS, MIN_CHARACTERS, weakness


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "x7#kQ!pv2$Lm", "über den Wolken", "wir fahren nach Lodz", "密码很长而且没有人会想到它"],
)
def test_good_passwords(password: str) -> None:
    """Length is enough, whatever the characters."""
    assert not weakness(password, "alice")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "x7#kQ!pv2$L",
        "x" * (MAX_CHARACTERS + 1),
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "hello1hello1hello1",
        "abcdefghijklmnop",
        "ponmlkjihgfedcba",
        "12345678901234",
        "qwertyuiopasdf",
        "password123456",
        "P a s s w o r d 123",
        "sysmonitor2026",
        "SysMonitor!!!!!!",
        "administrator1",
        "alice1234567890",
        "alice.alice.2026",
        "correct horse battery staple",
    ],
)
def test_weak_passwords(password: str) -> None:
    """What is short, repeats itself, counts, or is guessed first is refused with the reason."""
    assert weakness(password, "alice").endswith(".")


def test_the_bounds() -> None:
    """The shortest and the longest password that are allowed are allowed."""
    letters = "x7#kQ!pv2$Lmö4" * 20
    assert not weakness("x7#kQ!pv2$Lm"[:MIN_CHARACTERS], "alice")
    assert not weakness(letters[: MAX_CHARACTERS - 1] + "-", "alice")
