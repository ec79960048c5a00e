"""Gets one program, by the first way that works, and keeps it."""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.tools.programs.building import Site, build
from appliance.tools.programs.catalogue import Program
from appliance.tools.programs.failures import CannotGetError
from appliance.tools.programs.handing import offer, take
from appliance.tools.programs.places import fits, kept, present
from appliance.tools.programs.progress import Progress


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one program."""

    program: Program
    path: Path | None  # None where it cannot be had
    detail: str  # how it was had, or why it was not


def get(program: Program, cache: Path, environment: Mapping[str, str]) -> Outcome:
    """Find a program, or else take or build it; a failure is an outcome like any other."""
    try:
        if path := present(program, cache):
            return Outcome(program, path, "was there")
        with _alone(cache / f"{program.name}-{program.version}.lock"):
            return _made(program, cache, environment)
    except CannotGetError as error:
        return Outcome(program, None, str(error))
    except OSError as error:
        return Outcome(program, None, f"{cache} cannot be used: {error}")


def _made(program: Program, cache: Path, environment: Mapping[str, str]) -> Outcome:
    target = kept(program, cache)
    if fits(program, target):
        return Outcome(program, target, "was made by another process meanwhile")
    target.parent.mkdir(exist_ok=True)
    offered = offer(program, environment)
    with Progress(program.title) as progress, tempfile.TemporaryDirectory(dir=target.parent, prefix="new-") as name:
        folder, log = Path(name), target.with_name("build.log")
        made = take(program, offered, folder) if offered else build(program, Site(folder, log, progress))
        if not fits(program, made):
            raise CannotGetError(f"What was made does not run, or is not version {program.version}.")
        made.replace(target)
        return Outcome(program, target, f"{'taken' if offered else 'built'} in {progress.elapsed}")


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other process makes the same; the kernel lets go of the lock when its holder ends."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
