"""Chooses the aggregator that a command speaks to."""

import os
from collections.abc import Mapping
from pathlib import Path

from sysmon_appliance.cli.client import Client, find_socket
from sysmon_appliance.cli.contexts import LOCAL, Context, contexts_file, load_contexts
from sysmon_appliance.cli.endpoints import WebEndpoint, checked_url
from sysmon_appliance.cli.text_files import text_of
from sysmon_appliance.cli.trust import verifying


def connect(socket: Path | None, context: str | None) -> Client:
    """Return a client of the aggregator that options or environment name.

    The first of these that is given counts: --socket, --context, SYSMON_URL with SYSMON_TOKEN or SYSMON_TOKEN_FILE,
    SYSMON_CONTEXT, SYSMON_CONSOLE__SOCKET, the current context, the aggregator of this machine.

    Raises
    ------
    NotFoundError, ConfigError, PermissionDeniedError
        There is no such context, or what is stored of it cannot be used.
    """
    environ = os.environ
    if socket is not None:
        return Client(socket)
    if context is None and environ.get("SYSMON_URL"):
        return client_of(_from_environment(environ))
    name = context or environ.get("SYSMON_CONTEXT", "")
    if not name and environ.get("SYSMON_CONSOLE__SOCKET"):
        return Client(find_socket(None, environ))
    contexts = load_contexts(contexts_file(environ))
    name = name or contexts.current
    return Client(find_socket(None, environ)) if name == LOCAL else client_of(contexts.find(name))


def client_of(context: Context) -> Client:
    """Return a client of the aggregator that a context names."""
    return Client(WebEndpoint(context.url, verifying(context.authority), token=context.token))


def _from_environment(environ: Mapping[str, str]) -> Context:
    file = environ.get("SYSMON_TOKEN_FILE")
    token = text_of(Path(file)).strip() if file else environ.get("SYSMON_TOKEN", "")
    authority = environ.get("SYSMON_AUTHORITY")
    trusted = text_of(Path(authority)) if authority else ""
    return Context("environment", checked_url(environ["SYSMON_URL"]), token, authority=trusted)
