"""What shelves, and the book of epochs, need of an object store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class Objects(Protocol):
    """Objects by name, in a bucket or under a prefix of one.

    Every call blocks, ends in bounded time, and raises a StoreUnreachableError where the store does not answer or
    refuses. What the store gives back is not to be trusted before it was compared.
    """

    @property
    def url(self) -> str:
        """Where they lie, for people; without a secret."""

    def put(self, name: str, file: Path) -> None:
        """Store a file's bytes under a name, in place of what may be there."""

    def read(self, name: str, size: int) -> Iterator[bytes]:
        """Yield the first `size` bytes of an object, or fewer where it has fewer, in pieces of some megabytes.

        Raises
        ------
        ObjectMissingError
            There is no such object.
        """

    def size(self, name: str) -> int | None:
        """Return how many bytes an object has; None where there is none."""

    def delete(self, name: str) -> None:
        """Delete an object; one that is gone already is fine."""

    def names(self) -> Iterator[str]:
        """Yield all names, in no order."""


class FolderedObjects(Objects, Protocol):
    """Objects some of whose names begin with a folder, such as chapters/epoch-00000007.json."""

    def create(self, name: str, content: bytes) -> bool:
        """Store bytes under a name that nothing has; return whether nothing had.

        Two that create the same at the same moment may both succeed, as not every store can tell; give each its name.
        """

    def folders(self) -> Iterator[str]:
        """Yield the folders that anything lies in, in no order."""

    def names_in(self, folder: str) -> Iterator[str]:
        """Yield the names of what lies in a folder and below it, with the folder before them."""

    def remove_folder(self, folder: str) -> None:
        """Delete all that lies in a folder; one that is gone already is fine."""


class ObjectMissingError(Exception):
    """There is no object of that name; unlike a FileNotFoundError, it is never about a file here."""
