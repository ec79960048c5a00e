"""The replica that the settings ask for, and what is refused before anything is replicated."""

import re
from urllib.parse import urlsplit

from sysmon_agent.errors import ConfigError
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.litestream.location import ReplicaLocation

_HINT = "sysmon-aggregator config show --effective"

_PREFIX = re.compile(r"/[^\s?#]*")


def replica_location(settings: AggregatorSettings) -> ReplicaLocation | None:
    """Say where the live database is replicated to; None where nowhere.

    Several aggregators need an object store, and have their replica there where nothing else is said.

    Raises
    ------
    ConfigError
        It cannot be done like this.
    """
    store = settings.object_store
    if settings.consul.url and not store.url:
        raise ConfigError(
            "object_store.url: several aggregators, which consul.url is for, need an object store.", hint=_HINT
        )
    url = settings.replica.url or (f"{store.url.rstrip('/')}/live" if settings.consul.url else "")
    if not url:
        return None
    _check(url)
    return ReplicaLocation(
        url=url.rstrip("/"),
        endpoint=store.endpoint,
        region=store.region,
        access_key_id=store.access_key_id,
        secret_access_key=store.secret_access_key,
        timeout_seconds=settings.replica.timeout_seconds,
    )


def _check(text: str) -> None:
    url = urlsplit(text)
    is_bucket = url.scheme == "s3" and url.hostname and not url.username
    is_folder = url.scheme == "file" and not url.netloc and url.path.strip("/")
    if not (is_bucket or is_folder) or url.query or url.fragment or (url.path and not _PREFIX.fullmatch(url.path)):
        shown = text.rpartition("@")[2]  # what stands before it may be a password
        raise ConfigError(f"replica.url: {shown} is neither s3://BUCKET/PREFIX nor file:///FOLDER.", hint=_HINT)
