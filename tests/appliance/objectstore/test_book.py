"""The book of epochs, for the day on which nobody else remembers them."""

import json
from dataclasses import replace

import pytest

from sysmon_appliance.domain.replica import Chapter, path_of
from sysmon_appliance.errors import ConflictError, StoreUnreachableError
from sysmon_appliance.objectstore.book import ObjectBook
from sysmon_appliance.objectstore.objects import FolderedObjects
from tests.support.objects import MemoryObjects

FIRST = Chapter("cluster-a", 7, path_of(7), "node-1", 1_000)
SECOND = Chapter("cluster-a", 12, path_of(12), "node-2", 2_000, FIRST.path, 345, "failover")


def test_an_empty_book_is_nobodys(objects: FolderedObjects) -> None:
    """Where nothing was written there are no chapters and no cluster."""
    book = ObjectBook(objects)
    assert not book.chapters()
    assert not book.cluster_id()


def test_chapters_are_read_by_everybody_in_order(objects: FolderedObjects) -> None:
    """What one aggregator has written, another one reads, by epoch and word for word."""
    writer = ObjectBook(objects)
    writer.add(SECOND)
    writer.add(FIRST)
    assert ObjectBook(objects).chapters() == [FIRST, SECOND]
    assert ObjectBook(objects).cluster_id() == "cluster-a"


def test_a_chapter_can_be_added_again_and_never_changed(objects: FolderedObjects) -> None:
    """An attempt that is repeated is fine; another text under the same path is refused and changes nothing."""
    book = ObjectBook(objects)
    book.add(FIRST)
    book.add(FIRST)
    with pytest.raises(ConflictError):
        book.add(replace(FIRST, node="node-2"))
    assert ObjectBook(objects).chapters() == [FIRST]


def test_a_book_is_of_one_cluster(objects: FolderedObjects) -> None:
    """Another cluster that is pointed to the same place is refused, even when all chapters were forgotten."""
    book = ObjectBook(objects)
    book.add(FIRST)
    book.forget(FIRST.path)
    book.forget(FIRST.path)
    assert not book.chapters()
    with pytest.raises(ConflictError, match="cluster-"):
        ObjectBook(objects).add(replace(SECOND, cluster_id="cluster-b"))
    assert not book.chapters()


def test_the_cluster_is_known_by_its_chapters_too() -> None:
    """Where the object that names the cluster is gone, the chapters name it."""
    objects = MemoryObjects()
    ObjectBook(objects).add(FIRST)
    objects.delete("chapters/cluster.json")
    assert ObjectBook(objects).cluster_id() == "cluster-a"


def test_a_chapter_is_read_once() -> None:
    """A chapter never changes, so the store is asked for it once, and for the list of them each time."""
    objects = MemoryObjects()
    ObjectBook(objects).add(FIRST)
    book = ObjectBook(objects)
    book.chapters()
    objects.requests.clear()
    assert book.chapters() == [FIRST]
    assert objects.requests == ["names in chapters"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"epoch": 8}', json.dumps({"epoch": "8", "path": "epoch-8"}).encode()]
)
def test_what_is_no_chapter_is_passed_over(content: bytes) -> None:
    """An object that cannot be understood hides no other chapter."""
    objects = MemoryObjects()
    book = ObjectBook(objects)
    book.add(FIRST)
    objects.create("chapters/epoch-00000008-0000000000000000.json", content)
    assert book.chapters() == [FIRST]


def test_a_later_release_may_say_more() -> None:
    """What a chapter has besides is not taken notice of."""
    objects = MemoryObjects()
    book = ObjectBook(objects)
    book.add(FIRST)
    (name,) = (name for name in objects.stored if "epoch" in name)
    objects.stored[name] = json.dumps(json.loads(objects.stored[name]) | {"more": 1}).encode()
    assert ObjectBook(objects).chapters() == [FIRST]


def test_a_store_that_is_away_is_no_empty_book() -> None:
    """Where the store does not answer nothing is said of chapters or cluster."""
    objects = MemoryObjects()
    book = ObjectBook(objects)
    book.add(FIRST)
    objects.is_down = True
    for ask in (book.chapters, book.cluster_id, lambda: book.add(SECOND), lambda: book.forget(FIRST.path)):
        with pytest.raises(StoreUnreachableError):
            ask()
