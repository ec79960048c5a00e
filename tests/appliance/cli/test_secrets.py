"""Operators seal secrets, check them, and change the key."""

import io
import json
from pathlib import Path

import pytest

from sysmon_agent.config.sealed import unseal
from sysmon_agent.config.sealing import KEY_FILE_VARIABLE, read_key
from sysmon_appliance.cli import app
from sysmon_appliance.pki import keys

SETTING = "console.certificate"


def sysmon(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exited:
        app.run([str(argument) for argument in arguments])
    return int(exited.value.code or 0)


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the seal key that the environment names."""
    file = tmp_path / "seal.key"
    assert sysmon("secrets", "init", file) == 0
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(file))
    return file


def sealed(secret: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *more: object) -> str:
    """Seal what standard input holds."""
    monkeypatch.setattr("sys.stdin", io.StringIO(secret + "\n"))
    capsys.readouterr()
    assert sysmon("secrets", "seal", SETTING, *more) == 0
    return capsys.readouterr().out.strip()


def test_a_new_key_is_private_and_random(key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new key is readable by its owner alone, differs from every other, and is not printed."""
    assert sysmon("secrets", "init", tmp_path / "other.key") == 0
    assert key.stat().st_mode & 0o777 == 0o600
    assert read_key(str(key)) != read_key(str(tmp_path / "other.key"))
    printed = capsys.readouterr()
    assert read_key(str(key)).decode() not in printed.out + printed.err
    assert f"{KEY_FILE_VARIABLE}={tmp_path}/other.key" in printed.out


def test_a_key_is_never_overwritten(key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key that is there stays there, since what it sealed would be lost."""
    before = key.read_bytes()
    assert sysmon("secrets", "init", key) == 6
    assert key.read_bytes() == before
    assert f"hint: sysmon secrets init {key}.new" in capsys.readouterr().err


def test_a_key_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that does not exist is named, with a hint."""
    assert sysmon("secrets", "init", tmp_path / "none" / "seal.key") == 1
    assert "cannot be written (No such file or directory)" in capsys.readouterr().err


def test_a_secret_is_sealed(key: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What standard input holds is printed as a sealed value and nothing else, so that scripts can use it."""
    value = sealed("hunter2", capsys, monkeypatch)
    assert unseal(value, key=read_key(str(key)), setting=SETTING) == "hunter2"


def test_a_secret_may_come_from_a_file(key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A secret that lies in a file is sealed without its last newline."""
    (tmp_path / "secret").write_bytes(b"hunter2\r\n")
    capsys.readouterr()
    assert sysmon("secrets", "seal", SETTING, "--value-file", tmp_path / "secret", "--key-file", key) == 0
    assert unseal(capsys.readouterr().out.strip(), key=read_key(str(key)), setting=SETTING) == "hunter2"


def test_a_secret_is_sealed_for_a_setting_that_exists(key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt setting is refused with the one that was probably meant."""
    assert key.exists()
    assert sysmon("secrets", "seal", "console.certificat") == 3
    assert "hint: sysmon secrets seal console.certificate" in capsys.readouterr().err


@pytest.mark.parametrize("secret", ["", "two\nlines", "x" * 5000, "bell\a"])
def test_what_no_setting_can_hold_is_not_sealed(
    key: Path, secret: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that no setting could hold is refused when it is sealed, not when it is needed."""
    assert key.exists()
    monkeypatch.setattr("sys.stdin", io.StringIO(secret + "\n"))
    assert sysmon("secrets", "seal", SETTING) == 1
    assert "A secret is one line of 1 to 4096 bytes" in capsys.readouterr().err


def test_without_a_key_nothing_is_sealed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a seal key the command says how to make one."""
    monkeypatch.delenv(KEY_FILE_VARIABLE, raising=False)
    assert sysmon("secrets", "seal", SETTING) == 1
    assert "hint: sysmon secrets init" in capsys.readouterr().err


def test_sealed_values_are_checked(
    key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check lists each sealed value with its line, and fails where one stands in the wrong setting."""
    assert key.exists()
    value = sealed("hunter2", capsys, monkeypatch)
    file = tmp_path / "aggregator.yaml"
    file.write_text(f"region: eu\nconsole:\n  certificate: {value}\n")
    assert sysmon("secrets", "check", file) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == [SETTING, f"{file}:3", "opens"]
    file.write_text(f"labels: {{code: {value}}}\n")
    assert sysmon("secrets", "check", file, "-o", "json") == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["sealed"] == [
        {
            "setting": "labels",
            "place": f"{file}:1",
            "problem": "The value was sealed for another setting, or is damaged.",
        }
    ]
    assert "1 of 1 sealed values do not open" in printed.err


def test_the_key_is_changed(
    key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another key seals what the old one sealed; all else in the file, its mode too, stays as it was."""
    file, new = tmp_path / "aggregator.yaml", tmp_path / "new.key"
    value = sealed("hunter2", capsys, monkeypatch)
    text = "# ours\nconsole:\n  certificate: {}  # kept\nregion: eu\n"
    file.write_text(text.format(value))
    file.chmod(0o640)
    assert sysmon("secrets", "init", new) == 0
    for _ in range(2):  # the second time finds nothing left to do
        assert sysmon("secrets", "rekey", file, "--new-key-file", new, "--key-file", key) == 0
    before, after = text.split("{}")
    resealed = file.read_text().removeprefix(before).removesuffix(after)
    assert unseal(resealed, key=read_key(str(new)), setting=SETTING) == "hunter2"
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_private_key_gets_another_seal_key(key: Path, tmp_path: Path) -> None:
    """A sealed private key is sealed anew; what opens with the new key already is left as it is."""
    file, new = tmp_path / "private-key.pem", tmp_path / "new.key"
    private = keys.new_key()
    keys.save_key(file, private, read_key(str(key)))
    assert sysmon("secrets", "init", new) == 0
    for _ in range(2):
        assert sysmon("secrets", "rekey", file, "--new-key-file", new) == 0
    assert keys.load_key(file, read_key(str(new))).private_numbers() == private.private_numbers()


def test_a_file_that_does_not_open_is_left_alone(
    key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that the old key does not open stops the change, and its file stays as it was."""
    file, stranger, new = tmp_path / "aggregator.yaml", tmp_path / "stranger.key", tmp_path / "new.key"
    file.write_text(f"console:\n  certificate: {sealed('hunter2', capsys, monkeypatch)}\n")
    before = file.read_text()
    for made in (stranger, new):
        assert sysmon("secrets", "init", made) == 0
    assert sysmon("secrets", "rekey", file, "--new-key-file", new, "--key-file", stranger) == 1
    assert f"{file}:2: The value was sealed with the key" in capsys.readouterr().err
    assert file.read_text() == before
    assert key.exists()
