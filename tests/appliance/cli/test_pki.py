"""An operator makes a root and signs an aggregator's intermediate; the aggregator installs it."""

import io
import json
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from sysmon_agent.config.sealing import KEY_FILE_VARIABLE
from sysmon_appliance.cli import aggregator, app
from sysmon_appliance.cli.failures import guarded
from sysmon_appliance.pki.keys import new_key
from tests.support.pki import csr

PASSPHRASE = "a passphrase that nobody guesses"


def sysmon(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exited:
        app.run([str(argument) for argument in arguments])
    return int(exited.value.code or 0)


def sysmon_aggregator(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exited, guarded():
        aggregator.app([str(argument) for argument in arguments], prog_name="sysmon-aggregator")
    return int(exited.value.code or 0)


@dataclass(frozen=True, slots=True)
class Places:
    """Files of the operator and of an aggregator."""

    root: Path
    settings: Path
    pki: Path
    request: Path
    certificate: Path

    def sign(self, *more: object) -> int:
        return sysmon("pki", "sign", self.request, "--folder", self.root, "-o", self.certificate, "--yes", *more)

    def ask(self) -> int:
        return sysmon_aggregator("pki", "request", "-c", self.settings, "--name", "agg1", "-o", self.request)

    def install(self) -> int:
        return sysmon_aggregator("pki", "install", "-c", self.settings, self.certificate, self.root / "ca.pem")

    def trust(self) -> int:
        return sysmon_aggregator("pki", "trust", "-c", self.settings, self.root / "ca.pem")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.delenv(KEY_FILE_VARIABLE, raising=False)
    settings = tmp_path / "aggregator.yaml"
    ingest = {name: f"pki/{file}.pem" for name, file in FILES.items()}
    settings.write_text(yaml.safe_dump({"region": "eu", "ingest": ingest}))
    return Places(tmp_path / "root", settings, tmp_path / "pki", tmp_path / "request.pem", tmp_path / "signed.pem")


FILES = {"certificate": "aggregator", "key": "aggregator-key", "authority": "ca"}


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE + "\n")
    file.chmod(0o600)
    return file


def shown(capsys: pytest.CaptureFixture[str], places: Places) -> list[dict[str, str]]:
    capsys.readouterr()
    assert sysmon_aggregator("pki", "show", "-c", places.settings, "-o", "json") == 0
    found: list[dict[str, str]] = json.loads(capsys.readouterr().out)["certificates"]
    return found


def test_an_aggregator_gets_its_intermediate(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    """Four commands take an aggregator from nothing to an intermediate, and each names the next."""
    assert sysmon("pki", "init", "--folder", places.root) == 0
    assert "next, on each aggregator: sysmon-aggregator pki request" in capsys.readouterr().err
    assert places.ask() == 0
    assert "sysmon pki sign" in capsys.readouterr().err
    assert places.sign() == 0
    assert "sysmon-aggregator pki install signed.pem ca.pem" in capsys.readouterr().err
    assert places.install() == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("SysMonitor eu agg1")
    assert "sysmon certs rotate" in printed.err
    assert [entry["certificate"] for entry in shown(capsys, places)] == ["intermediate", "root"]


def test_both_sides_show_the_same_key(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    """The operator compares what the root is to sign with what the aggregator shows."""
    sysmon("pki", "init", "--folder", places.root)
    places.ask()
    asked = capsys.readouterr().err
    places.sign()
    key = capsys.readouterr().err.split("Its key: ")[1].split("\n")[0]
    assert len(key) == 64
    assert key in asked


def test_nothing_is_signed_without_a_yes(
    places: Places, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody agrees, nothing is signed, and the command ends as one that met a conflict."""
    sysmon("pki", "init", "--folder", places.root)
    places.ask()
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    capsys.readouterr()
    assert sysmon("pki", "sign", places.request, "--folder", places.root, "-o", places.certificate) == 6
    assert "Nothing was changed" in capsys.readouterr().err
    assert not places.certificate.exists()


def test_an_existing_root_is_kept(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    """A second root in one folder is refused as a conflict, and the first is not touched."""
    sysmon("pki", "init", "--folder", places.root)
    before = (places.root / "ca.pem").read_bytes()
    capsys.readouterr()
    assert sysmon("pki", "init", "--folder", places.root) == 6
    assert "error[authority_exists]" in capsys.readouterr().err
    assert (places.root / "ca.pem").read_bytes() == before


def test_a_sealed_root_signs_with_its_passphrase(
    places: Places, passphrase: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A root that was sealed signs with the passphrase from a file; without it the command says what is missing."""
    assert sysmon("pki", "init", "--folder", places.root, "--passphrase-file", passphrase) == 0
    assert b"ENCRYPTED" in (places.root / "root-key.pem").read_bytes()
    assert "not sealed" not in capsys.readouterr().err
    places.ask()
    assert places.sign() != 0
    assert "no passphrase was given" in capsys.readouterr().err
    assert places.sign("--passphrase-file", passphrase) == 0
    printed = capsys.readouterr()
    assert PASSPHRASE not in printed.out + printed.err


def test_keys_of_an_aggregator_are_sealed_with_the_seal_key(
    places: Places, passphrase: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where this machine has a seal key, the key of a request is sealed with it."""
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(passphrase))
    assert places.ask() == 0
    assert b"ENCRYPTED" in (places.pki / "pending-key.pem").read_bytes()


@pytest.mark.parametrize(("content", "mode", "said"), [("short\n", 0o600, "16 to"), (PASSPHRASE, 0o644, "chmod 600")])
def test_a_passphrase_that_protects_nothing_is_refused(
    places: Places, passphrase: Path, capsys: pytest.CaptureFixture[str], *, content: str, mode: int, said: str
) -> None:
    """A passphrase that is short, or that others may read, is refused before a key is made."""
    passphrase.write_text(content)
    passphrase.chmod(mode)
    assert sysmon("pki", "init", "--folder", places.root, "--passphrase-file", passphrase) != 0
    assert said in capsys.readouterr().err
    assert not places.root.exists()


def test_a_root_is_replaced_step_by_step(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    """A root is rotated, trusted, used and its predecessor retired, each by a command; the order is enforced."""
    sysmon("pki", "init", "--folder", places.root)
    places.ask()
    places.sign()
    places.install()
    assert sysmon("pki", "rotate", "--folder", places.root, "--yes") == 0
    assert places.trust() == 0
    assert [entry["certificate"] for entry in shown(capsys, places)] == ["intermediate", "root", "root"]
    sysmon("pki", "show", "--folder", places.root, "-o", "json")
    assert len(json.loads(capsys.readouterr().out)["roots"]) == 2
    assert sysmon("pki", "retire", "--folder", places.root, "--yes") == 0
    assert places.trust() != 0
    assert "leads to none of the trusted roots" in capsys.readouterr().err
    places.ask()
    places.sign()
    assert places.install() == 0
    assert len(shown(capsys, places)) == 2


def test_what_is_written_is_private(places: Places) -> None:
    """Requests and certificates that commands write are readable by their owner alone."""
    sysmon("pki", "init", "--folder", places.root)
    places.ask()
    places.sign()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (places.request, places.certificate)} == {0o600}


def test_consul_gets_an_authority_that_cannot_speak_for_us(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    """The authority of a region's Consul may sign nothing that carries an identity of SysMonitor."""
    sysmon("pki", "init", "--folder", places.root)
    places.request.write_bytes(csr(new_key()))
    capsys.readouterr()
    assert sysmon("pki", "sign", places.request, "--folder", places.root, "--consul", "eu", "--yes") == 0
    certificate = x509.load_pem_x509_certificate(capsys.readouterr().out.encode())
    excluded = certificate.extensions.get_extension_for_class(x509.NameConstraints).value.excluded_subtrees
    assert [name.value for name in excluded or ()] == ["sysmon"]


@pytest.mark.parametrize("what", ["a request that is missing", "a request of no aggregator", "an empty region"])
def test_what_cannot_be_signed_is_told(places: Places, capsys: pytest.CaptureFixture[str], what: str) -> None:
    """A request that is missing, or says not whose it is, is refused with a hint."""
    sysmon("pki", "init", "--folder", places.root)
    more = []
    match what:
        case "a request of no aggregator":
            places.request.write_bytes(csr(new_key()))
        case "an empty region":
            places.request.write_bytes(csr(new_key()))
            more = ["--consul", "e u"]
    capsys.readouterr()
    assert places.sign(*more) != 0
    assert "hint:" in capsys.readouterr().err


def test_an_aggregator_without_an_intermediate_says_so(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    """Before there is anything to show, the command to begin with is named."""
    assert sysmon_aggregator("pki", "show", "-c", places.settings) == 0
    assert "sysmon-aggregator pki request" in capsys.readouterr().err
