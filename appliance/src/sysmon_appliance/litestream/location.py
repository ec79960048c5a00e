"""Where the replicas of a region lie, as Litestream is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

_PASSED = ("PATH", "HOME", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "NO_PROXY")
_AWS = "AWS_"
_REFUSED = "AWS_CA_BUNDLE"
"""Litestream opens no S3 replica where this is set."""


@dataclass(frozen=True, slots=True)
class ReplicaLocation:
    """Where all paths of a region lie, and with which keys it is spoken to."""

    url: str  # s3://BUCKET/PREFIX or file:///FOLDER, without a slash at its end
    endpoint: str = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    timeout_seconds: int = 10  # for one upload

    @property
    def is_folder(self) -> bool:
        return self.url.startswith("file:")

    @property
    def folder(self) -> str:
        """The folder, where it is one."""
        return urlsplit(self.url).path

    def replica(self, path: str) -> str:
        """Name the replica of one path as Litestream takes it; there is no secret in it."""
        options = {"endpoint": self.endpoint, "region": self.region}
        query = urlencode({name: value for name, value in options.items() if value}, safe=":/")
        return f"{self.url}/{path}" + (f"?{query}" if query and not self.is_folder else "")

    def environment(self, around: Mapping[str, str]) -> dict[str, str]:
        """Return all that a program of Litestream's is to find in its environment, the keys among it.

        Without keys of its own it finds those of AWS's tools.
        """
        passed = {name: around[name] for name in _PASSED if name in around}
        if self.access_key_id:
            keys = {"ACCESS_KEY_ID": self.access_key_id, "SECRET_ACCESS_KEY": self.secret_access_key}
            return passed | {f"LITESTREAM_{name}": value for name, value in keys.items()}
        aws = {name: value for name, value in around.items() if name.startswith(_AWS) and name != _REFUSED}
        return passed | aws
