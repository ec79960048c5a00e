"""Every page can be found, and every link leads somewhere."""

import posixpath

from tests.support.pages import Page, pages
from tests.support.tree import ROOT

INDEX = "docs/README.md"
KINDS = ("tutorial", "how-to", "reference", "explanation", "decisions")


def target(page: Page, link: str) -> tuple[str, str]:
    """Resolve a link to (path from the root, anchor)."""
    path, _, anchor = link.partition("#")
    return posixpath.normpath(posixpath.join(posixpath.dirname(page.name), path)) if path else page.name, anchor


def inner_links(page: Page) -> list[str]:
    return [link for link in page.links if "://" not in link and not link.startswith("mailto:")]


def test_links_lead_to_files_that_exist() -> None:
    """Every link within the documents leads to a file of the repository."""
    broken = [
        f"{page.name}: {link}"
        for page in pages()
        for link in inner_links(page)
        if not (ROOT / target(page, link)[0]).exists()
    ]
    assert not broken


def test_anchors_lead_to_headings_that_exist() -> None:
    """Every link to a part of a page leads to a heading of that page."""
    known = {page.name: page.anchors for page in pages()}
    broken = [
        f"{page.name}: {link}"
        for page in pages()
        for link in inner_links(page)
        for path, anchor in [target(page, link)]
        if anchor and path in known and anchor not in known[path]
    ]
    assert not broken


def test_index_lists_every_page() -> None:
    """The index of the documents links every page of them."""
    index = next(page for page in pages() if page.name == INDEX)
    listed = {target(index, link)[0] for link in inner_links(index)}
    assert {page.name for page in pages() if page.name.startswith("docs/")} - {INDEX} <= listed


def test_pages_are_of_a_known_kind() -> None:
    """Each page is a tutorial, a how-to, a reference, an explanation or a decision."""
    kinds = tuple(f"docs/{kind}/" for kind in KINDS)
    strays = [page.name for page in pages() if page.name.startswith("docs/") and not page.name.startswith(kinds)]
    assert strays == [INDEX]


def test_decisions_are_numbered_once() -> None:
    """Each decision has a number of its own and says context, decision and consequences."""
    decisions = [page for page in pages() if page.name.startswith("docs/decisions/")]
    numbers = [page.name.removeprefix("docs/decisions/")[:4] for page in decisions]
    assert len(set(numbers)) == len(numbers)
    wanted = {"context", "decision", "consequences"}
    assert not {page.name: sorted(wanted - page.anchors) for page in decisions if wanted - page.anchors}
