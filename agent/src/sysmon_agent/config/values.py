"""The agent's settings, each with its default, bounds and meaning.

The reader checks what `setting` declares here; the reference page is written from the same declarations.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Form = Literal["text", "path", "address"]


def setting(
    default: Any,
    help: str,  # noqa: A002 - the word that every command line uses for it
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    choices: tuple[str, ...] = (),
    form: Form = "text",
    secret: bool = False,
) -> Any:
    """Declare a field of a settings class.

    `at_least` and `at_most` are inclusive. A path is relative to the folder of the file that names it; an address is
    HOST:PORT. A secret may also come from a file named by SYSMON_…_FILE and is never shown.
    """
    rules = {
        "help": help,
        "at_least": at_least,
        "at_most": at_most,
        "choices": choices,
        "form": form,
        "secret": secret,
    }
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=rules)
    return field(default=default, metadata=rules)


def section(kind: type) -> Any:
    """Declare a nested group of settings."""
    return field(default_factory=kind)


@dataclass(frozen=True, slots=True)
class TlsSettings:
    certificate: str = setting("/etc/sysmon/pki/agent.pem", "This host's certificate, PEM.", form="path")
    key: str = setting(
        "/etc/sysmon/pki/agent-key.pem", "The private key of the certificate, PEM, mode 0600.", form="path"
    )
    key_passphrase_file: str = setting(
        "",
        "File with the passphrase of an encrypted key, mode 0600; empty: the seal key, if there is one.",
        form="path",
    )
    authority: str = setting(
        "/etc/sysmon/pki/ca.pem", "The authority that aggregators must be signed by, PEM.", form="path"
    )


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    directory: str = setting("/var/lib/sysmon/spool", "Folder that holds ticks until they are durable.", form="path")
    max_bytes: int = setting(
        256 << 20, "Bytes that the spool may use before its policy drops ticks.", at_least=1 << 20, at_most=1 << 40
    )
    min_free_bytes: int = setting(
        64 << 20, "Bytes that the spool leaves free on its filesystem.", at_least=0, at_most=1 << 40
    )
    keep_seconds: int = setting(
        900, "How long delivered ticks are kept, while there is room.", at_least=0, at_most=86_400
    )
    when_full: str = setting(
        "drop_oldest", "Which ticks go when the spool is full.", choices=("drop_oldest", "drop_newest")
    )


@dataclass(frozen=True, slots=True)
class CollectSettings:
    disable: tuple[str, ...] = setting((), "Collectors that do not run, by name; `sysmon-agent once` lists them.")
    ignore_filesystems: tuple[str, ...] = setting(
        ("autofs", "overlay", "proc", "squashfs", "sysfs", "tmpfs"), "Filesystem types that are not measured."
    )
    ignore_interfaces: tuple[str, ...] = setting(
        ("lo", "veth*"), "Network interfaces that are not measured; * stands for anything."
    )
    top_processes: int = setting(
        20, "Processes kept at each tick, per ranking: CPU, memory, I/O.", at_least=0, at_most=200
    )
    command_lines: str = setting(
        "redacted", "How command lines of processes are sent.", choices=("none", "redacted", "full")
    )
    proc: str = setting("/proc", "Where the proc filesystem is mounted.", form="path")
    sys: str = setting("/sys", "Where the sys filesystem is mounted.", form="path")


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    timeout_seconds: float = setting(8.0, "How long an answer may take.", at_least=1, at_most=300)
    batch_samples: int = setting(10_000, "Samples sent in one batch while catching up.", at_least=100, at_most=500_000)
    stall_seconds: float = setting(
        30.0, "How long nothing may become durable before other aggregators are tried.", at_least=5, at_most=3600
    )
    backoff_seconds: float = setting(
        30.0, "The longest pause between attempts; pauses grow and are drawn at random.", at_least=1, at_most=3600
    )


@dataclass(frozen=True, slots=True)
class ConsulSettings:
    """A Consul agent on this host, where there is one."""

    url: str = setting(
        "", "Consul's agent on this host, which is asked for aggregators, as http://127.0.0.1:8500; empty: none."
    )
    token: str = setting("", "Consul's ACL token for this agent.", secret=True)
    authority: str = setting("", "The authority that Consul's certificate is signed by, PEM.", form="path")
    certificate: str = setting("", "Client certificate for Consul, PEM.", form="path")
    key: str = setting("", "The private key of that certificate, PEM, mode 0600.", form="path")
    register: str = setting(
        "no", "Whether this host registers itself there as the service sysmon-agent.", choices=("no", "yes")
    )


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The whole of agent.yaml."""

    name: str = setting("", "Name shown for this host; empty means its host name.")
    interval_seconds: float = setting(10.0, "Seconds between ticks.", at_least=1, at_most=3600)
    aggregators: tuple[str, ...] = setting(
        ("localhost:7443",), "Aggregators as HOST:PORT, in order of preference.", form="address"
    )
    labels: dict[str, str] = setting({}, "Labels of this host, such as role: db.")
    tags: tuple[str, ...] = setting((), "Tags of this host.")
    metadata: dict[str, str] = setting({}, "Facts that only people know, such as owner or rack.")
    log_level: str = setting(
        "info", "Least severe messages that are logged.", choices=("debug", "info", "warning", "error")
    )
    tls: TlsSettings = section(TlsSettings)
    spool: SpoolSettings = section(SpoolSettings)
    collect: CollectSettings = section(CollectSettings)
    uplink: UplinkSettings = section(UplinkSettings)
    consul: ConsulSettings = section(ConsulSettings)
