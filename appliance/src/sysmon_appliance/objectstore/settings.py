"""What it takes to make a shelf."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ShelfSettings:
    """All that it takes to make a shelf, in plain values that travel as JSON to the compacting process."""

    folder: str
    cache_bytes: int
    url: str = ""  # empty: the folder is all there is
    endpoint: str = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    timeout_seconds: int = 60
