"""`sysmon pki`: the operator's own root, which signs the intermediates of aggregators.

What the commands do is in `roots.py`, which each imports when it runs: cryptography takes a while to load.
"""

from pathlib import Path
from typing import Annotated

import typer

from sysmon_appliance.cli import options
from sysmon_appliance.cli.confirmation import Yes
from sysmon_appliance.cli.output import Format
from sysmon_appliance.cli.passphrases import PassphraseFile

app = typer.Typer(
    help="Make and use the root that all certificates lead to; keep its folder off the aggregators.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Folder = Annotated[Path, typer.Option("--folder", metavar="DIR", help="The root's folder.")]
Name = Annotated[str, typer.Option("--name", help="Name in the root's certificate.")]


@app.command("init")
def init(*, folder: Folder, name: Name = "root", passphrase_file: PassphraseFile = None) -> None:
    """Make a root in a folder that has none."""
    from sysmon_appliance.cli import roots  # noqa: PLC0415 - see above

    roots.make(folder, name, passphrase_file)


@app.command("sign")
def sign(
    request: Annotated[Path, typer.Argument(metavar="REQUEST", help="What `sysmon-aggregator pki request` printed.")],
    *,
    folder: Folder,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where the certificate goes; else printed.")
    ] = None,
    consul: Annotated[
        str, typer.Option("--consul", metavar="REGION", help="Sign the authority of that region's Consul instead.")
    ] = "",
    old: Annotated[bool, typer.Option("--old", help="Sign with the root that is being replaced.")] = False,
    passphrase_file: PassphraseFile = None,
    yes: Yes = False,
) -> None:
    """Sign the intermediate that an aggregator asks for, after showing whose it is."""
    from sysmon_appliance.cli import roots  # noqa: PLC0415 - see above

    wanted = roots.consul_wanted(request, consul) if consul else roots.issuer_wanted(request)
    roots.sign(folder, wanted, output, old=old, passphrase_file=passphrase_file, yes=yes)


@app.command("show")
def show(*, folder: Folder, output: options.Output = Format.TABLE) -> None:
    """Show the trusted roots, the newest first."""
    from sysmon_appliance.cli import roots  # noqa: PLC0415 - see above

    roots.show(folder, output)


@app.command("rotate")
def rotate(*, folder: Folder, name: Name = "root", passphrase_file: PassphraseFile = None, yes: Yes = False) -> None:
    """Make a new root beside the old one; both are trusted, and the new one signs."""
    from sysmon_appliance.cli import roots  # noqa: PLC0415 - see above

    roots.rotate(folder, name, passphrase_file=passphrase_file, yes=yes)


@app.command("retire")
def retire(*, folder: Folder, passphrase_file: PassphraseFile = None, yes: Yes = False) -> None:
    """Trust the newest root alone, and destroy the key of the one before."""
    from sysmon_appliance.cli import roots  # noqa: PLC0415 - see above

    roots.retire(folder, passphrase_file=passphrase_file, yes=yes)
