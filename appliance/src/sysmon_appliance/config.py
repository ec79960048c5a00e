"""The aggregator's settings, declared as the agent's are (sysmon_agent.config.values)."""

from dataclasses import dataclass

from sysmon_agent.config.values import section, setting


@dataclass(frozen=True, slots=True)
class ListenerTlsSettings:
    minimum_version: str = setting("1.3", "Oldest version of TLS that is spoken.", choices=("1.2", "1.3"))


@dataclass(frozen=True, slots=True)
class IngestSettings:
    listen: str = setting("0.0.0.0:7443", "Address that agents push to, as HOST:PORT; always TLS.", form="address")
    certificate: str = setting("/etc/sysmon/pki/aggregator.pem", "This aggregator's certificate, PEM.", form="path")
    key: str = setting(
        "/etc/sysmon/pki/aggregator-key.pem", "The private key of the certificate, PEM, mode 0600.", form="path"
    )
    authority: str = setting("/etc/sysmon/pki/ca.pem", "The authority that agents must be signed by, PEM.", form="path")
    keep_alive_seconds: int = setting(
        900, "How long a silent connection stays open; above every agent's interval.", at_least=30, at_most=86_400
    )
    commit_milliseconds: int = setting(
        150, "Batches that arrive within this time are committed together.", at_least=1, at_most=5000
    )
    max_body_bytes: int = setting(1 << 20, "Largest body that is read.", at_least=1 << 12, at_most=1 << 26)
    max_connections: int = setting(20_000, "Connections to ingest at one time.", at_least=1, at_most=1_000_000)
    tls: ListenerTlsSettings = section(ListenerTlsSettings)


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    listen: str = setting(
        "127.0.0.1:7480",
        "Address of console and API, as HOST:PORT; plain HTTP on loopback only, else TLS.",
        form="address",
    )
    certificate: str = setting(
        "",
        "Certificate for the console, PEM; empty: none on loopback, and beyond it one that the intermediate signs.",
        form="path",
    )
    key: str = setting("", "The private key of that certificate, PEM, mode 0600.", form="path")
    socket: str = setting(
        "/run/sysmon/aggregator.sock", "Unix socket for commands on this machine, mode 0600.", form="path"
    )
    url: str = setting(
        "", "Address under which people open the console, such as https://monitor.example; default: where it listens."
    )
    session_seconds: int = setting(43_200, "How long a browser stays signed in.", at_least=60, at_most=2_592_000)
    session_idle_seconds: int = setting(
        14_400, "How long a browser stays signed in that nobody uses.", at_least=60, at_most=2_592_000
    )
    tls: ListenerTlsSettings = section(ListenerTlsSettings)


@dataclass(frozen=True, slots=True)
class HeadSettings:
    max_bytes: int = setting(
        2 << 30,
        "Size of the live database at which batches are refused; it only grows while segments cannot be written.",
        at_least=1 << 24,
        at_most=1 << 40,
    )


@dataclass(frozen=True, slots=True)
class SegmentSettings:
    folder: str = setting("", "Folder of segments; empty: `segments` beside the folder of `data`.", form="path")
    seal_after_seconds: int = setting(
        3600, "Age at which batches leave the live database for a segment.", at_least=60, at_most=86_400
    )
    seal_bytes: int = setting(
        160 << 20, "Size of the head at which it is sealed early.", at_least=1 << 20, at_most=1 << 34
    )
    file_bytes: int = setting(
        256 << 20, "Largest segment that merging makes, by about one host.", at_least=1 << 20, at_most=1 << 36
    )
    cache_bytes: int = setting(
        20 << 30,
        "Room for local copies where segments lie in an object store.",
        at_least=1 << 24,
        at_most=1 << 50,
    )
    keep_dropped_seconds: int = setting(
        86_400,
        "How long a file stays after its segment was merged or expired; with a replica at least replica.keep_hours.",
        at_least=600,
        at_most=31_536_000,
    )
    check_days: int = setting(
        7,
        "Days after which all segments are read again to see whether they are whole; 0: only when asked.",
        at_least=0,
        at_most=3650,
    )


@dataclass(frozen=True, slots=True)
class ObjectStoreSettings:
    """Where segments lie beyond this machine."""

    url: str = setting("", "Object store for segments, as s3://BUCKET/PREFIX; empty: the local folder alone.")
    endpoint: str = setting("", "Address of an S3-compatible service, such as https://s3.example; empty: AWS.")
    region: str = setting("us-east-1", "Region that requests are signed for.")
    access_key_id: str = setting("", "Access key of the object store.")
    secret_access_key: str = setting("", "Secret of that access key.", secret=True)
    timeout_seconds: int = setting(60, "Time that one request may take.", at_least=1, at_most=3600)


@dataclass(frozen=True, slots=True)
class ReplicaSettings:
    """Where Litestream keeps the live database; with the keys of `object_store` where that is an object store."""

    url: str = setting(
        "",
        "Replica of the live database, as s3://BUCKET/PREFIX or file:///FOLDER; empty: none, or with Consul `live`"
        " below object_store.url.",
    )
    litestream: str = setting("litestream", "The program Litestream: a name on PATH, or a path.")
    tick_milliseconds: int = setting(
        1000, "How often what was committed is made durable.", at_least=100, at_most=60_000
    )
    timeout_seconds: int = setting(10, "Time that one upload may take.", at_least=1, at_most=600)
    keep_hours: int = setting(72, "Hours back to which the live database can be restored.", at_least=1, at_most=8760)
    drill_hours: int = setting(
        24,
        "Hours between drills, which restore the replica and look whether it is whole; 0: none.",
        at_least=0,
        at_most=8760,
    )


@dataclass(frozen=True, slots=True)
class ConsulSettings:
    """How several aggregators of a region choose the one that leads."""

    url: str = setting("", "Consul, as https://127.0.0.1:8501; empty: this is the only aggregator.")
    token: str = setting("", "Consul's ACL token for this aggregator.", secret=True)
    authority: str = setting("", "The authority that Consul's certificate is signed by, PEM.", form="path")
    certificate: str = setting("", "Client certificate for Consul, PEM.", form="path")
    key: str = setting("", "The private key of that certificate, PEM, mode 0600.", form="path")
    prefix: str = setting("sysmon", "Where in Consul's key-value store; the region's name is added.")
    node: str = setting("", "Name of this aggregator, unlike any other of the region; empty: this machine's name.")
    address: str = setting(
        "", "Where agents and other aggregators reach ingest, as HOST:PORT; empty: this machine's full name."
    )
    register: str = setting("all", "Whether enrolled hosts are entered in Consul's catalogue.", choices=("all", "none"))


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long history is kept, by what it is; the first limit that is reached counts."""

    raw_days: int = setting(30, "Days for which every tick is kept.", at_least=1, at_most=36_500)
    minute_days: int = setting(400, "Days for which rollups of a minute are kept.", at_least=1, at_most=36_500)
    hour_days: int = setting(3650, "Days for which rollups of an hour are kept.", at_least=1, at_most=36_500)
    tables_days: int = setting(14, "Days for which tables of processes are kept.", at_least=1, at_most=36_500)
    raw_bytes: int = setting(0, "Bytes of ticks at which the oldest go; 0: no limit.", at_least=0, at_most=1 << 50)
    minute_bytes: int = setting(
        0, "Bytes of rollups of a minute at which the oldest go; 0: no limit.", at_least=0, at_most=1 << 50
    )
    hour_bytes: int = setting(
        0, "Bytes of rollups of an hour at which the oldest go; 0: no limit.", at_least=0, at_most=1 << 50
    )
    tables_bytes: int = setting(0, "Bytes of tables at which the oldest go; 0: no limit.", at_least=0, at_most=1 << 50)
    rules: tuple[str, ...] = setting(
        (),
        "Other times for chosen hosts, such as 'role=db raw=90d minute=2y'; the first rule that fits a host counts.",
    )


@dataclass(frozen=True, slots=True)
class EnrolmentSettings:
    addresses: tuple[str, ...] = setting(
        (),
        "Addresses that agents are told, as HOST:PORT; empty: this machine's full name with the port of ingest, and all"
        " other aggregators of the region.",
        form="address",
    )
    certificate_seconds: int = setting(172_800, "How long an agent's certificate lasts.", at_least=60, at_most=604_800)
    renew_after_expiry_seconds: int = setting(
        2_592_000, "How long after its end a certificate can still be renewed.", at_least=0, at_most=7_776_000
    )
    max_hosts: int = setting(10_000, "Hosts that may be enrolled at one time.", at_least=1, at_most=1_000_000)


@dataclass(frozen=True, slots=True)
class PkiSettings:
    folder: str = setting(
        "", "Folder of the issuing intermediate and its key; empty: that of ingest.authority.", form="path"
    )
    names: tuple[str, ...] = setting(
        (), "Host names and addresses in this aggregator's certificates; empty: those of this machine."
    )


@dataclass(frozen=True, slots=True)
class LimitSettings:
    requests_per_minute: int = setting(
        1200, "Requests to the API of one user, API token or address.", at_least=10, at_most=1_000_000
    )
    sign_ins_per_minute: int = setting(
        60, "Attempts to sign in, or to use a link, from one address.", at_least=1, at_most=100_000
    )
    enrolments_per_minute: int = setting(
        1200, "Requests to enrol or to renew a certificate from one address or host.", at_least=1, at_most=1_000_000
    )
    pushes_per_second: int = setting(50, "Batches of one host; ten times as many at once.", at_least=1, at_most=100_000)
    hellos_per_minute: int = setting(60, "Hellos of one host.", at_least=1, at_most=100_000)
    schemas_per_hour: int = setting(
        240, "New lists of series of one host; containers that come and go make some.", at_least=1, at_most=100_000
    )
    series_per_host: int = setting(20_000, "Series in one batch of a host.", at_least=100, at_most=1_000_000)
    new_series_per_host_per_day: int = setting(
        50_000, "Series that one host may begin within a day.", at_least=100, at_most=100_000_000
    )
    connections_per_host: int = setting(
        8, "Connections with one host's certificate; the oldest makes room.", at_least=1, at_most=1000
    )
    strangers: int = setting(
        1000, "Connections to ingest without a certificate, in all.", at_least=1, at_most=1_000_000
    )
    strangers_per_address: int = setting(
        64, "Connections without a certificate from one address.", at_least=1, at_most=1_000_000
    )
    handshakes_per_second: int = setting(
        100, "TLS handshakes with addresses that have shown no certificate for a day.", at_least=1, at_most=100_000
    )


@dataclass(frozen=True, slots=True)
class AggregatorSettings:
    """The whole of aggregator.yaml."""

    region: str = setting("default", "Name of this aggregator's region, as its certificate carries it.")
    data: str = setting("/var/lib/sysmon/live", "Folder of the live database.", form="path")
    log_level: str = setting(
        "info", "Least severe messages that are logged.", choices=("debug", "info", "warning", "error")
    )
    ingest: IngestSettings = section(IngestSettings)
    console: ConsoleSettings = section(ConsoleSettings)
    head: HeadSettings = section(HeadSettings)
    segments: SegmentSettings = section(SegmentSettings)
    object_store: ObjectStoreSettings = section(ObjectStoreSettings)
    replica: ReplicaSettings = section(ReplicaSettings)
    consul: ConsulSettings = section(ConsulSettings)
    retention: RetentionSettings = section(RetentionSettings)
    pki: PkiSettings = section(PkiSettings)
    enrolment: EnrolmentSettings = section(EnrolmentSettings)
    limits: LimitSettings = section(LimitSettings)
