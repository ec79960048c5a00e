"""The routes of storage."""

from dataclasses import replace

import httpx2
import pytest

from sysmon_appliance.domain.principals import Role
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind, Level
from sysmon_appliance.domain.storekeeping import (
    Disk,
    Failure,
    HeadContents,
    JobName,
    ObjectStoreState,
    Storekeeping,
    Working,
)
from tests.support.console import Console
from tests.support.head import START_MS, host
from tests.support.storage import DAY, segment

TODAY = START_MS // DAY_MS


def console() -> Console:
    """A console over three days of two kinds."""
    made = Console(hosts=[host(1, "db-1"), host(2, "web-1")])
    made.stored.manifest.segments = [
        segment(kind, day=day, bytes=size)
        for kind, size in ((Kind.RAW, 500_000), (Kind.MINUTE, 100_000))
        for day in range(TODAY - 3, TODAY)
    ]
    return made


async def got(made: Console, path: str) -> httpx2.Response:
    async with made.operator() as client:
        return await client.get(path)


async def test_what_is_kept_is_told() -> None:
    """The state has the head, each kind with its limits, and the disk."""
    made = console()
    made.stored.head = HeadContents(7, 1000, 4096, START_MS - 5000, START_MS)
    made.stored.disk = Disk("/segments", 100, 40)
    state = (await got(made, "/api/v1/storage")).json()
    assert state["head"] == {
        "batches": 7,
        "bytes": 1000,
        "file_bytes": 4096,
        "from": START_MS - 5000,
        "to": START_MS,
    }
    assert state["disk"] == {"folder": "/segments", "total": 100, "free": 40}
    assert [kind["kind"] for kind in state["kinds"]] == ["raw", "minute", "hour", "tables"]
    assert state["kinds"][0] == {
        "kind": "raw",
        "segments": 3,
        "bytes": 1_500_000,
        "local_bytes": 1_500_000,
        "ticks": 3 * 8640,
        "samples": 3 * 864_000,
        "bytes_per_sample": pytest.approx(0.5787, rel=0.001),
        "from": (TODAY - 3) * DAY_MS,
        "to": TODAY * DAY_MS - 1,
        "days": 30,
        "max_bytes": 0,
    }
    assert state["kinds"][3]["bytes_per_sample"] is None
    assert state["kinds"][3]["from"] is None
    assert (state["last_seal"], state["last_merge"], state["failure"]) == (None, None, None)
    assert (state["object_store"], state["changed"]) == (None, None)


async def test_rules_are_told_with_the_hosts_that_they_fit() -> None:
    """Where no rules are set, one line stands for every host."""
    state = (await got(console(), "/api/v1/storage")).json()
    assert state["rules"] == [
        {"selector": "", "raw_days": 30, "minute_days": 400, "hour_days": 3650, "tables_days": 14, "hosts": 2}
    ]


async def test_what_is_wrong_is_told() -> None:
    """The state names damaged segments, why sealing fails, and an object store that does not answer."""
    made = console()
    first = made.stored.manifest.segments[0]
    made.stored.manifest.segments[0] = replace(first, damaged_ms=START_MS)
    made.stored.object_store = ObjectStoreState("s3://bucket", reachable=False)
    made.stored.elsewhere = {first.name}
    made.stored.keeper.status = Storekeeping(
        Working(JobName.MERGE, START_MS, 0.5), 5, 6, Failure(START_MS, "No room.", "df /segments"), failures=2
    )
    state = (await got(made, "/api/v1/storage")).json()
    assert state["damaged"] == [
        {
            "name": first.name,
            "kind": "raw",
            "from": first.start_ms,
            "to": first.end_ms,
            "hosts": 1,
            "found": START_MS,
        }
    ]
    assert state["working"] == {"job": "merge", "started": START_MS, "done": 0.5}
    assert state["failure"] == {"since": START_MS, "problem": "No room.", "hint": "df /segments"}
    assert state["object_store"] == {"url": "s3://bucket", "reachable": False}
    assert state["kinds"][0]["local_bytes"] == 1_000_000
    assert (state["last_seal"], state["last_merge"]) == (5, 6)


async def test_segments_are_listed_in_pages() -> None:
    """Segments come with the newest first, page by page, each once."""
    made = console()
    names: list[str] = []
    cursor = ""
    while True:
        page = (await got(made, f"/api/v1/storage/segments?limit=4{cursor}")).json()
        names += [each["name"] for each in page["segments"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(set(names)) == len(names) == 6
    assert names[0] == segment(Kind.MINUTE, day=TODAY - 1).name
    only = (await got(made, "/api/v1/storage/segments?kind=raw")).json()["segments"]
    assert {each["kind"] for each in only} == {"raw"}
    assert only[0]["local"]
    assert only[0]["damaged"] is None


async def test_a_cursor_of_a_segment_that_is_gone_is_refused() -> None:
    """When a segment was merged between two pages, the list has to be asked for anew."""
    answer = await got(console(), "/api/v1/storage/segments?cursor=gone")
    assert (answer.status_code, answer.json()["hint"]) == (400, "sysmon storage segments")


async def test_the_forecast_has_a_point_for_each_day() -> None:
    """From now to the day that was asked for, sizes are told by kind, with what a year makes of them."""
    document = (await got(console(), "/api/v1/storage/forecast?days=30")).json()
    assert len(document["points"]) == 31
    assert document["now"] == document["points"][0]["t"] == START_MS
    assert document["points"][0]["raw"] == 1_500_000
    assert document["points"][30]["minute"] > document["points"][0]["minute"]
    assert document["basis_days"] == pytest.approx(3, rel=0.01)
    assert document["samples_per_day"] == pytest.approx(864_000, rel=0.01)
    assert document["per_day"]["raw"] == pytest.approx(500_000, rel=0.01)
    assert document["in_a_year"] > document["points"][30]["total"]
    assert document["disk_full"] is None


async def test_a_long_forecast_has_no_more_points() -> None:
    """Ten years are told in steps of days, so that the answer does not grow."""
    points = (await got(console(), "/api/v1/storage/forecast?days=3650")).json()["points"]
    assert len(points) <= 367
    assert points[-1]["t"] - points[0]["t"] == 3650 * DAY_MS


async def test_the_day_is_told_on_which_the_disk_is_full() -> None:
    """Where growth reaches the end of the disk, the forecast says when."""
    made = console()
    made.stored.disk = Disk("/segments", 100 << 20, 5_000_000)
    document = (await got(made, "/api/v1/storage/forecast")).json()
    assert START_MS < document["disk_full"] < START_MS + 30 * DAY_MS


async def test_a_region_that_has_just_begun_is_answered() -> None:
    """Before anything was stored, the state is empty and the forecast says that it knows nothing."""
    made = Console()
    assert (await got(made, "/api/v1/storage")).json()["kinds"][0]["segments"] == 0
    document = (await got(made, "/api/v1/storage/forecast")).json()
    assert (document["basis_days"], document["samples_per_day"]) == (0, 0)


async def test_an_operator_has_the_head_sealed_and_it_is_on_record() -> None:
    """Asking for a seal is answered at once, passed on, and noted in the audit log."""
    made = console()
    async with made.operator() as client:
        answer = await client.post("/api/v1/storage/seal")
    assert (answer.status_code, answer.json()) == (202, {"job": "seal"})
    assert made.stored.keeper.seals == 1
    assert [entry.action for entry in made.barrier.audited] == ["storage.seal"]


async def test_a_viewer_seals_nothing() -> None:
    """Whoever only looks on is refused."""
    made = console()
    await made.add_user(role=Role.VIEWER)
    async with made.as_user() as client:
        assert (await client.get("/api/v1/storage")).status_code == 200
        assert (await client.post("/api/v1/storage/seal")).status_code == 403
    assert made.stored.keeper.seals == 0


async def test_metrics_tell_of_head_and_segments() -> None:
    """Prometheus is told how much is in the head and in segments, and what is wrong."""
    made = console()
    made.stored.head = HeadContents(7, 1000, 4096, None, None)
    sealed = segment(level=Level.SEALED, day=DAY, start_ms=0, end_ms=HOUR_MS, bytes=5, damaged_ms=1)
    made.stored.manifest.segments.append(sealed)
    made.stored.keeper.status = Storekeeping(last_seal_ms=2000, failures=3)
    lines = (await got(made, "/metrics")).text.splitlines()
    for line in (
        "sysmon_storage_head_batches 7.0",
        "sysmon_storage_head_bytes 1000.0",
        'sysmon_storage_segments{kind="raw"} 4.0',
        'sysmon_storage_segment_bytes{kind="raw"} 1.500005e+06',
        'sysmon_storage_segments{kind="tables"} 0.0',
        "sysmon_storage_damaged_segments 1.0",
        "sysmon_storage_last_seal_timestamp_seconds 2.0",
        "sysmon_storage_failures_total 3.0",
    ):
        assert line in lines
    assert not any(line.startswith("sysmon_storage_last_merge") for line in lines)


async def test_metrics_go_on_when_the_head_cannot_be_measured() -> None:
    """Where the database cannot be read, what is known in memory is still told."""
    made = console()
    made.stored.fails = True
    lines = (await got(made, "/metrics")).text.splitlines()
    assert 'sysmon_storage_segments{kind="raw"} 3.0' in lines
    assert not any(line.startswith("sysmon_storage_head") for line in lines)
