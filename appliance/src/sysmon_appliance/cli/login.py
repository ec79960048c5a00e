"""`sysmon login` and `sysmon logout`."""

import getpass
import os
import platform
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

import typer

from sysmon_agent.errors import ConfigError, ExitCode, SysmonError
from sysmon_appliance.cli import options
from sysmon_appliance.cli.client import Client
from sysmon_appliance.cli.confirmation import confirm
from sysmon_appliance.cli.connection import client_of
from sysmon_appliance.cli.contexts import LOCAL, Context, change_contexts, contexts_file, load_contexts
from sysmon_appliance.cli.endpoints import WebEndpoint, checked_url
from sysmon_appliance.cli.failures import UntrustedError, report
from sysmon_appliance.cli.text_files import text_of
from sysmon_appliance.cli.trust import plain, roots, unverified, verifying

TOKEN_SECONDS = 30 * 86_400
"""How long this machine stays signed in."""

_MAX_PASSWORD_BYTES = 1024


def login(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of the console, such as https://monitor:7480.")],
    *,
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Default: your account's name.")] = None,
    context: Annotated[
        str | None, typer.Option("--context", metavar="NAME", help="What to call it here; default: the host's name.")
    ] = None,
    authority: Annotated[
        Path | None, typer.Option("--authority", metavar="FILE", help="Trust what this authority (PEM) has signed.")
    ] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option("--fingerprint", metavar="SHA256", help="Trust the aggregator's own authority if it has this."),
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help="Read the password from there; - is standard input."),
    ] = None,
) -> None:
    """Sign in to an aggregator from here.

    This machine gets an API token of your role for 30 days, in a file that only you can read.
    """
    url = checked_url(url)
    trusted = _trusted(url, authority, fingerprint)
    name = user or typer.prompt("User", default=getpass.getuser(), err=True)
    password = _password(password_file)
    known = _signed_in(url, trusted, user=name, password=password, name=_context_name(url, context))
    change_contexts(contexts_file(os.environ), lambda contexts: contexts.adding(known))
    typer.echo(f"Signed in to {url} as {known.user}; the context is called {known.name}.")


def logout(*, context: options.Context = None) -> None:
    """Revoke the token of this machine, and forget the context; the current one where none is named."""
    file = contexts_file(os.environ)
    contexts = load_contexts(file)
    gone = contexts.find(context or contexts.current)
    change_contexts(file, lambda contexts: contexts.without(gone.name))
    try:
        with client_of(gone) as client:
            client.delete(f"/api/v1/api-tokens/{quote(gone.token.split('_')[1], safe='')}")
    except SysmonError as error:
        report(error)
        typer.echo(f"{gone.name} is forgotten here, and its token is good until it expires.", err=True)
        raise typer.Exit(ExitCode.PARTIAL) from error
    typer.echo(f"Signed out of {gone.url}.")


def _signed_in(url: str, authority: str, *, user: str, password: str, name: str) -> Context:
    """Sign in as a browser does, make a token, and sign out again."""
    with Client(WebEndpoint(url, verifying(authority))) as client:
        session = client.post("/api/v1/session", {"user": user, "password": password})
        wanted = {"name": f"cli on {platform.node()}"[:64], "role": session["role"], "expires_seconds": TOKEN_SECONDS}
        made = client.post("/api/v1/api-tokens", wanted)
        client.delete("/api/v1/session")
    expires_ms: int = made["api_token"]["expires"]
    return Context(name, url, made["secret"], user=session["user"], expires_ms=expires_ms, authority=authority)


def _context_name(url: str, given: str | None) -> str:
    name = given or urlsplit(url).hostname or ""
    if not name or name == LOCAL:
        raise ConfigError(f"A context cannot be called {name!r}.", hint="sysmon login URL --context NAME")
    return name


def _trusted(url: str, authority: Path | None, fingerprint: str | None) -> str:
    """Return the authority, PEM, that is trusted from now on; nothing where the system's store does.

    Raises
    ------
    UntrustedError, ConfigError, ConflictError
        It is not the one that was named, or whoever was asked does not trust it.
    """
    if authority is not None:
        return text_of(authority)
    if url.startswith("http:") or (fingerprint is None and _is_trusted(url)):
        return ""
    offered = roots(_authority(url, unverified()))
    root = _asked_about(url, offered) if fingerprint is None else _named(url, offered, plain(fingerprint))
    # Other roots, which a rotation brings, are believed when they come over a connection that this one vouches for.
    return _authority(url, verifying(root))


def _asked_about(url: str, offered: Mapping[str, str]) -> str:
    """Return the root that has signed what the URL shows, once somebody has compared its fingerprint."""
    for fingerprint, root in offered.items():
        if _is_trusted(url, root):
            confirm(_QUESTION.format(url=url, fingerprint=fingerprint), yes=False)
            return root
    raise UntrustedError(
        f"The certificate at {url} is not for that address, or of none of the authorities that are named there.",
        hint=f"sysmon login {url} --authority FILE",
    )


def _named(url: str, offered: Mapping[str, str], fingerprint: str) -> str:
    if fingerprint not in offered:
        raise UntrustedError(f"The authority of {url} has another fingerprint.", hint="sysmon pki show")
    return offered[fingerprint]


def _is_trusted(url: str, authority: str = "") -> bool:
    try:
        with Client(WebEndpoint(url, verifying(authority))) as client:
            client.text("/healthz")
    except UntrustedError:
        return False
    return True


def _authority(url: str, context: ssl.SSLContext) -> str:
    """Ask who is there for its authority. Nothing is said that would be a secret."""
    with Client(WebEndpoint(url, context)) as client:
        match client.get("/api/v1/authority"):
            case {"authority": str(authority)} if authority:
                return authority
    raise UntrustedError(f"{url} names no authority.", hint=f"sysmon login {url} --authority FILE")


def _password(file: Path | None) -> str:
    if file is None:
        return str(typer.prompt("Password", hide_input=True, err=True))
    text = sys.stdin.read(_MAX_PASSWORD_BYTES) if str(file) == "-" else text_of(file)
    return text.removesuffix("\n")


_QUESTION = """\
{url} shows a certificate of an authority that is not known here:
  SHA-256 {fingerprint}
On the aggregator `sysmon-aggregator pki show` prints the same. Trust it from now on?"""
