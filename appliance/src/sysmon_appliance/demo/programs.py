"""The process tables of simulated hosts: the programs that such a host would run."""

from dataclasses import dataclass

from sysmon_agent.names import PROCESS_COLUMNS, PROCESS_TABLE
from sysmon_agent.wire.messages import TableRows, TableSchema
from sysmon_appliance.demo.fleet import Role

TABLE = TableSchema.of(PROCESS_TABLE, PROCESS_COLUMNS)


@dataclass(frozen=True, slots=True)
class Program:
    """Shares are of what its host has in use."""

    name: str
    user: str
    command: str
    cpu: float
    memory: float
    disk: float = 0.0
    threads: int = 1


_EVERYWHERE = (
    Program("systemd", "root", "/sbin/init", 0.002, 0.002),
    Program("systemd-journal", "root", "/lib/systemd/systemd-journald", 0.006, 0.004, 0.05),
    Program("sshd", "root", "sshd: /usr/sbin/sshd -D [listener]", 0.001, 0.001),
    Program("chronyd", "_chrony", "/usr/sbin/chronyd -F 1", 0.001, 0.001),
    Program("sysmon-agent", "sysmon", "python3 -m sysmon_agent run", 0.004, 0.003, 0.01, 2),
)
_BY_ROLE = {
    "db": (
        Program("postgres", "postgres", "postgres: shop checkout [local] SELECT", 0.34, 0.31, 0.35),
        Program("postgres", "postgres", "postgres: shop catalogue [local] UPDATE", 0.26, 0.28, 0.30),
        Program("postgres", "postgres", "postgres: checkpointer", 0.05, 0.20, 0.20),
        Program("postgres", "postgres", "postgres: walwriter", 0.04, 0.05, 0.15),
        Program("postgres", "postgres", "postgres: autovacuum worker shop", 0.12, 0.06, 0.10),
    ),
    "web": (
        Program("gunicorn", "www-data", "gunicorn: worker [shop.wsgi]", 0.31, 0.24, 0.02, 4),
        Program("gunicorn", "www-data", "gunicorn: worker [shop.wsgi]", 0.29, 0.24, 0.02, 4),
        Program("gunicorn", "www-data", "gunicorn: worker [shop.wsgi]", 0.22, 0.23, 0.02, 4),
        Program("nginx", "www-data", "nginx: worker process", 0.11, 0.03, 0.30),
    ),
    "cache": (Program("redis-server", "redis", "/usr/bin/redis-server 0.0.0.0:6379", 0.83, 0.93, 0.60, 5),),
    "queue": (
        Program("beam.smp", "rabbitmq", "/usr/lib/erlang/bin/beam.smp -W w -MBas ageffcbf", 0.88, 0.81, 0.90, 38),
        Program("epmd", "epmd", "/usr/bin/epmd -systemd", 0.002, 0.001),
    ),
    "worker": (
        Program("python3", "worker", "celery worker: ForkPoolWorker-1", 0.26, 0.21, 0.20),
        Program("python3", "worker", "celery worker: ForkPoolWorker-2", 0.24, 0.20, 0.20),
        Program("python3", "worker", "celery worker: ForkPoolWorker-3", 0.22, 0.19, 0.20),
        Program("ffmpeg", "worker", "ffmpeg -i upload.mov -c:v libx264 out.mp4", 0.21, 0.12, 0.35, 16),
    ),
    "proxy": (
        Program("haproxy", "haproxy", "/usr/sbin/haproxy -Ws -f /etc/haproxy/haproxy.cfg", 0.86, 0.52, 0.05, 2),
        Program("keepalived", "root", "/usr/sbin/keepalived --dont-fork", 0.01, 0.01),
    ),
    "ci": (
        Program("rustc", "builder", "rustc --crate-name parser --edition=2021", 0.42, 0.34, 0.25, 9),
        Program("cc1plus", "builder", "cc1plus -quiet -O2 main.cpp", 0.24, 0.18, 0.20),
        Program("node", "builder", "node ./node_modules/.bin/vite build", 0.17, 0.16, 0.20, 11),
        Program("dockerd", "root", "/usr/bin/dockerd -H fd://", 0.05, 0.09, 0.25, 24),
    ),
}


def process_rows(role: Role, *, busy: float, booted_seconds: float, tick: int) -> TableRows:
    """Return one tick's table.

    `busy` is the ratio of all cores, `booted_seconds` the time of boot since the epoch; `tick` makes the rows move.
    """
    programs = (*_BY_ROLE[role.name], *_EVERYWHERE)
    rows = [
        (
            float(1 if program.name == "systemd" else 700 + 61 * position),
            program.name,
            program.user,
            "running" if program.cpu > 0.2 and (tick + position) % 3 else "sleeping",
            round(program.cpu * busy * role.cores * (0.85 + 0.3 * ((tick * 7 + position * 3) % 10) / 10), 4),
            float(int(program.memory * role.memory_used * role.memory)),
            program.disk * role.read,
            program.disk * role.write,
            float(program.threads),
            booted_seconds,
            program.command,
        )
        for position, program in enumerate(programs)
    ]
    return TableRows((len(rows),), tuple(zip(*rows, strict=True)))
