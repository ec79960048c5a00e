"""Where the settings put the replica, and what is refused before anything is replicated."""

from dataclasses import replace

import pytest

from sysmon_agent.errors import ConfigError
from sysmon_appliance.config import AggregatorSettings, ConsulSettings, ObjectStoreSettings, ReplicaSettings
from sysmon_appliance.litestream.configured import replica_location

ALONE = AggregatorSettings()
BUCKET = replace(ALONE, object_store=ObjectStoreSettings(url="s3://bucket/region/"))
SEVERAL = replace(BUCKET, consul=ConsulSettings(url="https://127.0.0.1:8501"))


def url_of(settings: AggregatorSettings) -> str | None:
    location = replica_location(settings)
    return location.url if location else None


def with_url(settings: AggregatorSettings, url: str) -> AggregatorSettings:
    return replace(settings, replica=ReplicaSettings(url=url))


def test_alone_there_is_a_replica_where_one_is_asked_for() -> None:
    """A single aggregator replicates nothing unless it is told where to, with an object store for segments or not."""
    assert url_of(ALONE) is None
    assert url_of(BUCKET) is None
    assert url_of(with_url(ALONE, "file:///data/replica")) == "file:///data/replica"
    assert url_of(with_url(ALONE, "s3://other/replica/")) == "s3://other/replica"


def test_several_have_it_beside_the_segments() -> None:
    """Several aggregators have their replica in the object store, unless they are told another place."""
    assert url_of(SEVERAL) == "s3://bucket/region/live"
    assert url_of(with_url(SEVERAL, "s3://other/replica")) == "s3://other/replica"


def test_several_need_an_object_store() -> None:
    """Without one, no aggregator can read what another has sealed."""
    with pytest.raises(ConfigError, match=r"object_store\.url"):
        replica_location(replace(SEVERAL, object_store=ObjectStoreSettings()))


def test_the_replica_has_the_keys_of_the_object_store() -> None:
    """Address, region, and keys are those of the object store; the time-out is its own."""
    store = ObjectStoreSettings("s3://bucket", "https://s3.example", "garage", "key", "hush")
    location = replica_location(replace(SEVERAL, object_store=store, replica=ReplicaSettings(timeout_seconds=7)))
    assert location is not None
    assert (location.endpoint, location.region) == ("https://s3.example", "garage")
    assert (location.access_key_id, location.secret_access_key) == ("key", "hush")
    assert location.timeout_seconds == 7


@pytest.mark.parametrize(
    "url",
    [
        "/data/replica",
        "replica",
        "file:///",
        "file://host/data",
        "s3://",
        "s3://hush:hush@bucket/live",
        "s3://bucket/live?endpoint=http://evil",
        "s3://bucket/li ve",
        "sftp://host/live",
        "https://bucket",
    ],
)
def test_other_places_are_refused(url: str) -> None:
    """What is neither a bucket nor a folder, or has more in it than a place, is a fault that shows no secret."""
    with pytest.raises(ConfigError, match=r"replica\.url") as raised:
        replica_location(with_url(ALONE, url))
    assert "hush" not in str(raised.value)
