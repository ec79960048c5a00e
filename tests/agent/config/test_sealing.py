"""The seal key comes from a file or a systemd credential, and is refused where others may read it."""

from pathlib import Path

import pytest

from sysmon_agent.config.sealing import seal_key
from sysmon_agent.errors import SealError

KEY = b"k" * 32


def key_file(folder: Path, content: bytes = KEY + b"\n", *, mode: int = 0o600, name: str = "seal.key") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_bytes(content)
    file.chmod(mode)
    return file


def test_without_variables_there_is_no_key() -> None:
    """A process that was given no seal key has none."""
    assert seal_key({}) is None


def test_the_named_file_holds_the_key(tmp_path: Path) -> None:
    """The key is the content of the file that the variable names, without the end of its line."""
    assert seal_key({"SYSMON_SEAL_KEY_FILE": str(key_file(tmp_path))}) == KEY


def test_a_systemd_credential_is_the_key(tmp_path: Path) -> None:
    """A systemd credential is taken, with the mode that its access list makes it show."""
    key_file(tmp_path, mode=0o440, name="sysmon-seal-key")
    assert seal_key({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == KEY


def test_credentials_without_a_key_are_no_key(tmp_path: Path) -> None:
    """A service may have other credentials and no seal key."""
    assert seal_key({"CREDENTIALS_DIRECTORY": str(tmp_path)}) is None


def test_the_named_file_beats_the_credential(tmp_path: Path) -> None:
    """A file that was named is the key, whatever systemd hands over."""
    key_file(tmp_path / "credentials", b"c" * 32, name="sysmon-seal-key")
    named = key_file(tmp_path)
    environ = {"SYSMON_SEAL_KEY_FILE": str(named), "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    assert seal_key(environ) == KEY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A seal key that others may read is refused, with the command that closes it."""
    file = key_file(tmp_path, mode=mode)
    with pytest.raises(SealError, match="Others may read") as caught:
        seal_key({"SYSMON_SEAL_KEY_FILE": str(file)})
    assert caught.value.hint == f"chmod 600 {file}"


def test_a_missing_key_is_refused() -> None:
    """A seal key that was named must be there."""
    with pytest.raises(SealError, match="No such file"):
        seal_key({"SYSMON_SEAL_KEY_FILE": "/none"})


@pytest.mark.parametrize("content", [b"", b"short\n", b"x" * 1025, b"x" * 100_000])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file too short to be secret, or too long to be a passphrase, is no seal key; its content is not shown."""
    with pytest.raises(SealError, match="32 to 1024 bytes") as caught:
        seal_key({"SYSMON_SEAL_KEY_FILE": str(key_file(tmp_path, content))})
    assert "short" not in caught.value.message
