"""Time, waiting, chance, environment and output come in as arguments; the few places that own them are named here."""

import ast
from collections.abc import Iterator

from tests.support.tree import SOURCES, Module, modules

AGENT, APPLIANCE = "agent/src/sysmon_agent", "appliance/src/sysmon_appliance"

CLOCK_READS = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.clock_gettime",
    "time.clock_gettime_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.time",
    "time.time_ns",
}
CLOCK_OWNERS = {f"{AGENT}/clock.py": "the one reader of the kernel's clocks"}

WAITS = {"time.sleep"}
WAIT_OWNERS = {f"{AGENT}/cli/once.py": "rates need two ticks with a second between them, and nothing else runs"}

ENVIRONMENT = {"os.environ", "os.getenv"}
ENVIRONMENT_OWNERS = {
    f"{AGENT}/cli/": "commands",
    f"{APPLIANCE}/cli/": "commands",
    f"{APPLIANCE}/bootstrap/replicas.py": "Litestream is to find proxies, authorities and the keys of AWS's tools",
}

OUTPUT = {"print", "sys.stdout.write"}
OUTPUT_OWNERS = {f"{AGENT}/cli/": "commands", f"{APPLIANCE}/cli/": "commands"}


def dotted(node: ast.AST) -> str:
    """Spell a name such as `time.sleep` as the source does; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def imported_names(module: Module) -> dict[str, str]:
    """Map each name that `from x import y as z` brings in to where it comes from."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in module.nodes()
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def uses(module: Module, names: set[str]) -> Iterator[str]:
    """Yield where a module mentions one of these names, by whatever import."""
    imported = imported_names(module)
    for node in module.nodes():
        spelled = dotted(node)
        head, _, tail = spelled.partition(".")
        origin = imported.get(head, head) + (f".{tail}" if tail else "")
        if names & {spelled, origin, origin.removeprefix("datetime.")}:
            yield f"{module.name}:{getattr(node, 'lineno', 0)} {spelled}"


def strangers(names: set[str], owners: dict[str, str]) -> list[str]:
    """List uses of the names in files that do not own them."""
    return [
        use
        for module in modules(*SOURCES)
        if not module.name.startswith(tuple(owners) or "\0")
        for use in uses(module, names)
    ]


def test_only_the_clock_reads_the_time() -> None:
    """Everything that needs the time is handed a clock, so tests decide what time it is."""
    assert not strangers(CLOCK_READS, CLOCK_OWNERS)


def test_nothing_sleeps() -> None:
    """Nothing sleeps blindly; waiting is done on something that can end it."""
    assert not strangers(WAITS, WAIT_OWNERS)


def test_only_commands_read_the_environment() -> None:
    """The environment is read once, by the commands, and handed on as an argument."""
    assert not strangers(ENVIRONMENT, ENVIRONMENT_OWNERS)


def test_only_commands_print() -> None:
    """Only commands write to standard output; everything else logs."""
    assert not strangers(OUTPUT, OUTPUT_OWNERS)


def test_owners_exist() -> None:
    """The list of exceptions names only files that are there."""
    present = {module.name for module in modules(*SOURCES)}
    owners = {*CLOCK_OWNERS, *WAIT_OWNERS, *ENVIRONMENT_OWNERS, *OUTPUT_OWNERS}
    assert not {owner for owner in owners if not any(name.startswith(owner) for name in present)}
