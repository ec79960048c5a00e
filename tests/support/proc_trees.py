"""Recorded machines: trees of /proc and /sys that collectors read in place of the real ones.

Each folder of tests/fixtures/proc_trees is a machine: `proc` and `sys` as they were at one moment, `later` with what
had changed ten seconds after, `statvfs.txt` with what its filesystems answer, and `tick.txt` with what was measured.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sysmon_agent.collectors import REGISTRY, CollectorSet, Sampled, assemble
from sysmon_agent.collectors.base import Collector, Context
from sysmon_agent.config.values import CollectSettings
from tests.support.clock import ManualClock

TREES = Path(__file__).parents[1] / "fixtures" / "proc_trees"


class FullSpool:
    """A spool in which seven ticks wait."""

    def used_bytes(self) -> int:
        return 4096

    def waiting_ticks(self) -> int:
        return 7


class Machine:
    """A copy of a recorded machine, which a test may change."""

    def __init__(self, name: str, folder: Path, clock: ManualClock | None = None) -> None:
        self.folder = folder / name
        self.clock = clock or ManualClock()
        self._later = TREES / name / "later"
        shutil.copytree(TREES / name, self.folder, symlinks=True, ignore=shutil.ignore_patterns("later"))

    def context(self, **settings: Any) -> Context:
        trees = CollectSettings(proc=str(self.folder / "proc"), sys=str(self.folder / "sys"))
        return Context(
            replace(trees, **settings),
            self.clock,
            user_name=lambda _uid: "someone",
            statvfs=self.statvfs,
            spool=FullSpool(),
        )

    def collectors(self, registry: tuple[type[Collector], ...] = REGISTRY, **settings: Any) -> CollectorSet:
        return assemble(self.context(**settings), registry)

    def let_time_pass(self, seconds: float = 10) -> None:
        """Become what the machine was ten seconds later. Files keep their identity, as those under /proc do."""
        for path in sorted(self._later.rglob("*")):
            if path.is_file():
                self.write(str(path.relative_to(self._later)), path.read_bytes())
        self.clock.advance(seconds)

    def write(self, path: str, data: bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def statvfs(self, path: bytes) -> os.statvfs_result:
        for line in (self.folder / "statvfs.txt").read_text().splitlines():
            mountpoint, *numbers = line.rsplit(" ", 6)
            if mountpoint.encode() == path:
                size, blocks, free, available, files, files_free = map(int, numbers)
                return os.statvfs_result((size, size, blocks, free, available, files, files_free, files_free, 0, 255))
        raise FileNotFoundError(path)


def by_name(sampled: Sampled, metric: str) -> dict[tuple[str, ...], float]:
    """The values of a metric, by the values of its attributes in the order of their names."""
    return {
        tuple(value for _, value in series.attributes): number
        for series, number in zip(sampled.schema.series, sampled.values, strict=True)
        if series.metric == metric
    }


def rows(sampled: Sampled) -> list[dict[str, object]]:
    """The rows of the first table, each by name of the column."""
    names = [column.name for column in sampled.schema.tables[0].columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*sampled.tables[0].columns, strict=True)]


def as_text(sampled: Sampled) -> str:
    """A tick for people to review: one line per series, one per row of each table."""
    return "\n".join(_lines(sampled)) + "\n"


def _lines(sampled: Sampled) -> Iterator[str]:
    for series, number in zip(sampled.schema.series, sampled.values, strict=True):
        attributes = ",".join(f"{key}={value}" for key, value in series.attributes)
        yield f"{series.metric}{{{attributes}}} {number!r}"
    for table, content in zip(sampled.schema.tables, sampled.tables, strict=True):
        yield ""
        yield " | ".join([table.name, *(column.name for column in table.columns)])
        for row in zip(*content.columns, strict=True):
            yield " | ".join(str(cell) for cell in row)


def machine_names() -> list[str]:
    return sorted(path.name for path in TREES.iterdir())
