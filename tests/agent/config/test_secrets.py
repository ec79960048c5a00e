"""Secrets among the settings: sealed or from files, and never shown."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from sysmon_agent.config.reader import Reading, read_with_sources
from sysmon_agent.config.sealed import seal
from sysmon_agent.config.values import section, setting
from sysmon_agent.errors import ConfigError

KEY = "k" * 32


@dataclass(frozen=True, slots=True)
class Vault:
    token: str = setting("", "A token.", secret=True)
    mode: str = setting("soft", "How hard it is.", choices=("soft", "hard"), secret=True)


@dataclass(frozen=True, slots=True)
class Settings:
    name: str = setting("", "A name.")
    port: int = setting(1, "A number.", at_least=1, at_most=9)
    tags: tuple[str, ...] = setting((), "A list.")
    labels: dict[str, str] = setting({}, "A map.")
    vault: Vault = section(Vault)


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    file = tmp_path / "seal.key"
    file.write_text(KEY + "\n")
    file.chmod(0o600)
    return str(file)


def reading(folder: Path, text: str, **environ: str) -> Reading[Settings]:
    file = folder / "settings.yaml"
    file.write_text(text)
    return read_with_sources(Settings, path=file, environ=environ, overrides={})


def faults(folder: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        reading(folder, text, **environ)
    assert "hunter2" not in str(caught.value)
    return [str(fault).replace(f"{folder}/", "") for fault in caught.value.faults]


def sealed(text: str, name: str) -> str:
    return seal(text, key=KEY.encode(), setting=name)


def test_sealed_values_open_in_any_setting(tmp_path: Path, key_file: str) -> None:
    """A text, a number, an entry of a list and an entry of a map may each be sealed."""
    text = f"""
name: {sealed("hunter2", "name")}
port: {sealed("7", "port")}
tags: [open, {sealed("hunter2", "tags")}]
labels: {{role: db, code: {sealed("hunter2", "labels")}}}
"""
    settings = reading(tmp_path, text, SYSMON_SEAL_KEY_FILE=key_file).settings
    assert settings == Settings("hunter2", 7, ("open", "hunter2"), {"role": "db", "code": "hunter2"})


def test_a_variable_may_be_sealed(tmp_path: Path, key_file: str) -> None:
    """A variable, and a file that a variable names, may hold a sealed value as a settings file does."""
    (tmp_path / "token").write_text(sealed("hunter2", "vault.token") + "\n")
    environ = {"SYSMON_NAME": sealed("hunter2", "name"), "SYSMON_VAULT__TOKEN_FILE": str(tmp_path / "token")}
    settings = reading(tmp_path, "", SYSMON_SEAL_KEY_FILE=key_file, **environ).settings
    assert (settings.name, settings.vault.token) == ("hunter2", "hunter2")


def test_secrets_are_never_listed(tmp_path: Path, key_file: str) -> None:
    """Listings show `(secret)` for what was sealed and for settings that are secrets, and the rest as it is."""
    text = f"""
name: {sealed("hunter2", "name")}
port: {sealed("7", "port")}
tags: [open, {sealed("hunter2", "tags")}]
labels: {{role: db, code: {sealed("hunter2", "labels")}}}
vault: {{token: hunter2}}
"""
    rows = {row.key: row.value for row in reading(tmp_path, text, SYSMON_SEAL_KEY_FILE=key_file).rows}
    assert rows == {
        "name": "(secret)",
        "port": "(secret)",
        "tags": ("open", "(secret)"),
        "labels": {"role": "db", "code": "(secret)"},
        "vault.token": "(secret)",
        "vault.mode": "soft",
    }


def test_settings_can_be_printed(tmp_path: Path, key_file: str) -> None:
    """The representation of settings, which a traceback may show, holds no secret."""
    text = f"tags: [{sealed('hunter2', 'tags')}]\nname: {sealed('hunter2', 'name')}\nvault: {{token: hunter2}}\n"
    shown = repr(reading(tmp_path, text, SYSMON_SEAL_KEY_FILE=key_file))
    assert "hunter2" not in shown
    assert shown.count("(secret)") == 6


def test_without_a_key_each_sealed_value_is_a_fault(tmp_path: Path) -> None:
    """Sealed values without a key are listed with their lines, beside all other faults."""
    text = f"name: {sealed('hunter2', 'name')}\nport: 0\ntags: [{sealed('hunter2', 'tags')}]\n"
    missing = "is sealed and cannot be opened: There is no seal key; run `SYSMON_SEAL_KEY_FILE=FILE sysmon secrets"
    said = faults(tmp_path, text)
    assert said[0].startswith(f"settings.yaml:1: `name` {missing}")
    assert said[1] == "settings.yaml:2: `port` is out of range: 0; give 1 to 9"
    assert said[2].startswith(f"settings.yaml:3: `tags` {missing}")


def test_a_value_of_another_key_is_a_fault(tmp_path: Path, key_file: str) -> None:
    """A value that was sealed with another key is reported with its line and the names of both keys."""
    text = f"\nname: {seal('hunter2', key=b'o' * 32, setting='name')}\n"
    (said,) = faults(tmp_path, text, SYSMON_SEAL_KEY_FILE=key_file)
    assert said.startswith("settings.yaml:2: `name` is sealed and cannot be opened: The value was sealed with the key ")
    assert said.endswith("; run `sysmon secrets check FILE`")


def test_a_value_that_was_moved_is_a_fault(tmp_path: Path, key_file: str) -> None:
    """A sealed value opens in no other setting than the one that it was sealed for."""
    text = f"labels: {{shown: {sealed('hunter2', 'vault.token')}}}\n"
    (said,) = faults(tmp_path, text, SYSMON_SEAL_KEY_FILE=key_file)
    assert "for another setting, or is damaged" in said


def test_an_open_key_is_a_fault(tmp_path: Path, key_file: str) -> None:
    """A seal key that others may read opens nothing, and the fault says how to close it."""
    Path(key_file).chmod(0o644)
    (said,) = faults(tmp_path, f"name: {sealed('hunter2', 'name')}\n", SYSMON_SEAL_KEY_FILE=key_file)
    assert "Others may read the seal key" in said
    assert f"chmod 600 {Path(key_file).name}`" in said


def test_refused_secrets_are_not_quoted(tmp_path: Path, key_file: str) -> None:
    """A secret that its setting cannot hold is refused without being told."""
    text = f"port: {sealed('hunter2', 'port')}\nlabels: {sealed('hunter2', 'labels')}\nvault: {{mode: hunter2}}\n"
    assert faults(tmp_path, text, SYSMON_SEAL_KEY_FILE=key_file) == [
        "settings.yaml:1: `port` cannot hold the secret that it was given; the default is 1",
        "settings.yaml:2: `labels` cannot hold the secret that it was given; write them as role=db,env=prod",
        "settings.yaml:3: `vault.mode` cannot hold the secret that it was given; choose soft, hard",
    ]


def test_a_secret_is_not_taken_from_the_command_line() -> None:
    """An option would show a secret to every user of the machine, so it is refused with the variable to use."""
    with pytest.raises(ConfigError) as caught:
        read_with_sources(Settings, path=None, environ={}, overrides={"vault.token": "hunter2"})
    assert str(caught.value.faults[0]) == (
        "option vault.token: a secret on the command line can be read by every user of this machine; "
        "name a file that holds it in SYSMON_VAULT__TOKEN_FILE"
    )
