"""Command lines without their secrets.

Command lines carry passwords, tokens and keys, and what an agent sends is read by many. The rules here hide too much
rather than too little: they look for names that mean a secret, for options of programs that are known to take one, for
passwords inside URLs, and for words that look like keys.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

MASK = "***"
MAX_CHARACTERS = 256
"""Characters of a command line that are kept."""

_SENSITIVE = (
    r"(?:pass(?:w(?:or)?d|phrase|code)?|pwd|secret|token|credential|cookie|session|signature|bearer|auth(?!or(?!iz))"
    r"|(?:api|access|private|account|encryption|master|shared|secret)[-_.]?key)"
)
# Every name above holds one of these; looking for them first is fifty times cheaper than the expressions.
_HINTS = ("auth", "basic", "bearer", "cookie", "credential", "key", "pass", "pwd", "secret", "session", "sign", "token")
# A name and its value in one word: --token=x, PGPASSWORD=x, {"password":"x"}, https://host/?sig=1&token=x
_ASSIGNMENT = re.compile(rf"{_SENSITIVE}[\w.-]*[\"']?[=:](?=.)", re.IGNORECASE | re.DOTALL)
# A name whose value is the next word: --token x; Authorization: x; Bearer x
_OPTION = re.compile(rf"[-/]+[\w.-]*{_SENSITIVE}[\w.-]*", re.IGNORECASE)
_HEADER = re.compile(rf"{_SENSITIVE}[\w.-]*[\"']?[=:]\Z", re.IGNORECASE)
_SCHEMES = ("basic", "bearer")
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)\S*@")
_KEYS = re.compile(
    r"\b[0-9a-f]{32,}\b"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|\b(?:AKIA|ASIA|gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|sk-|hvs\.|smapi_|sysmon1\.)[\w-]{8,}"
    r"|(?<![\w+-])(?=[\w+-]*[a-z])(?=[\w+-]*[A-Z])(?=[\w+-]*\d)[\w+-]{32,}={0,2}",
    re.ASCII,
)
_MIN_KEY = 11
_WORDS = re.compile(r"(?:\"[^\"]*\"|'[^']*'|\S)+")

_SHORT_OPTIONS = {
    "7z": "-p", "curl": "-u", "docker": "-p", "ldapmodify": "-w", "ldapsearch": "-w", "mariadb": "-p",
    "mariadb-admin": "-p", "mariadb-dump": "-p", "mongo": "-p", "mongosh": "-p", "mysql": "-p", "mysqladmin": "-p",
    "mysqldump": "-p", "podman": "-p", "redis-cli": "-a", "smbclient": "-U", "sqlcmd": "-P", "sshpass": "-p",
    "unrar": "-p", "zip": "-P",
}  # fmt: skip
"""The short option by which a program takes a secret, with the value in the same word or in the next."""


def redact(argv: Sequence[str]) -> str:
    """Join a command's arguments and hide what looks like a secret; at most MAX_CHARACTERS of them."""
    return _redact(tuple(argv))


@lru_cache(maxsize=256)
def _redact(argv: tuple[str, ...]) -> str:
    return shorten(" ".join(_Redaction().arguments(argv)))


def shorten(command: str) -> str:
    """Cut a command line to MAX_CHARACTERS."""
    return command if len(command) <= MAX_CHARACTERS else command[: MAX_CHARACTERS - 1] + "…"


class _Redaction:
    """Goes through the words of one command line; what a word means depends on those before it."""

    def __init__(self) -> None:
        self._hides_next = False
        self._short_option = ""

    def arguments(self, argv: Iterable[str]) -> list[str]:
        return [self._argument(argument) for argument in argv]

    def _argument(self, argument: str) -> str:
        if self._hides_next or _assigns_at_once(argument):
            return self._word(argument)
        words = _WORDS.findall(argument)
        if len(words) > 1:  # a script for a shell, a header, or the title that a process gave itself
            return " ".join(map(self._argument, words))
        unquoted = argument.strip("\"'")
        return self._argument(unquoted) if unquoted != argument else self._word(argument)

    def _word(self, word: str) -> str:
        hidden = self._hides_next
        hinted = _may_name_a_secret(word)
        self._hides_next = word == self._short_option or (hinted and _announces_a_secret(word))
        if hidden:
            return MASK
        option = _SHORT_OPTIONS.get(word.rpartition("/")[2], "")
        if option:
            self._short_option = option
            return word
        return self._visible(word, hinted=hinted)

    def _visible(self, word: str, *, hinted: bool) -> str:
        option = self._short_option
        if option and word.startswith(option) and word != option:
            return option + MASK
        if "@" in word:
            word = _URL_PASSWORD.sub(rf"\1{MASK}@", word)
        if hinted and (assignment := _ASSIGNMENT.search(word)):
            word = word[: assignment.end()] + MASK
        return _KEYS.sub(MASK, word) if len(word) >= _MIN_KEY else word


def _assigns_at_once(argument: str) -> bool:
    """Tell `--password=two words`, which is one value, from a script that holds an assignment somewhere."""
    first = argument.partition(" ")[0]
    return _may_name_a_secret(first) and _ASSIGNMENT.search(first) is not None


def _may_name_a_secret(word: str) -> bool:
    lowered = word.lower()
    return any(hint in lowered for hint in _HINTS)


def _announces_a_secret(word: str) -> bool:
    """Tell whether the next word is a secret, by this one."""
    if word[0] in "-/":
        return _OPTION.fullmatch(word) is not None or _HEADER.search(word) is not None
    return word.lower() in _SCHEMES or _HEADER.search(word) is not None
