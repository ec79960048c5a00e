"""What `sysmon up` does until Ctrl-C."""

import asyncio
import os
import signal
import sys
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import typer

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import AnswerError
from sysmon_agent.wire.token import decode_token, encode_token
from sysmon_appliance.cli.client import Client
from sysmon_appliance.errors import ConflictError
from sysmon_appliance.local.folder import LocalFolder
from sysmon_appliance.local.joining import Trust
from sysmon_appliance.local.places import running_in
from sysmon_appliance.local.plan import Plan, plan, reachable
from sysmon_appliance.local.simulated import SimulatedHosts
from sysmon_appliance.local.system import LocalSystem

_TOKEN_SECONDS = 600


def run_in_foreground(root: Path, *, simulated: int, browser: bool) -> None:
    """Run local mode in a folder; where it runs already, print a link to it and return."""
    folder = LocalFolder(root)
    if not folder.acquire():
        _say_link(root)
        return
    clock = SystemClock()
    issuer = folder.prepare(clock)
    chosen = plan(folder, os.environ)
    system = LocalSystem(
        folder,
        chosen,
        os.environ,
        trust=Trust(issuer, clock, grace_seconds=chosen.grace_seconds),
        make_token=partial(_make_token, chosen),
        clock=clock,
        say=_say,
    )
    demo = SimulatedHosts(folder, chosen, os.environ, count=simulated) if simulated else None
    asyncio.run(_run(system, lambda: _welcome(folder, chosen, browser=browser), demo))


async def _run(system: LocalSystem, welcome: Callable[[], None], demo: SimulatedHosts | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await system.run(stop, welcome, demo)


def _welcome(folder: LocalFolder, chosen: Plan, *, browser: bool) -> None:
    with Client(chosen.socket) as client:
        link = client.post("/api/v1/links")["url"]
    for remark in chosen.remarks:
        typer.echo(remark)
    typer.echo(_WELCOME.format(link=link, root=folder.root, agent=folder.agent_file, aggregator=folder.aggregator_file))
    if browser and _has_display(os.environ):
        webbrowser.open(link)


def _make_token(chosen: Plan, *, uses: int = 1, replaces: str = "") -> str:
    """Make a token for hosts on this machine, which reach the aggregator on loopback; see `MakeToken`."""
    wanted = {"ttl_seconds": _TOKEN_SECONDS, "uses": uses, "replace": replaces}
    with Client(chosen.socket) as client:
        try:
            made = client.post("/api/v1/tokens", wanted)
        except AnswerError as error:
            if error.code != "not_found":
                raise
            made = client.post("/api/v1/tokens", wanted | {"replace": ""})
    return encode_token(replace(decode_token(made["secret"]), addresses=(str(reachable(chosen.ingest)),)))


def _say_link(root: Path) -> None:
    """Print a link to the local mode that runs in this folder already."""
    running = running_in(root)
    if running is None:
        raise ConflictError(f"SysMonitor is just starting or stopping in {root}.", hint="sysmon up")
    with Client(running.socket) as client:
        typer.echo(
            f"SysMonitor runs already (process {running.pid}).\n\n  console  {client.post('/api/v1/links')['url']}"
        )


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _has_display(environ: Mapping[str, str]) -> bool:
    return sys.platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


_WELCOME = """\
SysMonitor runs on this host.

  console   {link}
            The link opens once; `sysmon link` prints another.
  data      {root}
  settings  {agent}
            {aggregator}
  logs      {root}/logs

Ctrl-C stops it."""
