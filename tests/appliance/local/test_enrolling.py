"""How local mode runs the command that enrols this host."""

import os
from collections.abc import Sequence
from pathlib import Path

from sysmon_appliance.errors import StorageError
from sysmon_appliance.local.children import Program
from sysmon_appliance.local.enrolling import Enrolling

READS = "import sys, pathlib; pathlib.Path({place!r}).write_text(sys.stdin.read())"


def enrolling(folder: Path, code: str, said: list[str], tokens: list[str]) -> Enrolling:
    """Enrol by running `code`; when the tokens are at an end, the aggregator does not answer."""

    def make_token() -> str:
        if not tokens:
            tokens.append("late")
            raise StorageError("The aggregator does not answer.")
        return tokens.pop(0)

    program = Program("agent", ["-c", code], folder / "agent.log", dict(os.environ))
    return Enrolling(program, make_token, say=said.append)


async def test_the_token_comes_over_standard_input(tmp_path: Path) -> None:
    """The command gets the token where no other user sees it, and nothing is said when all is well."""
    said: list[str] = []
    one = enrolling(tmp_path, READS.format(place=str(tmp_path / "read")), said, ["sysmon1.x"])
    await one.begin()
    one.go_ahead()
    await one.finish()
    assert (tmp_path / "read").read_text() == "sysmon1.x"
    assert not said


async def test_a_failed_attempt_is_told_and_repeated(tmp_path: Path) -> None:
    """A command that fails is run again with another token, and its last words are told."""
    said: list[str] = []
    code = "import sys; sys.exit(0 if sys.stdin.read() == 'good' else 'error[token]: It is no good.')"
    one = enrolling(tmp_path, code, said, ["bad", "good"])
    await one.begin()
    await one.finish()
    (sentence,) = said
    assert sentence.startswith(
        "This host is not enrolled; it is tried again in 1 s. The command ended with exit code 1."
    )
    assert sentence.endswith(f"Its last words: error[token]: It is no good. ({tmp_path / 'agent.log'})")


async def test_an_aggregator_that_makes_no_token_is_asked_again(tmp_path: Path) -> None:
    """Where no token is to be had it is asked for again, and the command that waits is used then."""
    said: list[str] = []
    one = enrolling(tmp_path, READS.format(place=str(tmp_path / "read")), said, [])
    await one.begin()
    await one.finish()
    assert said == ["This host is not enrolled; it is tried again in 1 s. The aggregator does not answer."]
    assert (tmp_path / "read").read_text() == "late"


async def test_a_command_that_waits_is_ended(tmp_path: Path) -> None:
    """When local mode stops early, the command does not stay behind."""
    one = enrolling(tmp_path, "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()", [], ["x"])
    await one.begin()
    await one.drop()
    await one.drop()
    assert not living((tmp_path / "agent.log").read_text().split())


def living(pids: Sequence[str]) -> Sequence[str]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]
