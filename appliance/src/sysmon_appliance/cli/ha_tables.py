"""What `sysmon ha` prints."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sysmon_appliance.cli.output import Cell, Table
from sysmon_appliance.cli.quantities import duration_text
from sysmon_appliance.cli.timing import moment_cell

_NODES = ("node", "role", "epoch", "behind", "reported", "state")
_NODES_WIDE = (*_NODES, "agents", "console", "mark")
_ROLE_STYLES = {"leader": "green", "single": "green", "waiting": "red", "taking_over": "yellow"}
_WHERE = {
    "committed": "on this disk",
    "replicated": "in the replica",
    "recorded": "in the replica, and read back by nobody",
}

_SILENT_MS = 10_000
"""A node that has not reported for so long may be gone."""

Note = tuple[Cell, Cell]


def headline(state: Any, now_ms: int) -> str:
    """Say in one line what matters: who leads, and whether what is accepted lasts."""
    leader = state["leader"]
    if state["blocked"] is not None:
        return f"{state['node']} waits for a decision. {state['blocked']['detail']}"
    if leader is None:
        return "No aggregator leads at this moment."
    if state["role"] == "single":
        return f"Single aggregator {leader['node']}, epoch {leader['epoch']}. {_durable(state, now_ms)}"
    told = _durable(state, now_ms) if leader["node"] == state["node"] else _followed(state)
    return f"Leader {leader['node']}, epoch {leader['epoch']}. {told}"


def nodes_table(state: Any, now_ms: int, *, wide: bool) -> Table:
    """Lay out the aggregators of a region, one per row."""
    names = _NODES_WIDE if wide else _NODES
    rows = [[_CELLS[name](node, now_ms) for name in names] for node in state["nodes"]]
    return Table(names, rows, frozenset({"epoch", "behind", "mark"}))


def notes_table(state: Any) -> Table:
    """Lay out what is wrong, with the command that helps, and what is under way."""
    return Table(("property", "value"), list(_notes(state)))


def checks_table(checks: Sequence[Any]) -> Table:
    rows = [(Cell(check["name"], style="bold"), _verdict(ok=check["ok"]), Cell(check["detail"])) for check in checks]
    return Table(("check", "result", "detail"), rows)


def chapters_table(chapters: Sequence[Any]) -> Table:
    """Lay out paths of the replica, the newest last."""
    rows = [
        (
            Cell(str(chapter["epoch"]), value=chapter["epoch"]),
            Cell(chapter["path"], style="bold"),
            Cell(chapter["node"]),
            moment_cell(chapter["began"]),
        )
        for chapter in chapters
    ]
    return Table(("epoch", "path", "node", "began"), rows, frozenset({"epoch"}))


def databases_table(databases: Sequence[str]) -> Table:
    return Table(("database",), [(Cell(database, style="bold"),) for database in databases])


def age_text(ms: int) -> str:
    """Show an age; what is below ten seconds keeps a tenth."""
    return f"{max(ms, 0) / 1000:.1f} s" if ms < 10_000 else duration_text(ms / 1000)


def _durable(state: Any, now_ms: int) -> str:
    durable = state["durable"]
    if durable["trouble"]:
        return f"Nothing becomes durable: {durable['trouble']}"
    if durable["at"] is None:
        return "Nothing was made durable yet."
    where = _WHERE.get(state["assurance"]) or f"read back by {_reader(state)}"
    return f"Durable {age_text(now_ms - durable['at'])} ago, {where}."


def _followed(state: Any) -> str:
    if state["age_ms"] is None:
        return f"{state['node']} is no copy of it yet."
    return f"What {state['node']} has read back is {age_text(state['age_ms'])} old."


def _reader(state: Any) -> str:
    """Name the standby that has read furthest."""
    standbys = [node for node in state["nodes"] if node["role"] == "standby" and not node["fault"]]
    furthest = max(standbys, key=lambda node: node["mark"], default=None)
    return furthest["node"] if furthest else "a standby"


def _role_cell(node: Any, _: int) -> Cell:
    role = node["role"]
    return Cell(role.replace("_", " "), value=role, style=_ROLE_STYLES.get(role, ""))


def _number_cell(number: int) -> Cell:
    """Show an epoch or a mark; of a node that this one knows nothing of, there is none."""
    return Cell(str(number), value=number) if number else Cell("-", value="")


def _age_cell(ms: int | None) -> Cell:
    return Cell("-", value="") if ms is None else Cell(age_text(ms), value=ms)


def _ago_cell(at_ms: int | None, now_ms: int) -> Cell:
    return Cell("-", value="") if at_ms is None else Cell(f"{age_text(now_ms - at_ms)} ago", value=at_ms)


def _state_cell(node: Any, now_ms: int) -> Cell:
    if node["fault"]:
        return Cell(f"found a fault: {node['fault']}", value=node["fault"], style="red")
    if node["heard"] is not None and now_ms - node["heard"] > _SILENT_MS:
        return Cell("silent", style="red")
    return Cell("ready to lead", style="green") if node["prepared"] else Cell("")


def _verdict(*, ok: bool) -> Cell:
    return Cell("ok", style="green") if ok else Cell("failed", style="red")


def _notes(state: Any) -> Iterator[Note]:
    if state["degraded"]:
        yield Cell("degraded", style="red"), Cell(state["degraded"], style="red")
    for name, what in (("consul_trouble", "consul"), ("store_trouble", "object store")):
        if state[name] and state[name] != state["degraded"]:
            yield Cell(what, style="red"), Cell(state[name], style="red")
    hint = (state["blocked"] or {}).get("hint") or state["durable"]["hint"]
    if state["degraded"] and hint and hint != "sysmon ha status":
        yield Cell(""), Cell(f"next: {hint}")
    if state["handoff"] is not None:
        yield Cell("handoff"), Cell(f"{state['handoff']['to']} prepares itself to lead.")


_CELLS: Mapping[str, Callable[[Any, int], Cell]] = {
    "node": lambda node, _: Cell(node["node"], style="bold"),
    "role": _role_cell,
    "epoch": lambda node, _: _number_cell(node["epoch"]),
    "behind": lambda node, _: _age_cell(node["lag_ms"]),
    "reported": lambda node, now_ms: _ago_cell(node["heard"], now_ms),
    "state": _state_cell,
    "agents": lambda node, _: Cell(node["ingest"]),
    "console": lambda node, _: Cell(node["console"] or "-", value=node["console"]),
    "mark": lambda node, _: _number_cell(node["mark"]),
}
