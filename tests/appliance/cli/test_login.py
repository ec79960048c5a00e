"""Commands that speak to an aggregator elsewhere, from signing in to signing out."""

import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_agent.errors import AnswerError
from sysmon_appliance.cli.app import run
from sysmon_appliance.cli.client import Client
from sysmon_appliance.cli.contexts import Context, contexts_file, load_contexts
from sysmon_appliance.cli.endpoints import WebEndpoint
from sysmon_appliance.cli.trust import roots, verifying
from tests.support.elsewhere import Elsewhere, elsewhere

PASSWORD = "a fine long password"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """An aggregator with an admin whose password is known."""
    with elsewhere(tmp_path_factory.mktemp("elsewhere")) as found:
        with Client(found.socket) as operator:
            made = operator.post("/api/v1/users", {"name": "alice", "role": "admin"})
        token = made["invitation"].rpartition("/")[2]
        with Client(WebEndpoint(found.url, verifying(found.authority.read_text()))) as browser:
            browser.post(f"/api/v1/invitations/{token}", {"password": PASSWORD})
        yield found


class Here:
    """The commands of one user of this machine."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.file = contexts_file({"XDG_CONFIG_HOME": str(home)})
        self.password = home / "password"
        self.password.write_text(PASSWORD + "\n")
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        with pytest.raises(SystemExit) as exited:
            run(arguments)
        self.out, self.err = self._capsys.readouterr()
        return int(exited.value.code or 0)

    def log_in(self, url: str, *options: str) -> int:
        return self("login", url, "--user", "alice", "--password-file", str(self.password), *options)

    def context(self, name: str = "127.0.0.1") -> Context:
        return load_contexts(self.file).find(name)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody is there to answer
    return Here(tmp_path, capsys)


def test_signing_in_and_out(place: Elsewhere, here: Here) -> None:
    """After signing in commands speak to that aggregator as that user, and after signing out its token is worthless."""
    assert here.log_in(place.url, "--authority", str(place.authority)) == 0
    assert "as alice" in here.out
    assert stat.S_IMODE(here.file.stat().st_mode) == 0o600
    assert here("api-tokens", "list", "-o", "json") == 0
    (token,) = json.loads(here.out)["api_tokens"]
    assert (token["owner"], token["role"]) == ("alice", "admin")
    known = here.context()
    assert here("logout") == 0
    ended = WebEndpoint(known.url, verifying(known.authority), token=known.token)
    with Client(ended) as client, pytest.raises(AnswerError, match="Nobody is signed in"):
        client.get("/api/v1/session")
    assert not load_contexts(here.file).known


def test_no_session_is_left_behind(place: Elsewhere, here: Here) -> None:
    """Signing in from a command leaves a token and no session of a browser."""
    with Client(place.socket) as operator:
        before = len(operator.get("/api/v1/sessions")["sessions"])
        here.log_in(place.url, "--authority", str(place.authority))
        assert len(operator.get("/api/v1/sessions")["sessions"]) == before


def test_trust_by_fingerprint(place: Elsewhere, here: Here) -> None:
    """The fingerprint of the aggregator's authority is enough to trust it, in whatever way it is written."""
    (wanted,) = roots(place.authority.read_text())
    spelled = ":".join(wanted[place : place + 2].upper() for place in range(0, len(wanted), 2))
    assert here.log_in(place.url, "--fingerprint", spelled, "--context", "far") == 0
    assert here.context("far").authority == place.authority.read_text()
    assert here("hosts", "list", "--context", "far") == 0


def test_another_fingerprint(place: Elsewhere, here: Here) -> None:
    """An authority of another fingerprint is not trusted, and no password is sent."""
    assert here.log_in(place.url, "--fingerprint", "00" * 32) == 4
    assert here.err.startswith("error[untrusted]")
    assert not here.file.exists()


def test_an_unknown_authority_is_asked_about(place: Elsewhere, here: Here) -> None:
    """Without anybody to ask, an authority that is not known is not trusted; its fingerprint is shown."""
    assert here.log_in(place.url) == 6
    (shown,) = roots(place.authority.read_text())
    assert shown in here.err
    assert not here.file.exists()


@pytest.fixture(scope="module")
def imposter(place: Elsewhere, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Somebody else, who names the authority that is meant before their own."""
    with elsewhere(tmp_path_factory.mktemp("imposter")) as found:
        found.authority.write_text(place.authority.read_text() + found.authority.read_text())
        with Client(found.socket) as operator:
            operator.post("/api/v1/certificates/rotate", {})
        yield found


def test_a_fingerprint_vouches_for_one_authority(place: Elsewhere, imposter: Elsewhere, here: Here) -> None:
    """Whoever names the authority that is meant beside their own is still not trusted, and gets no password."""
    (wanted,) = roots(place.authority.read_text())
    assert here.log_in(imposter.url, "--fingerprint", wanted) == 4
    assert "is not trusted" in here.err
    assert not here.file.exists()


def test_the_question_is_about_who_answers(place: Elsewhere, imposter: Elsewhere, here: Here) -> None:
    """The fingerprint that is shown is that of the authority which signed what was shown, whatever stands beside it."""
    (known,) = roots(place.authority.read_text())
    (own,) = roots(imposter.authority.read_text()).keys() - {known}
    assert here.log_in(imposter.url) == 6
    assert own in here.err
    assert known not in here.err


def test_whoever_is_asked_may_agree(place: Elsewhere, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has compared the fingerprint agrees once, and the authority is trusted from then on."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert here.log_in(place.url) == 0
    assert here.context().authority == place.authority.read_text()
    assert here("hosts", "list") == 0


def test_the_systems_store(place: Elsewhere, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority that this machine trusts anyway needs neither option nor question."""
    monkeypatch.setenv("SSL_CERT_FILE", str(place.authority))
    assert here.log_in(place.url) == 0
    assert here.context().authority == ""
    assert here("hosts", "list") == 0


def test_a_foreign_authority(place: Elsewhere, here: Here, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An aggregator that the named authority has not signed is not trusted."""
    other = tmp_path_factory.mktemp("other")
    with elsewhere(other) as stranger:
        assert here.log_in(place.url, "--authority", str(stranger.authority)) == 4
    assert "is not trusted" in here.err


def test_a_wrong_password(place: Elsewhere, here: Here) -> None:
    """A wrong password says so and leaves nothing behind."""
    here.password.write_text("wrong")
    assert here.log_in(place.url, "--authority", str(place.authority)) == 4
    assert here.err.startswith("error[bad_credentials]")
    assert not here.file.exists()


def test_by_environment(place: Elsewhere, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs name aggregator, token and authority in their environment."""
    here.log_in(place.url, "--authority", str(place.authority))
    token = here.file.with_name("token")
    token.write_text(here.context().token)
    here("context", "use", "local")
    monkeypatch.setenv("SYSMON_URL", place.url)
    monkeypatch.setenv("SYSMON_TOKEN_FILE", str(token))
    monkeypatch.setenv("SYSMON_AUTHORITY", str(place.authority))
    assert here("users", "list", "-o", "json") == 0
    assert [user["name"] for user in json.loads(here.out)["users"]] == ["alice"]


def test_users_from_elsewhere(place: Elsewhere, here: Here) -> None:
    """An admin decides about users from their own machine."""
    here.log_in(place.url, "--authority", str(place.authority))
    assert here("users", "create", "bob", "--role", "operator") == 0
    assert "/invite/" in here.out
    assert here("users", "create", "bob") == 6
    assert here("users", "invite", "bob") == 0
    assert here("users", "set-role", "bob", "viewer") == 0
    assert here("users", "disable", "bob") == 0
    assert here("users", "list") == 0
    assert [line.split()[:3] for line in here.out.splitlines()[1:]] == [
        ["alice", "admin", "active"],
        ["bob", "viewer", "disabled"],
    ]
    assert here("users", "enable", "bob") == 0
    assert here("users", "remove", "bob") == 6
    assert here("users", "remove", "bob", "--yes") == 0
    assert here("users", "remove", "bob", "--yes") == 3


def test_tokens_and_sessions_from_elsewhere(place: Elsewhere, here: Here) -> None:
    """Tokens are made, shown once and revoked, and sessions ended, by commands."""
    here.log_in(place.url, "--authority", str(place.authority))
    assert here("api-tokens", "create", "backup", "--expires", "12h") == 0
    secret = here.out.strip()
    assert secret.startswith("smapi_")
    assert here("api-tokens", "list") == 0
    assert secret not in here.out
    assert here("api-tokens", "revoke", secret.split("_")[1]) == 0
    with Client(WebEndpoint(place.url, verifying(place.authority.read_text()))) as browser:
        browser.post("/api/v1/session", {"user": "alice", "password": PASSWORD})
        assert here("sessions", "list", "-o", "json") == 0
        sessions = json.loads(here.out)["sessions"]
        newest = sessions[0]["id"]
        assert here("sessions", "list") == 0
        assert here("sessions", "end", newest) == 0
        with pytest.raises(AnswerError, match="Nobody is signed in"):
            browser.get("/api/v1/session")


def test_an_aggregator_that_is_gone(here: Here, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Signing out of an aggregator that does not answer forgets it here, and says that the token stays good."""
    with elsewhere(tmp_path_factory.mktemp("gone")) as gone:
        with Client(gone.socket) as operator:
            made = operator.post("/api/v1/users", {"name": "alice", "role": "viewer"})
        with Client(WebEndpoint(gone.url, verifying(gone.authority.read_text()))) as browser:
            browser.post(f"/api/v1/invitations/{made['invitation'].rpartition('/')[2]}", {"password": PASSWORD})
        here.log_in(gone.url, "--authority", str(gone.authority), "--context", "gone")
    assert here("logout", "--context", "gone") == 7
    assert "until it expires" in here.err
    assert here("context", "list", "-o", "json") == 0
    assert json.loads(here.out)["contexts"] == []
