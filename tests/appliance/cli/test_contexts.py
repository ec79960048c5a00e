import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from operator import methodcaller
from pathlib import Path

import pytest

from sysmon_agent.errors import ConfigError
from sysmon_appliance.cli.contexts import LOCAL, Context, Contexts, change_contexts, contexts_file, load_contexts
from sysmon_appliance.cli.endpoints import checked_url
from sysmon_appliance.cli.failures import PermissionDeniedError
from sysmon_appliance.cli.trust import plain, roots, verifying
from sysmon_appliance.errors import NotFoundError

FAR = Context("far", "https://far.example:7480", "smapi_a_secret", user="alice", expires_ms=5, authority="PEM\n")
NEAR = Context("near", "https://near.example", "smapi_b_secret")


def test_the_file(tmp_path: Path) -> None:
    """Contexts are read back as they were saved, from a file that nobody else can read."""
    file = contexts_file({"XDG_CONFIG_HOME": str(tmp_path)})
    saved = Contexts().adding(FAR).adding(NEAR)
    change_contexts(file, lambda _: saved)
    assert load_contexts(file) == saved
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_two_commands_at_once(tmp_path: Path) -> None:
    """Contexts that are added at the same time are all kept."""
    file = contexts_file({"XDG_CONFIG_HOME": str(tmp_path)})
    with ThreadPoolExecutor(8) as commands:
        for number in range(16):
            commands.submit(change_contexts, file, methodcaller("adding", replace(FAR, name=f"far-{number}")))
    assert len(load_contexts(file).known) == 16


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Where the file cannot be written, the message says so and names the folder."""
    (tmp_path / "sysmon").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        change_contexts(tmp_path / "sysmon" / "contexts.yaml", lambda contexts: contexts)


def test_no_file(tmp_path: Path) -> None:
    """Before anybody signed in, commands speak to this machine."""
    assert load_contexts(tmp_path / "contexts.yaml").current == LOCAL


def test_a_file_that_others_may_read(tmp_path: Path) -> None:
    """A file that others may read is refused until it is made private."""
    file = tmp_path / "contexts.yaml"
    change_contexts(file, lambda contexts: contexts.adding(FAR))
    file.chmod(0o644)
    with pytest.raises(PermissionDeniedError) as caught:
        load_contexts(file)
    assert caught.value.hint == f"chmod 600 {file}"


@pytest.mark.parametrize("content", [b"[", b"[1]", b"contexts: 5", b"contexts: {a: {}}", b"contexts: {a: 1}", b"\xff"])
def test_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    """A file that is none of ours is set aside by hand, not overwritten."""
    file = tmp_path / "contexts.yaml"
    file.touch(0o600)
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        load_contexts(file)


def test_choosing() -> None:
    """The newest context is the current one until another is chosen or it is removed."""
    known = Contexts().adding(FAR).adding(NEAR)
    assert known.current == "near"
    assert known.using("far").current == "far"
    assert known.using(LOCAL).current == LOCAL
    assert known.without("near").current == LOCAL
    assert known.using("far").without("near").current == "far"
    for name in ("nowhere", ""):
        with pytest.raises(NotFoundError):
            known.using(name)


def test_a_token_is_never_shown() -> None:
    """A context that ends up in a message shows no token."""
    assert "secret" not in repr(FAR)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("monitor.example", "https://monitor.example"),
        ("monitor.example:7480", "https://monitor.example:7480"),
        ("https://monitor.example/", "https://monitor.example"),
        ("http://127.0.0.1:7480", "http://127.0.0.1:7480"),
        ("http://[::1]:7480", "http://[::1]:7480"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    """An address is https unless it is of this machine."""
    assert checked_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "ftp://a",
        "https://a:b",
        "https://a:0",
        "https://u:p@a",
        "https://a/x",
        "https://a/?b",
        "https://a#b",
    ],
)
def test_what_is_no_address(text: str) -> None:
    """What is no address of a console is refused."""
    with pytest.raises(ConfigError):
        checked_url(text)


def test_nothing_secret_travels_in_the_clear() -> None:
    """Plain HTTP beyond this machine is refused, with the address to use instead."""
    with pytest.raises(ConfigError) as caught:
        checked_url("http://monitor.example:7480")
    assert caught.value.hint == "sysmon login https://monitor.example:7480"


def test_fingerprints_are_compared_in_one_way() -> None:
    """A fingerprint is the same with colons, blanks and capitals."""
    assert plain("AB:cd ef\n01") == "abcdef01"
    assert not roots("no certificate")


def test_what_is_no_authority() -> None:
    """A text that is no authority is refused."""
    with pytest.raises(ConfigError):
        verifying("no certificate")
    with pytest.raises(ConfigError):
        roots("-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n")
