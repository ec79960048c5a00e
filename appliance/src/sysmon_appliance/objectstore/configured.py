"""The shelf that the settings describe, and what is refused before anything is stored."""

from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from sysmon_agent.errors import ConfigError
from sysmon_appliance.config import AggregatorSettings, ObjectStoreSettings
from sysmon_appliance.objectstore.settings import ShelfSettings

_SHOW = "sysmon-aggregator config show --effective"


def shelf_settings(settings: AggregatorSettings) -> ShelfSettings:
    """Pick out of all settings what the shelf needs.

    Raises
    ------
    ConfigError
        The object store cannot be spoken to like this.
    """
    store = settings.object_store
    _check(store)
    return ShelfSettings(
        folder=settings.segments.folder or str(Path(settings.data).parent / "segments"),
        cache_bytes=settings.segments.cache_bytes,
        url=store.url,
        endpoint=store.endpoint,
        region=store.region,
        access_key_id=store.access_key_id,
        secret_access_key=store.secret_access_key,
        timeout_seconds=store.timeout_seconds,
    )


def _check(store: ObjectStoreSettings) -> None:
    if not store.url:
        return
    url = urlsplit(store.url)
    if url.scheme != "s3" or not url.hostname or url.username or url.query or url.fragment:
        raise ConfigError(f"object_store.url: {_shown(store.url)} is not of the form s3://BUCKET/PREFIX.", hint=_SHOW)
    if bool(store.access_key_id) != bool(store.secret_access_key):
        raise ConfigError(
            "object_store.access_key_id and object_store.secret_access_key must be set together.", hint=_SHOW
        )
    if store.endpoint:
        _check_endpoint(store.endpoint)


def _check_endpoint(endpoint: str) -> None:
    url = urlsplit(endpoint)
    if url.scheme not in {"http", "https"} or not url.hostname or url.username:
        raise ConfigError("object_store.endpoint: write an address such as https://s3.example.", hint=_SHOW)
    if url.scheme == "http" and not _is_loopback(url.hostname):
        raise ConfigError(
            f"object_store.endpoint: {endpoint} is beyond this machine and without TLS; write https.", hint=_SHOW
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _shown(url: str) -> str:
    """Show an address without what may be a password in it."""
    return url.rpartition("@")[2]
