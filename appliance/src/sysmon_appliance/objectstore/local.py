"""Objects in a folder of this machine, for a replica that lies in one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sysmon_appliance.errors import StoreUnreachableError
from sysmon_appliance.files import make_private_folder, replace_file
from sysmon_appliance.objectstore.objects import ObjectMissingError

_PART_BYTES = 8 << 20


class LocalObjects:
    """FolderedObjects as files; what is stored is on the disk when a call returns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def url(self) -> str:
        return self._folder.as_uri()

    def put(self, name: str, file: Path) -> None:
        self._write(name, file.read_bytes())

    def create(self, name: str, content: bytes) -> bool:
        with self._explained():
            if (self._folder / name).exists():
                return False
        self._write(name, content)
        return True

    def read(self, name: str, size: int) -> Iterator[bytes]:
        with self._explained(name), (self._folder / name).open("rb") as file:
            while size > 0 and (part := file.read(min(size, _PART_BYTES))):
                size -= len(part)
                yield part

    def size(self, name: str) -> int | None:
        try:
            with self._explained(name):
                return (self._folder / name).stat().st_size
        except ObjectMissingError:
            return None

    def delete(self, name: str) -> None:
        with self._explained():
            (self._folder / name).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        yield from self.names_in("")

    def names_in(self, folder: str) -> Iterator[str]:
        with self._explained():
            for file in sorted((self._folder / folder).rglob("*")):
                if file.is_file() and not file.name.startswith("."):
                    yield str(file.relative_to(self._folder))

    def folders(self) -> Iterator[str]:
        with self._explained():
            if self._folder.is_dir():
                yield from (found.name for found in self._folder.iterdir() if any(found.rglob("*")))

    def remove_folder(self, folder: str) -> None:
        with self._explained():
            if (self._folder / folder).exists():
                shutil.rmtree(self._folder / folder)

    def _write(self, name: str, content: bytes) -> None:
        with self._explained():
            place = self._folder / name
            make_private_folder(place.parent)
            replace_file(place, content)

    @contextmanager
    def _explained(self, name: str = "") -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if name:
                raise ObjectMissingError(name) from None
            raise self._unusable(error) from error
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> StoreUnreachableError:
        return StoreUnreachableError(
            f"The folder {self._folder} cannot be used: {error.strerror or error}.", hint=f"ls -ld {self._folder}"
        )
