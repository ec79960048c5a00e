"""How the documents are written."""

import re

from tests.support.pages import pages

_MARKER = re.compile(r"^\s*(?:[-*+]|\d+\.|#+|>)\s+")
_NEXT_SENTENCE = re.compile(r"[a-z0-9)`'\"][.?] +[A-Z`]")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs)\. ")


def prose_lines(text: str) -> list[str]:
    """Lines that hold sentences: no tables, no markers of lists, code spans emptied."""
    kept = [line for line in text.splitlines() if not line.lstrip().startswith("|")]
    return [_ABBREVIATION.sub("", re.sub(r"`[^`]*`", "`", _MARKER.sub("", line))) for line in kept]


def test_each_sentence_has_a_line_of_its_own() -> None:
    """Documents hold one sentence per line, so that changes of them show sentences."""
    crowded = [
        f"{page.name}: {line}" for page in pages() for line in prose_lines(page.prose) if _NEXT_SENTENCE.search(line)
    ]
    assert not crowded


def test_documents_do_not_shout() -> None:
    """Documents use no exclamation marks."""
    loud = [
        f"{page.name}: {line}"
        for page in pages()
        for line in prose_lines(page.prose)
        if "!" in line.replace("![", "").replace("!=", "")
    ]
    assert not loud


def test_each_page_opens_with_its_title() -> None:
    """Each page opens with one title and has no second one."""
    titles = {page.name: re.findall(r"^# .+$", page.prose, re.MULTILINE) for page in pages()}
    assert not {name: found for name, found in titles.items() if len(found) != 1}
