"""Consul's HTTP API, as far as this package speaks it: bounded in time, and with the token in each request.

py-consul does the speaking. Where it cannot say what is meant, the request is built here and sent through it: its
transactions carry no token, its sessions know no service checks, and its catalogue puts the token into the address.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from consul import ACLPermissionDenied, ConsulException, NotFound
from consul.callback import CB
from consul.std import Consul

from sysmon_appliance.config import ConsulSettings
from sysmon_appliance.consul.configured import endpoint_of
from sysmon_appliance.errors import CoordinatorUnreachableError

Operation = Mapping[str, Any]
"""One operation of a transaction, as Consul's documentation has it."""

Result = Mapping[str, Any]
"""What an operation of a transaction left behind."""

_STATUS = "sysmon ha status"
_POLICY = "sysmon-aggregator consul policy"
_LONGEST_REASON = 200
_REFUSED = (409, 413)  # of a transaction: something stands against it, or it is too large


@dataclass(frozen=True, slots=True)
class Pair:
    """One key with what Consul knows of it."""

    value: bytes
    index: int  # of its newest change
    session: str  # of who holds it; empty where nobody does


@dataclass(frozen=True, slots=True)
class Folder:
    """All keys below a prefix at one moment, named without it."""

    index: int
    pairs: Mapping[str, Pair]


class ConsulClient:
    """Speaks to one Consul agent; safe in any thread.

    Parameters
    ----------
    timeout_seconds
        The time that connecting, and then an answer, may take; a blocking question has its own time besides.

    Raises
    ------
    ConfigError
        Consul cannot be spoken to like this.
    """

    def __init__(self, settings: ConsulSettings, *, timeout_seconds: float) -> None:
        endpoint = endpoint_of(settings)
        self.url = endpoint.url
        self._consul = Consul(
            endpoint.host if ":" not in endpoint.host else f"[{endpoint.host}]",
            endpoint.port,
            scheme=endpoint.scheme,
            verify=settings.authority or True,
            cert=(settings.certificate, settings.key) if settings.certificate else None,
            connections_timeout=timeout_seconds,
        )
        # Neither a token nor a proxy nor an authority comes from the environment: the settings alone say it.
        self._consul.token = settings.token or None
        self._consul.http.session.trust_env = False

    def folder(self, prefix: str, *, index: int = 0, seconds: float = 0.0) -> Folder:
        """Read all keys below a prefix: consistently, or with an index as soon as there is something newer.

        Raises
        ------
        CoordinatorUnreachableError
            Consul does not answer, or refuses.
        """
        how: dict[str, Any] = {"consistency": "consistent"}
        if index:
            how = {"index": index, "wait": f"{round(seconds * 1000)}ms"}
        with self._explained():
            newest, found = self._consul.kv.get(prefix, recurse=True, **how)
            return Folder(int(newest), {item["Key"].removeprefix(prefix): _pair(item) for item in found or ()})

    def transact(self, *operations: Operation) -> Sequence[Result] | None:
        """Do all or nothing; return the results, or None where something stands against it, or it is too much at once.

        Raises
        ------
        CoordinatorUnreachableError
            Consul does not answer, or refuses; in the first case it may have happened.
        """
        with self._explained():
            response = self._consul.http.put(
                _as_it_is, "/v1/txn", data=msgspec.json.encode(operations), headers=self._consul.prepare_headers()
            )
            if response.code not in _REFUSED:
                return list(CB.json()(response)["Results"] or ())
            if "Permission denied" in response.body:
                raise ACLPermissionDenied("its token may not do this")
        return None

    def register(self, service: Mapping[str, Any]) -> None:
        """Enter a service at the agent; checks of it that are not named any more are removed."""
        self._put("/v1/agent/service/register", service, [("replace-existing-checks", "true")])

    def deregister(self, service_id: str) -> None:
        with self._explained():
            self._consul.agent.service.deregister(service_id)

    def pass_check(self, check_id: str) -> bool:
        """Say that all is well; False where the agent does not know of the check."""
        with self._explained():
            return bool(self._consul.agent.check.ttl_pass(check_id))

    def create_session(self, session: Mapping[str, Any]) -> str:
        """Make a session; return its id."""
        return str(self._put("/v1/session/create", session)["ID"])

    def renew_session(self, session_id: str) -> bool:
        """Renew a session; False where it has ended."""
        with self._explained():
            try:
                self._consul.session.renew(session_id)
            except NotFound:
                return False
            return True

    def destroy_session(self, session_id: str) -> None:
        with self._explained():
            self._consul.session.destroy(session_id)

    def get(self, path: str, params: Mapping[str, str]) -> Any:
        """Read a document of the API; None where there is none."""
        with self._explained():
            return self._consul.http.get(CB.json(), path, list(params.items()), self._consul.prepare_headers())

    def _put(self, path: str, document: Mapping[str, Any], params: Sequence[tuple[str, str]] = ()) -> Any:
        with self._explained():
            return self._consul.http.put(
                _read, path, list(params), json.dumps(document), self._consul.prepare_headers()
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what py-consul and what is below it say into our error.

        What is below it is not repeated: it may quote a request, which carries the token.
        """
        try:
            yield
        except ACLPermissionDenied as error:
            raise self._unusable(f"refuses the token: {_shortened(error)}", _POLICY) from None
        except ConsulException as error:
            raise self._unusable(f"answers with an error: {_shortened(error)}", _STATUS) from None
        except (OSError, ValueError, TypeError, KeyError):
            raise self._unusable("does not answer as it should, or not in time", _STATUS) from None

    def _unusable(self, reason: str, hint: str) -> CoordinatorUnreachableError:
        return CoordinatorUnreachableError(f"Consul at {self.url} {reason}.", hint=hint)


def operation(verb: str, key: str, value: bytes | None = None, *, index: int = 0, session: str = "") -> Operation:
    """Return one operation on a key, for a transaction."""
    fields: dict[str, Any] = {"Verb": verb, "Key": key, "Index": index}
    if value is not None:
        fields["Value"] = b64encode(value).decode()
    if session:
        fields["Session"] = session
    return {"KV": fields}


def _pair(item: Mapping[str, Any]) -> Pair:
    return Pair(item["Value"] or b"", item["ModifyIndex"], item.get("Session", ""))


def _as_it_is(response: Any) -> Any:
    return response


def _read(response: Any) -> Any:
    """Read an answer, which where all went well may be empty."""
    return CB.json()(response) if response.body else CB.boolean()(response)


def _shortened(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST_REASON].rstrip(".")
