"""Programs of others that look at a TLS listener from outside."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.tree import ROOT

OPENSSL = shutil.which("openssl")
SSLYZE = ROOT / ".venv" / "scanner" / "bin" / "sslyze"


def ask(port: int, request: bytes) -> bytes:
    """Send raw bytes over `openssl s_client` and return what comes back; empty where there was no handshake."""
    command = [str(OPENSSL), "s_client", "-quiet", "-no_ign_eof", "-connect", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            program.stdin.write(request)
            program.stdin.flush()
        except BrokenPipeError:  # the handshake failed before anything could be sent
            return b""
        answer = program.stdout.read()  # while standard input stays open: s_client ends with it
        program.kill()
    return answer


def handshake(port: int, *arguments: str) -> str:
    """Return what `openssl s_client` says about a handshake."""
    command = [str(OPENSSL), "s_client", "-connect", f"127.0.0.1:{port}", *arguments]
    ended = subprocess.run(command, input=b"", capture_output=True, check=False, timeout=30)
    return (ended.stdout + ended.stderr).decode(errors="replace")


@dataclass(frozen=True)
class Scan:
    """What SSLyze found."""

    printed: str
    results: dict[str, Any]

    def accepted(self, protocol: str) -> list[str]:
        """List the cipher suites with which a version of the protocol is spoken."""
        suites = self.results[f"{protocol}_cipher_suites"]["result"]["accepted_cipher_suites"]
        return [suite["cipher_suite"]["name"] for suite in suites]

    def found(self, command: str) -> dict[str, Any]:
        result: dict[str, Any] = self.results[command]["result"]
        return result

    @property
    def complaints(self) -> list[str]:
        """List where the listener is not what Mozilla calls modern."""
        _, _, judged = self.printed.partition("COMPLIANCE AGAINST TLS CONFIGURATION")
        return [line.strip() for line in judged.splitlines() if line.strip().startswith("* ")]


def scan(port: int, authority: Path, report: Path) -> Scan:
    """Scan a listener with all that SSLyze knows, trusting our authority alone."""
    options = [f"--certinfo_ca_file={authority}", "--mozilla_config=modern", f"--json_out={report}"]
    ended = subprocess.run(
        [SSLYZE, *options, f"localhost:{port}"], capture_output=True, text=True, check=False, timeout=100
    )
    (result,) = json.loads(report.read_text(encoding="utf-8"))["server_scan_results"]
    assert result["connectivity_status"] == "COMPLETED", ended.stdout
    return Scan(ended.stdout, result["scan_result"])
