"""Tables of `sysmon storage`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sysmon_appliance.cli.output import Cell, Table
from sysmon_appliance.cli.quantities import bytes_text, number_text, ratio_text
from sysmon_appliance.cli.timing import ago_cell, date_cell, moment_cell
from sysmon_appliance.domain.segments import DAY_MS, Kind

_STATUS = ("what", "from", "to", "kept_for", "samples", "size")
_STATUS_WIDE = ("what", "from", "to", "kept_for", "segments", "samples", "size", "per_sample")
_SEGMENTS = ("kind", "level", "from", "to", "hosts", "samples", "size", "created", "state")
_SIZES = ("head", *Kind, "total")
_RULES = ("rule", *(f"{kind}_days" for kind in Kind), "hosts")
_AHEAD_DAYS = (0, 30, 90, 365)

Row = Sequence[Cell]
Note = tuple[Cell, Cell]


def status_table(state: Any, *, wide: bool) -> Table:
    """Lay out the head and each kind, with their sum; what is not wide fits a terminal of 80 columns."""
    head = state["head"]
    size = head["bytes"] + sum(kind["bytes"] for kind in state["kinds"])
    rows = [
        _status_row("head", head, Cell("until sealed"), wide=wide),
        *(_status_row(kind["kind"], kind, _kept_for(kind), wide=wide) for kind in state["kinds"]),
        {"what": Cell("total", style="bold"), "size": _bytes(size)},
    ]
    names = _STATUS_WIDE if wide else _STATUS
    return Table(names, [[row.get(name, Cell("")) for name in names] for row in rows], frozenset(names[4:]))


def status_notes(state: Any, forecast: Any, now_ms: int) -> Table:
    """Lay out what else is to be known, and what is wrong with the command that helps."""
    return Table(("property", "value"), [*_wrong(state), *_ground(state, forecast), *_keeping(state, now_ms)])


def forecast_table(forecast: Any) -> Table:
    """Lay out sizes at some days ahead."""
    points = forecast["points"]
    last = round((points[-1]["t"] - forecast["now"]) / DAY_MS)
    ahead = sorted({*(days for days in _AHEAD_DAYS if days < last), last})
    rows = [_forecast_row(days, _point_at(points, forecast["now"] + days * DAY_MS)) for days in ahead]
    return Table(("when", *_SIZES), rows, frozenset(_SIZES))


def forecast_notes(forecast: Any) -> Table:
    per_day = sum(forecast["per_day"].values())
    days = forecast["basis_days"]
    basis = f"{days:g} days of history" if days >= 1 else "figures of other fleets, until there is a day of history"
    rows: list[Note] = [
        (Cell("in a day"), Cell(f"{bytes_text(per_day)} of {number_text(forecast['samples_per_day'])} samples")),
        (Cell("told from"), Cell(basis)),
        (Cell("disk"), _full(forecast["disk_full"])),
    ]
    return Table(("property", "value"), rows)


def segments_table(segments: Sequence[Any], *, wide: bool) -> Table:
    names = (*_SEGMENTS, "name") if wide else _SEGMENTS
    rows = [[_segment_cell(segment, name) for name in names] for segment in segments]
    return Table(names, rows, frozenset({"hosts", "samples", "size"}))


def rules_table(rules: Sequence[Any]) -> Table:
    """Lay out for how long whose history is kept."""
    rest = "every other host" if len(rules) > 1 else "all hosts"
    rows = [
        [
            Cell(rule["selector"] or rest),
            *(Cell(str(rule[name]), value=rule[name]) for name in _RULES[1:]),
        ]
        for rule in rules
    ]
    return Table(_RULES, rows, frozenset(_RULES[1:]))


def _status_row(name: str, found: Any, kept_for: Cell, *, wide: bool) -> Mapping[str, Cell]:
    per_sample = found.get("bytes_per_sample")
    time_cell = moment_cell if wide else date_cell
    return {
        "what": Cell(name, style="bold"),
        "from": time_cell(found["from"]),
        "to": time_cell(found["to"]),
        "kept_for": kept_for,
        "segments": _count(found.get("segments")),
        "samples": _count(found.get("samples")),
        "size": _bytes(found["bytes"]),
        "per_sample": Cell("-", value="") if per_sample is None else Cell(f"{per_sample:.2f} B", value=per_sample),
    }


def _kept_for(kind: Any) -> Cell:
    bound = f" or {bytes_text(kind['max_bytes'])}" if kind["max_bytes"] else ""
    return Cell(f"{kind['days']} d{bound}", value=kind["days"])


def _wrong(state: Any) -> Iterator[Note]:
    failure = state["failure"]
    if failure is not None:
        since = moment_cell(failure["since"]).text
        yield Cell("fails", style="red"), Cell(f"{failure['problem']} Since {since}.", style="red")
        if failure["hint"]:
            yield Cell(""), Cell(f"next: {failure['hint']}")
    for each in state["damaged"]:
        span = f"{moment_cell(each['from']).text} to {moment_cell(each['to']).text}"
        text = f"{each['kind']} of {each['hosts']} hosts from {span} cannot be read."
        yield Cell("damaged", style="red"), Cell(text, style="red")
    if state["damaged"]:
        yield Cell(""), Cell("next: sysmon storage repair")


def _ground(state: Any, forecast: Any) -> Iterator[Note]:
    disk, store = state["disk"], state["object_store"]
    yield Cell("disk"), Cell(f"{bytes_text(disk['free'])} of {bytes_text(disk['total'])} free at {disk['folder']}")
    yield Cell(""), _full(forecast["disk_full"])
    if store is not None:
        answers = {True: "it answers", False: "it does not answer", None: "it was not asked yet"}[store["reachable"]]
        style = "red" if store["reachable"] is False else ""
        yield Cell("object store"), Cell(f"{store['url']}; {answers}", style=style)
    yield Cell("in a year"), _bytes(forecast["in_a_year"])


def _keeping(state: Any, now_ms: int) -> Iterator[Note]:
    yield Cell("sealed"), ago_cell(state["last_seal"], now_ms)
    yield Cell("merged"), ago_cell(state["last_merge"], now_ms)
    working = state["working"]
    if working is not None:
        done = "" if working["done"] is None else f", {ratio_text(working['done'])}"
        yield Cell("under way"), Cell(f"{working['job']}{done}")
    if state["changed"] is not None:
        yield Cell("retention"), Cell("It was changed; for a day, what was kept before is kept as well.")


def _forecast_row(days: int, point: Any) -> Row:
    when = f"in {days} d" if days else "now"
    return [Cell(when, value=days, style="bold"), *(_bytes(point[name]) for name in _SIZES)]


def _point_at(points: Sequence[Any], t: int) -> Any:
    return min(points, key=lambda point: abs(point["t"] - t))


def _full(at_ms: int | None) -> Cell:
    if at_ms is None:
        return Cell("has room for all that is to be kept", style="green")
    return Cell(f"is full about {date_cell(at_ms).text}", value=at_ms, style="yellow")


def _segment_cell(segment: Any, name: str) -> Cell:
    match name:
        case "from" | "to" | "created":
            return moment_cell(segment[name])
        case "size":
            return _bytes(segment["bytes"])
        case "hosts" | "samples":
            return _count(segment[name])
        case "state":
            return _state_cell(segment)
    return Cell(segment[name])


def _state_cell(segment: Any) -> Cell:
    if segment["damaged"] is not None:
        return Cell("damaged", style="red")
    return Cell("here" if segment["local"] else "in the store")


def _bytes(size: int) -> Cell:
    return Cell(bytes_text(size), value=size)


def _count(number: int | None) -> Cell:
    return Cell("-", value="") if number is None else Cell(number_text(number), value=number)
