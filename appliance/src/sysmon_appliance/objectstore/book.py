"""The book of epochs beside the paths of the replica: a small object for each chapter, and one that names the cluster.

chapters/cluster.json
chapters/epoch-00000007-3f9c0a1b….json
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sysmon_appliance.domain.replica import Chapter
from sysmon_appliance.errors import ConflictError
from sysmon_appliance.objectstore.objects import FolderedObjects, ObjectMissingError

_log = logging.getLogger(__name__)

FOLDER = "chapters"

_CLUSTER = f"{FOLDER}/cluster.json"
_MOST_BYTES = 1 << 16
_FIELDS = {field.name: field.type for field in fields(Chapter)}


class ObjectBook:
    """The LineageBook over objects; what it has read once, it does not read again."""

    def __init__(self, objects: FolderedObjects) -> None:
        self._objects = objects
        self._known: dict[str, Chapter] = {}

    def chapters(self) -> Sequence[Chapter]:
        names = [name for name in self._objects.names_in(FOLDER) if name != _CLUSTER]
        found = [chapter for name in names if (chapter := self._chapter(name)) is not None]
        return sorted(found, key=lambda chapter: (chapter.epoch, chapter.began_ms))

    def add(self, chapter: Chapter) -> None:
        self._claim(chapter.cluster_id)
        name, content = _name(chapter.path), _encoded(asdict(chapter))
        if not self._objects.create(name, content) and self._read(name) != content:
            raise ConflictError(f"There is another chapter of path {chapter.path}.", hint="sysmon backup list")
        self._known[name] = chapter

    def cluster_id(self) -> str:
        named = _decoded(self._read(_CLUSTER)).get("cluster_id")
        if isinstance(named, str) and named:
            return named
        return next((chapter.cluster_id for chapter in self.chapters()), "")

    def forget(self, path: str) -> None:
        self._objects.delete(_name(path))
        self._known.pop(_name(path), None)

    def _claim(self, cluster_id: str) -> None:
        """Take the book for a cluster, if it is nobody's."""
        found = self.cluster_id()
        if not found and self._objects.create(_CLUSTER, _encoded({"cluster_id": cluster_id})):
            return
        found = found or self.cluster_id()
        if found != cluster_id:
            raise ConflictError(
                f"The replica at {self._objects.url} is of cluster {found[:8]}, and this is {cluster_id[:8]}.",
                hint="sysmon-aggregator config show --effective",
            )

    def _chapter(self, name: str) -> Chapter | None:
        """Read a chapter; None where it was removed meanwhile or cannot be understood."""
        if name not in self._known:
            chapter = _as_chapter(_decoded(self._read(name)))
            if chapter is None:
                _log.warning("A chapter in the book of epochs cannot be read.", extra={"object": name})
                return None
            self._known[name] = chapter
        return self._known[name]

    def _read(self, name: str) -> bytes:
        """Return an object; no bytes where there is none."""
        try:
            return b"".join(self._objects.read(name, _MOST_BYTES))
        except ObjectMissingError:
            return b""


def _name(path: str) -> str:
    return f"{FOLDER}/{path}.json"


def _encoded(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, indent=2, sort_keys=True) + "\n").encode()


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        values = json.loads(content)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _as_chapter(values: dict[str, Any]) -> Chapter | None:
    """Make a chapter of what was read, without what a later release may have added."""
    known = {name: value for name, value in values.items() if name in _FIELDS}
    if not all(isinstance(value, _FIELDS[name]) for name, value in known.items()):  # type: ignore[arg-type]
        return None
    try:
        return Chapter(**known)
    except TypeError:  # something is missing
        return None
