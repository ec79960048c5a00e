"""An S3-compatible object store, spoken to through obstore.

This module alone imports obstore, and is itself imported only where a store is configured: the library costs memory
that a single server has better use for.
"""

import contextlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import ObjectStore, S3Store

from sysmon_appliance.errors import StoreUnreachableError
from sysmon_appliance.objectstore.objects import ObjectMissingError
from sysmon_appliance.objectstore.settings import ShelfSettings

if TYPE_CHECKING:
    from obstore.store import S3Config  # a type that obstore has for checkers alone

PART_BYTES = 8 << 20
"""An object travels in requests of this size, each with its own time-out and retries."""

_AT_ONCE = 2  # parts of one object that are on their way up together
_RETRIES = 3
_LONGEST_PAUSE = timedelta(seconds=5)
_LONGEST_CONNECT_SECONDS = 10

_CODE = re.compile(r"<Code>(\w+)</Code>")  # in what S3 answers
_STATUS = re.compile(r"status(?: code)?:? (\d{3})")


class ObstoreObjects:
    """Objects over whatever obstore can speak to."""

    def __init__(self, store: ObjectStore, url: str) -> None:
        self.url = url
        self._store = store

    def put(self, name: str, file: Path) -> None:
        try:
            with file.open("rb") as content, self._explained(name):
                obstore.put(self._store, name, content, chunk_size=PART_BYTES, max_concurrency=_AT_ONCE)
        except ObjectMissingError:
            raise self._unusable("it has no such bucket") from None

    def read(self, name: str, size: int) -> Iterator[bytes]:
        found = self.size(name)
        if found is None:
            raise ObjectMissingError(name)
        end = min(size, found)  # a range beyond the end would be an error, and no shorter answer
        for start in range(0, end, PART_BYTES):
            with self._explained(name):
                part = obstore.get_range(self._store, name, start=start, end=min(start + PART_BYTES, end))
            yield bytes(part)

    def size(self, name: str) -> int | None:
        try:
            with self._explained(name):
                return obstore.head(self._store, name)["size"]
        except ObjectMissingError:
            next(iter(self.names()), None)  # fails where it is the bucket that is missing: that says nothing of objects
            return None

    def delete(self, name: str) -> None:
        with contextlib.suppress(ObjectMissingError), self._explained(name):
            obstore.delete(self._store, name)

    def names(self) -> Iterator[str]:
        with self._explained():
            for some in obstore.list(self._store):
                yield from (found["path"] for found in some)

    def create(self, name: str, content: bytes) -> bool:
        if self.size(name) is not None:  # not every store heeds the condition below
            return False
        try:
            with self._explained(name):
                obstore.put(self._store, name, content, mode="create", use_multipart=False)
        except _TakenError:
            return False
        return True

    def folders(self) -> Iterator[str]:
        with self._explained():
            yield from obstore.list_with_delimiter(self._store)["common_prefixes"]

    def names_in(self, folder: str) -> Iterator[str]:
        with self._explained():
            for some in obstore.list(self._store, folder):
                yield from (found["path"] for found in some)

    def remove_folder(self, folder: str) -> None:
        names = list(self.names_in(folder))
        with contextlib.suppress(ObjectMissingError), self._explained(folder):
            obstore.delete(self._store, names)  # many in one request, where the store can

    @contextmanager
    def _explained(self, name: str = "") -> Iterator[None]:
        """Turn what obstore says into our errors, without the original: it may quote a request, which is signed."""
        try:
            yield
        except FileNotFoundError:
            raise ObjectMissingError(name) from None
        except AlreadyExistsError:
            raise _TakenError(name) from None
        except (BaseError, OSError, ValueError) as error:
            raise self._unusable(_reason(error)) from None

    def _unusable(self, reason: str) -> StoreUnreachableError:
        return StoreUnreachableError(
            f"The object store {self.url} cannot be used: {reason}.", hint="sysmon storage status"
        )


class _TakenError(Exception):
    """There is an object of that name."""


def s3_objects(settings: ShelfSettings) -> ObstoreObjects:
    """Make a client of the bucket that the settings name; it connects when it is first used.

    Where no access key is set, obstore looks for one where AWS's own tools do.
    """
    url = urlsplit(settings.url)
    seconds = timedelta(seconds=settings.timeout_seconds)
    store = S3Store(
        url.netloc,
        prefix=url.path.strip("/") or None,
        config=_config(settings),
        client_options={
            "allow_http": settings.endpoint.startswith("http://"),
            "connect_timeout": min(seconds, timedelta(seconds=_LONGEST_CONNECT_SECONDS)),
            "timeout": seconds,
        },
        retry_config={
            "max_retries": _RETRIES,
            "retry_timeout": 2 * seconds,
            "backoff": {"max_backoff": _LONGEST_PAUSE},
        },
    )
    return ObstoreObjects(store, settings.url)


def _config(settings: ShelfSettings) -> "S3Config":
    config: S3Config = {"region": settings.region}
    if settings.endpoint:
        config["endpoint"] = settings.endpoint
    if settings.access_key_id:
        config["access_key_id"] = settings.access_key_id
        config["secret_access_key"] = settings.secret_access_key
    return config


def _reason(error: Exception) -> str:
    text = str(error)
    if code := _CODE.search(text):
        return f"it answers {code[1]}"
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return "it refuses the access key"
    if status := _STATUS.search(text):
        return f"it answers with status {status[1]}"
    if "configured region" in text:
        return "its region is another"
    return "it does not answer in time" if "TimedOut" in text else "no connection to it holds"
