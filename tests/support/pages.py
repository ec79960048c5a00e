"""Markdown pages, taken apart as far as tests of them need."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tests.support.tree import files, read

_FENCE = re.compile(r"^ *(```+)(\w*).*?\n(.*?)^ *\1 *$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!\\)!?\[[^\]]*\]\(([^)\s]+)(?: \"[^\"]*\")?\)")
_HEADING = re.compile(r"^#+ +(.+?) *#*$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """A page; `name` is its path from the root."""

    name: str
    text: str

    @cached_property
    def prose(self) -> str:
        """The page without its code blocks."""
        return _FENCE.sub("", self.text)

    @cached_property
    def links(self) -> list[str]:
        """Targets of links and pictures, as written."""
        return _LINK.findall(re.sub(r"`[^`\n]*`", "", self.prose))

    @cached_property
    def anchors(self) -> set[str]:
        """What headings are reachable by, as GitHub forms it."""
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(self.prose)}

    def code(self, language: str) -> Iterator[str]:
        """Yield the content of code blocks of a language."""
        return (body for _, kind, body in _FENCE.findall(self.text) if kind == language)


def pages() -> list[Page]:
    """Every page that a reader is meant to open."""
    names = [name for name in files() if name.endswith(".md") and name.startswith(("docs/", ".github/"))]
    return [Page(name, read(name)) for name in ("README.md", "CHANGELOG.md", *names)]
