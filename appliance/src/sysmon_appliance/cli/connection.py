"""Chooses the aggregator that a command speaks to."""

import os
from collections.abc import Mapping
from pathlib import Path

from sysmon_agent.errors import ConfigError
from sysmon_appliance.cli.client import Client, find_socket
from sysmon_appliance.cli.contexts import LOCAL, Context, contexts_file, load_contexts
from sysmon_appliance.cli.endpoints import WebEndpoint, checked_url
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
    token = _content(file).strip() if file else environ.get("SYSMON_TOKEN", "")
    authority = environ.get("SYSMON_AUTHORITY")
    return Context("environment", checked_url(environ["SYSMON_URL"]), token, authority=_content(authority))


def _content(file: str | None) -> str:
    if not file:
        return ""
    try:
        return Path(file).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.", hint=f"ls -l {file}") from error
