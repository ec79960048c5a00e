"""Settings of the object store, judged before anything is stored."""

from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_agent.errors import ConfigError
from sysmon_appliance.config import AggregatorSettings, ObjectStoreSettings, SegmentSettings
from sysmon_appliance.objectstore.cached import CachedShelf
from sysmon_appliance.objectstore.configured import shelf_settings
from sysmon_appliance.objectstore.folder import FolderShelf
from sysmon_appliance.objectstore.settings import ShelfSettings
from sysmon_appliance.objectstore.shelves import shelf_of
from tests.support.clock import ManualClock

STORE = ObjectStoreSettings(
    url="s3://bucket/region",
    endpoint="https://s3.example",
    access_key_id="key",
    secret_access_key="hush",  # noqa: S106 - it is made up
)


def settings_of(store: ObjectStoreSettings) -> ShelfSettings:
    return shelf_settings(replace(AggregatorSettings(), object_store=store))


def test_segments_lie_beside_the_live_database() -> None:
    """Where no folder is set it is beside that of the live database."""
    assert shelf_settings(AggregatorSettings()).folder == "/var/lib/sysmon/segments"
    elsewhere = AggregatorSettings(segments=SegmentSettings(folder="/data/segments"))
    assert shelf_settings(elsewhere).folder == "/data/segments"


def test_the_settings_say_which_shelf(tmp_path: Path) -> None:
    """With a URL segments are kept in the object store, else in the folder alone."""
    folder = str(tmp_path / "segments")
    assert isinstance(shelf_of(ShelfSettings(folder=folder, cache_bytes=1), ManualClock()), FolderShelf)
    stored = shelf_of(replace(settings_of(STORE), folder=folder), ManualClock())
    assert isinstance(stored, CachedShelf)
    assert stored.objects.url == "s3://bucket/region"


def test_the_secret_is_not_shown() -> None:
    """What is logged of the settings has no secret in it."""
    assert "hush" not in repr(settings_of(STORE))


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:3900", "http://localhost:3900", "http://[::1]:3900", "https://10.0.0.1", ""]
)
def test_requests_may_travel_like_this(endpoint: str) -> None:
    """TLS goes anywhere, plain HTTP stays on this machine, and no endpoint means AWS."""
    assert settings_of(replace(STORE, endpoint=endpoint)).endpoint == endpoint


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"endpoint": "http://10.0.0.1:3900"}, "without TLS"),
        ({"endpoint": "http://s3.example"}, "without TLS"),
        ({"endpoint": "http://localhost.example"}, "without TLS"),
        ({"endpoint": "s3.example"}, "https://s3.example"),
        ({"endpoint": "https://hush:hush@s3.example"}, "https://s3.example"),
        ({"url": "bucket/region"}, "s3://BUCKET/PREFIX"),
        ({"url": "https://s3.example/bucket"}, "s3://BUCKET/PREFIX"),
        ({"url": "s3://"}, "s3://BUCKET/PREFIX"),
        ({"url": "s3://hush:hush@bucket"}, "s3://BUCKET/PREFIX"),
        ({"access_key_id": ""}, "set together"),
        ({"secret_access_key": ""}, "set together"),
    ],
)
def test_what_cannot_be_or_would_show_secrets_is_refused(changes: dict[str, str], said: str) -> None:
    """A wrong address, half a key, or plain HTTP beyond this machine is a fault that shows no secret."""
    with pytest.raises(ConfigError, match=said) as raised:
        settings_of(replace(STORE, **changes))  # type: ignore[arg-type] # all of these are text
    assert "hush" not in str(raised.value)
