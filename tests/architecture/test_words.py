"""What no file of the repository says."""

import re

from tests.support.tree import files, read

# Spelled in pieces, so that this file does not contain what it forbids.
FORBIDDEN = {
    r"\bTO" r"DO\b": "unfinished work belongs in the issue tracker",
    r"\bFIX" r"ME\b": "unfinished work belongs in the issue tracker",
    r"\bX" r"XX\b": "unfinished work belongs in the issue tracker",
    r"(?<![\w.])/(home|Users|wo" r"rk)/[a-z]": "a path of one machine",
}
SPOKEN_BY_OTHERS = ("LICENSE", "requirements.lock", "package-lock.json")
RECORDED = ("tests/fixtures/",)


def texts() -> dict[str, str]:
    """Read every file that is text and ours."""
    found = {}
    for name in files():
        if name.startswith(RECORDED) or name.endswith(SPOKEN_BY_OTHERS):
            continue
        try:
            found[name] = read(name)
        except UnicodeDecodeError:
            continue
    return found


def test_no_file_says_what_belongs_elsewhere() -> None:
    """No file holds a path of somebody's machine or a note of unfinished work."""
    faults = [
        f"{name}: {match.group()} ({reason})"
        for name, text in texts().items()
        for pattern, reason in FORBIDDEN.items()
        for match in re.finditer(pattern, text)
    ]
    assert not faults


def test_text_ends_with_one_newline() -> None:
    """Every text file ends with one newline."""
    assert not [name for name, text in texts().items() if text and (not text.endswith("\n") or text.endswith("\n\n"))]
