"""Asks the registries' databases for known vulnerabilities of every locked package, and says what could not be asked.

An index that cannot be reached, or that does not know a package, has found nothing, and that is no good news: pip-audit
and npm pass over it and report success. Here it is a third outcome. Exit codes: 0 nothing is known, 1 something is
known, 69 nothing is known and not everything could be asked (EX_UNAVAILABLE).
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CLEAN, VULNERABLE, NOT_ASKED = 0, 1, os.EX_UNAVAILABLE
TIMEOUT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What one database said."""

    asked: str
    checked: int
    known: tuple[str, ...] = ()  # one line per vulnerability
    unanswered: str = ""  # why some or all of it was not checked


def main() -> None:
    """Ask, print, and exit with the outcome."""
    answers = [python_packages(), console_packages()]
    for answer in answers:
        print("\n".join(lines(answer)))
    sys.exit(outcome(answers))


def outcome(answers: list[Answer]) -> int:
    if any(answer.known for answer in answers):
        return VULNERABLE
    return NOT_ASKED if any(answer.unanswered for answer in answers) else CLEAN


def lines(answer: Answer) -> list[str]:
    """Say what was found, and plainly what was not looked for."""
    found = [f"{answer.asked}: {line}" for line in answer.known]
    found = found or [f"{answer.asked}: {answer.checked} packages checked, no known vulnerability"]
    if answer.unanswered:
        found.append(f"{answer.asked}: NOT CHECKED: {answer.unanswered}")
    return found


def python_packages() -> Answer:
    """Ask about requirements.lock."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", "--requirement", "requirements.lock", "--require-hashes"]
        said = run([*command, "--disable-pip", "--progress-spinner=off", "--format=json", f"--output={report}"], ROOT)
        if not report.exists():
            return Answer("requirements.lock", 0, unanswered=last_line(said))
        return python_answer(json.loads(report.read_text(encoding="utf-8")))


def python_answer(report: dict[str, Any]) -> Answer:
    """Read a report of pip-audit, in which a package that the index does not know is only skipped."""
    packages = report["dependencies"]
    skipped = [package for package in packages if "skip_reason" in package]
    known = tuple(
        f"{package['name']} {package['version']}: {fault['id']}, fixed in {', '.join(fault['fix_versions']) or 'none'}"
        for package in packages
        for fault in package.get("vulns", ())
    )
    unanswered = f"{len(skipped)} packages; {skipped[0]['skip_reason']}" if skipped else ""
    return Answer("requirements.lock", len(packages) - len(skipped), known, unanswered)


def console_packages() -> Answer:
    """Ask about the console's package-lock.json."""
    said = run(["npm", "audit", "--json", "--no-update-notifier"], ROOT / "appliance" / "console")
    try:
        return console_answer(json.loads(said.stdout))
    except ValueError:
        return Answer("package-lock.json", 0, unanswered=last_line(said))


def console_answer(report: dict[str, Any]) -> Answer:
    """Read a report of npm, which is an error's message where the registry did not answer."""
    if "vulnerabilities" not in report:
        return Answer("package-lock.json", 0, unanswered=str(report.get("message") or report.get("error")))
    known = tuple(f"{name}: {it['severity']}, {it['range']}" for name, it in report["vulnerabilities"].items())
    return Answer("package-lock.json", report["metadata"]["dependencies"]["total"], known)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; one that is missing or too slow has failed."""
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, NOT_ASKED, "", str(error))


def last_line(said: subprocess.CompletedProcess[str]) -> str:
    return (said.stderr.strip().splitlines() or ["no answer"])[-1]


if __name__ == "__main__":
    main()
