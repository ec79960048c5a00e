"""What Litestream is told of the place, and what it never sees."""

import pytest

from sysmon_appliance.litestream.location import ReplicaLocation

BUCKET = ReplicaLocation(
    "s3://bucket/region/live",
    endpoint="http://127.0.0.1:3900",
    region="garage",
    access_key_id="key",
    secret_access_key="hush",  # noqa: S106 - it is made up
)


def test_a_path_lies_below_the_place() -> None:
    """A replica is named by place and path; what an object store needs besides follows as a query."""
    assert ReplicaLocation("file:///data/replica").replica("epoch-1") == "file:///data/replica/epoch-1"
    expected = "s3://bucket/region/live/epoch-1?endpoint=http://127.0.0.1:3900&region=garage"
    assert BUCKET.replica("epoch-1") == expected
    assert ReplicaLocation("s3://bucket").replica("epoch-1") == "s3://bucket/epoch-1"


def test_the_secret_travels_in_the_environment_alone() -> None:
    """Keys are in the environment of the program, and neither in what is logged nor in its arguments."""
    assert BUCKET.environment({})["LITESTREAM_SECRET_ACCESS_KEY"] == "hush"
    assert BUCKET.environment({})["LITESTREAM_ACCESS_KEY_ID"] == "key"
    assert "hush" not in BUCKET.replica("epoch-1") + repr(BUCKET)


@pytest.mark.parametrize("location", [BUCKET, ReplicaLocation("s3://bucket")])
def test_only_what_is_known_is_passed_on(location: ReplicaLocation) -> None:
    """A setting of the surroundings that keeps Litestream from its store is not passed on, nor are our own."""
    around = {"PATH": "/bin", "AWS_CA_BUNDLE": "/ca.pem", "SYSMON_CONSUL__TOKEN": "hush", "LITESTREAM_CONFIG": "/x"}
    passed = location.environment(around)
    assert passed["PATH"] == "/bin"
    assert not passed.keys() & {"AWS_CA_BUNDLE", "SYSMON_CONSUL__TOKEN", "LITESTREAM_CONFIG"}


def test_without_keys_those_of_the_machine_count() -> None:
    """Where the settings have no keys, the program looks for them where AWS's tools do; with keys it does not."""
    around = {"AWS_PROFILE": "monitoring"}
    assert ReplicaLocation("s3://bucket").environment(around) == around
    assert "AWS_PROFILE" not in BUCKET.environment(around)
