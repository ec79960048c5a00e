"""Who may see the console: links that open it once, and the sessions they start.

Links and sessions are secrets of 256 random bits. Only their hashes are kept, so neither memory nor disk gives one
away; a secret of that size needs no slow hash, and looking its hash up in a dictionary reveals nothing about it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Grant:
    """A secret that is good until some time, on the aggregator's clock."""

    secret_hash: str
    expires_ms: int


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class SessionStore(Protocol):
    """Where sessions outlive the process; losing them only signs everybody out."""

    def load(self) -> Sequence[Grant]:
        """Read what was saved last; nothing when there is nothing usable."""

    def save(self, sessions: Sequence[Grant]) -> None:
        """Replace what is saved."""
