"""S3 on a bad day: what is tried again, what is said, and what is never said."""

import subprocess
import sys
from pathlib import Path

import pytest

from sysmon_appliance.errors import StoreUnreachableError
from sysmon_appliance.objectstore.s3 import ObstoreObjects, s3_objects
from sysmon_appliance.objectstore.settings import ShelfSettings
from tests.support.s3_server import bad_s3, refusal

NAME = "raw-day-20241004-0000.sqlite"
KEY_ID = "GK31c2f218a2e44f485b94239e"
SECRET = "b892c0665f0ada8a4755dae98baa3b133590e11dae3bcc1f9d769d67f16c3835"


def objects_at(endpoint: str) -> ObstoreObjects:
    return s3_objects(
        ShelfSettings(
            folder="",
            cache_bytes=0,
            url="s3://bucket/region",
            endpoint=endpoint,
            region="garage",
            access_key_id=KEY_ID,
            secret_access_key=SECRET,
            timeout_seconds=1,
        )
    )


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "InvalidAccessKeyId", "it answers InvalidAccessKeyId"),
        (403, "SignatureDoesNotMatch", "it answers SignatureDoesNotMatch"),
        (500, "InternalError", "it answers InternalError"),
        (503, "SlowDown", "it answers SlowDown"),
    ],
)
def test_a_refusal_is_said_without_a_secret(tmp_path: Path, status: int, code: str, said: str) -> None:
    """The error says which store refuses and how, and neither quotes a key nor what was signed."""
    file = tmp_path / "file"
    file.write_bytes(b"content")
    with bad_s3((status, refusal(code))) as store, pytest.raises(StoreUnreachableError) as raised:
        objects_at(store.endpoint).put(NAME, file)
    assert raised.value.message == f"The object store s3://bucket/region cannot be used: {said}."
    assert raised.value.__cause__ is None


def test_a_moment_of_trouble_is_got_over(tmp_path: Path) -> None:
    """What fails once is tried again, and nobody hears of it."""
    file = tmp_path / "file"
    file.write_bytes(b"content")
    with bad_s3((503, refusal("SlowDown")), (200, b"")) as store:
        objects_at(store.endpoint).put(NAME, file)
        assert store.asked == ["PUT", "PUT"]


def test_a_store_that_hangs_is_not_waited_for_long() -> None:
    """A request ends when its time is over, and so do the attempts."""
    with bad_s3((0, b"")) as store, pytest.raises(StoreUnreachableError, match="it does not answer in time"):
        objects_at(store.endpoint).size(NAME)


def test_a_store_that_is_not_there_is_said() -> None:
    """Where nothing listens the error says that no connection holds."""
    with bad_s3((200, b"")) as store:
        endpoint = store.endpoint
    with pytest.raises(StoreUnreachableError, match="no connection to it holds"):
        objects_at(endpoint).size(NAME)


def test_a_bucket_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A bucket that does not exist, such as one with a wrong name, says nothing of the objects of another."""
    file = tmp_path / "file"
    file.write_bytes(b"content")
    with bad_s3((404, refusal("NoSuchBucket"))) as store:
        objects = objects_at(store.endpoint)
        with pytest.raises(StoreUnreachableError, match="NoSuchBucket"):
            objects.size(NAME)
        with pytest.raises(StoreUnreachableError, match="NoSuchBucket"):
            list(objects.read(NAME, 10))
        with pytest.raises(StoreUnreachableError, match="it has no such bucket"):
            objects.put(NAME, file)
        with pytest.raises(StoreUnreachableError, match="NoSuchBucket"):
            list(objects.names())


def test_a_wrong_region_is_said() -> None:
    """Where AWS sends the request elsewhere the error names the region as the reason."""
    with bad_s3((301, refusal("Moved"))) as store, pytest.raises(StoreUnreachableError, match="its region is another"):
        objects_at(store.endpoint).size(NAME)


def test_without_a_store_the_library_is_not_loaded() -> None:
    """A server that keeps its history in a folder does not pay for a client of S3."""
    program = (
        "import sys, sysmon_appliance.bootstrap, sysmon_appliance.compactor.process; print('obstore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
