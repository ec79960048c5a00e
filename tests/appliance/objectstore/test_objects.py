"""What every object store does, the twin in memory as the real ones."""

import hashlib
from pathlib import Path

import pytest

from sysmon_appliance.objectstore.objects import FolderedObjects, ObjectMissingError, Objects
from sysmon_appliance.objectstore.s3 import PART_BYTES

NAME = "raw-day-20241004-0000.sqlite"


def put(objects: Objects, folder: Path, content: bytes, name: str = NAME) -> None:
    file = folder / "file"
    file.write_bytes(content)
    objects.put(name, file)


@pytest.mark.parametrize("size", [1, 5000, PART_BYTES, 2 * PART_BYTES + 1])
def test_an_object_comes_back_as_it_was_put(objects: Objects, tmp_path: Path, size: int) -> None:
    """Whatever its size, an object is read back byte by byte as it was stored."""
    content = hashlib.shake_256(b"segment").digest(size)
    put(objects, tmp_path, content)
    assert b"".join(objects.read(NAME, size)) == content
    assert objects.size(NAME) == size


def test_a_part_of_an_object_can_be_read(objects: Objects, tmp_path: Path) -> None:
    """Reading stops where it is told to, and at the end of what is there."""
    put(objects, tmp_path, b"0123456789")
    assert b"".join(objects.read(NAME, 4)) == b"0123"
    assert b"".join(objects.read(NAME, 20)) == b"0123456789"


def test_putting_again_replaces(objects: Objects, tmp_path: Path) -> None:
    """An upload that is tried again leaves one object, the newer."""
    put(objects, tmp_path, b"half")
    put(objects, tmp_path, b"the whole")
    assert b"".join(objects.read(NAME, 9)) == b"the whole"
    assert list(objects.names()) == [NAME]


def test_what_is_not_there_is_said_to_be_missing(objects: Objects) -> None:
    """A missing object has no size, cannot be read, and is deleted without complaint."""
    assert objects.size(NAME) is None
    with pytest.raises(ObjectMissingError):
        list(objects.read(NAME, 10))
    objects.delete(NAME)


def test_all_names_are_listed(objects: Objects, tmp_path: Path) -> None:
    """Every object is listed by its name alone, without the prefix, until it is deleted."""
    names = {f"raw-day-20241004-{number:04}.sqlite" for number in range(30)}
    for name in names:
        put(objects, tmp_path, name.encode(), name)
    assert set(objects.names()) == names
    for name in names:
        objects.delete(name)
    assert not list(objects.names())


def test_what_is_created_is_never_replaced(objects: FolderedObjects) -> None:
    """Creating says whether there was nothing, and leaves what is there as it is."""
    assert objects.create("chapters/first", b"old")
    assert not objects.create("chapters/first", b"new")
    assert b"".join(objects.read("chapters/first", 10)) == b"old"


def test_objects_lie_in_folders(objects: FolderedObjects, tmp_path: Path) -> None:
    """Folders are told by the beginnings of names; what lies in one is listed with it, and goes with it."""
    put(objects, tmp_path, b"1")
    for name in ("epoch-1/0/a", "epoch-1/9/b", "epoch-12/0/a"):
        objects.create(name, b"1")
    assert set(objects.folders()) == {"epoch-1", "epoch-12"}
    assert set(objects.names_in("epoch-1")) == {"epoch-1/0/a", "epoch-1/9/b"}
    objects.remove_folder("epoch-1")
    objects.remove_folder("epoch-1")
    assert set(objects.folders()) == {"epoch-12"}
    assert set(objects.names()) == {NAME, "epoch-12/0/a"}
    assert not list(objects.names_in("epoch-1"))
