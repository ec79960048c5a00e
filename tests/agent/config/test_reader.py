import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.config.reader import read, read_with_sources
from sysmon_agent.config.values import AgentSettings, section, setting
from sysmon_agent.errors import ConfigError
from sysmon_agent.wire.decode import decode_hello
from sysmon_agent.wire.encode import encode_hello
from tests.support.pushes import a_hello


def from_text(folder: Path, text: str, **environ: str) -> AgentSettings:
    file = folder / "agent.yaml"
    file.write_text(text)
    return read(AgentSettings, path=file, environ=environ, overrides={})


def faults(folder: Path, text: str, **environ: str) -> list[str]:
    """Read `text` as agent.yaml and return its faults without the folder's name."""
    with pytest.raises(ConfigError) as caught:
        from_text(folder, text, **environ)
    return [str(fault).replace(f"{folder}/", "") for fault in caught.value.faults]


def test_without_sources_all_is_default() -> None:
    """Without file, variables and options every setting has its default."""
    assert read(AgentSettings, path=None, environ={}, overrides={}) == AgentSettings()


def test_a_file_sets_values_of_every_kind(tmp_path: Path) -> None:
    """A settings file holds texts, numbers, lists, maps and sections."""
    settings = from_text(
        tmp_path,
        """
name: web-01
interval_seconds: 2.5
tags: [edge, canary]
labels:
  role: web
spool:
  max_bytes: 1048576
""",
    )
    assert settings.name == "web-01"
    assert settings.interval_seconds == 2.5
    assert settings.tags == ("edge", "canary")
    assert settings.labels == {"role": "web"}
    assert settings.spool.max_bytes == 1 << 20
    assert settings.spool.keep_seconds == AgentSettings().spool.keep_seconds


def test_texts_mean_what_is_written(tmp_path: Path) -> None:
    """A country called `no` and a rack called 012 stay texts."""
    settings = from_text(tmp_path, "labels: {country: no, rack: 012, since: 2024-01-01}")
    assert settings.labels == {"country": "no", "rack": "012", "since": "2024-01-01"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("64 MiB", 64 << 20), ("64MiB", 64 << 20), ("2 MB", 2_000_000), ("1_048_576", 1 << 20), ("1.5 GiB", 3 << 29)],
)
def test_sizes_have_units(tmp_path: Path, text: str, expected: int) -> None:
    """A size may carry a unit, in powers of ten or of two."""
    assert from_text(tmp_path, f"spool: {{max_bytes: {text}}}").spool.max_bytes == expected


@pytest.mark.parametrize(("text", "expected"), [("90", 90), ("90s", 90), ("15 m", 900), ("1h", 3600), ("1500 ms", 1.5)])
def test_durations_have_units(tmp_path: Path, text: str, expected: float) -> None:
    """A duration may carry a unit."""
    assert from_text(tmp_path, f"interval_seconds: {text}").interval_seconds == expected


def test_later_sources_win(tmp_path: Path) -> None:
    """An option beats a variable, which beats conf.d, which beats the file, which beats the default."""
    file = tmp_path / "agent.yaml"
    file.write_text("name: file\nlog_level: debug\ntags: [file]\ninterval_seconds: 3\n")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "10.yaml").write_text("name: first part\ntags: [first part]\n")
    (tmp_path / "conf.d" / "20.yaml").write_text("name: second part\n")
    environ = {"SYSMON_NAME": "variable", "SYSMON_LOG_LEVEL": "error"}
    reading = read_with_sources(AgentSettings, path=file, environ=environ, overrides={"name": "option", "tags": None})
    assert reading.settings.name == "option"
    assert reading.settings.log_level == "error"
    assert reading.settings.tags == ("first part",)
    sources = {row.key: row.source.replace(f"{tmp_path}/", "") for row in reading.rows}
    assert sources["name"] == "option name"
    assert sources["log_level"] == "SYSMON_LOG_LEVEL"
    assert sources["tags"] == "conf.d/10.yaml:2"
    assert sources["interval_seconds"] == "agent.yaml:4"
    assert sources["spool.max_bytes"] == "default"


def test_parts_of_another_program_are_left_to_it(tmp_path: Path) -> None:
    """A part named for the aggregator may lie beside the agent's and is not read by it."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "aggregator-region.yaml").write_text("region: eu\n")
    (tmp_path / "conf.d" / "agent-name.yaml").write_text("name: part\n")
    assert from_text(tmp_path, "").name == "part"


def test_parts_that_cannot_be_read_are_not_left_out_in_silence(tmp_path: Path) -> None:
    """Where the folder of the parts cannot be read, that is a fault and not a folder without parts."""
    (tmp_path / "conf.d").symlink_to("conf.d")  # to itself: an error for root, too
    (fault,) = faults(tmp_path, "")
    assert fault.startswith("conf.d: the folder cannot be read")


def test_variables_reach_nested_lists_and_maps() -> None:
    """Variables set nested values, and lists and maps separated by commas."""
    environ = {"SYSMON_SPOOL__MAX_BYTES": "1 GiB", "SYSMON_TAGS": "a, b", "SYSMON_LABELS": "role=db,env=prod"}
    settings = read(AgentSettings, path=None, environ=environ, overrides={})
    assert settings.spool.max_bytes == 1 << 30
    assert settings.tags == ("a", "b")
    assert settings.labels == {"role": "db", "env": "prod"}


def test_a_variable_of_another_program_is_ignored() -> None:
    """Agent, aggregator and commands share the prefix, so a foreign section is no fault."""
    environ = {"SYSMON_CONSOLE__SOCKET": "/run/x", "SYSMON_UPDATE_GOLDEN": "1", "PATH": "/bin"}
    assert read(AgentSettings, path=None, environ=environ, overrides={}) == AgentSettings()


def test_paths_start_from_the_folder_of_their_file(tmp_path: Path) -> None:
    """A relative path in a file is relative to that file; one from a variable stays as it is."""
    settings = from_text(tmp_path, "tls: {key: pki/key.pem, authority: /ca.pem}", SYSMON_SPOOL__DIRECTORY="spool")
    assert settings.tls.key == str(tmp_path / "pki" / "key.pem")
    assert settings.tls.authority == "/ca.pem"
    assert settings.spool.directory == "spool"


def test_every_fault_is_reported_at_once(tmp_path: Path) -> None:
    """Unknown names, wrong types and values out of range are listed together, each with its line and a suggestion."""
    text = """\
intervall_seconds: 5
interval_seconds: yes
max_bytes: 3
aggregators: [foo, "bar:99999"]
spool:
  max_bytes: 1 KiB
  when_full: drop
  keep_seconds: 1.5
  color: red
tls: 5
uplink:
log_level:
tags: {a: b}
labels: [a]
name: [a]
"""
    assert faults(tmp_path, text, SYSMON_SPOOL__MAX_BYTE="3", SYSMON_UPLINK__TIMEOUT_SECONDS="5 parsecs") == [
        "agent.yaml:1: there is no setting `intervall_seconds`; did you mean `interval_seconds`?",
        "agent.yaml:2: `interval_seconds` must be a number, not 'yes'; the default is 10.0",
        "agent.yaml:3: there is no setting `max_bytes`; did you mean `spool.max_bytes`?",
        (
            "agent.yaml:4: `aggregators` must be HOST:PORT, not 'foo'; "
            "write host and port, such as localhost:7443 or [::1]:7443"
        ),
        "agent.yaml:4: `aggregators` must be HOST:PORT, not 'bar:99999'; give a port from 0 to 65535",
        "agent.yaml:6: `spool.max_bytes` is out of range: 1024; give 1_048_576 to 1_099_511_627_776",
        "agent.yaml:7: `spool.when_full` cannot be 'drop'; choose drop_oldest, drop_newest",
        "agent.yaml:8: `spool.keep_seconds` must be a whole number, not 1.5; the default is 900",
        (
            "agent.yaml:9: there is no setting `spool.color`; "
            "there are directory, keep_seconds, max_bytes, min_free_bytes, when_full"
        ),
        "agent.yaml:10: the section `tls` must consist of settings; write `name: value` lines",
        "agent.yaml:12: there is no value; write one, or remove the line to get the default",
        "agent.yaml:13: `tags` must be a list; write each entry on a line of its own, after a dash",
        "agent.yaml:14: `labels` must be a map; write each entry as `name: value` on a line of its own",
        "agent.yaml:15: `name` must be a single value; write it on one line, after the colon",
        "SYSMON_SPOOL__MAX_BYTE: no setting has this variable; did you mean SYSMON_SPOOL__MAX_BYTES?",
        (
            "SYSMON_UPLINK__TIMEOUT_SECONDS: `uplink.timeout_seconds` has an unknown unit 'parsecs'; "
            "use one of ms, s, m, h, d"
        ),
    ]


@pytest.mark.parametrize("name", ["labels", "metadata"])
def test_more_entries_than_travel_are_refused(tmp_path: Path, name: str) -> None:
    """More labels or metadata than an aggregator accepts are a fault of the file, not of every hello."""
    entries = "".join(f"  key-{number}: x\n" for number in range(65))
    assert faults(tmp_path, f"{name}:\n{entries}") == [f"agent.yaml:2: `{name}` has 65 entries; keep at most 64"]
    assert len(getattr(from_text(tmp_path, f"{name}:\n{entries.replace('  key-64: x', '')}"), name)) == 64


def test_more_text_than_travels_is_refused(tmp_path: Path) -> None:
    """Labels that are together too long for one message are refused, however few they are."""
    entries = "".join(f"  key-{number}: {'x' * 4096}\n" for number in range(64))
    assert faults(tmp_path, f"labels:\n{entries}") == [
        "agent.yaml:2: `labels` has entries of 262518 bytes in all; keep them within 262144 bytes"
    ]


def test_the_most_that_is_accepted_travels() -> None:
    """Labels, tags and metadata at their limits fit into a hello that aggregators accept."""
    entries = {f"key-{number:02d}": "x" * 4089 for number in range(64)}
    settings = read(
        AgentSettings,
        path=None,
        environ={},
        overrides={"labels": entries, "metadata": entries, "tags": ["x" * 4096] * 64},
    )
    pairs = tuple(settings.labels.items())
    hello = replace(a_hello(), labels=pairs, metadata=tuple(settings.metadata.items()), tags=settings.tags)
    assert decode_hello(encode_hello(hello)).labels == pairs


def test_a_variable_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A variable whose bytes are not UTF-8 is named, with what to do."""
    undecodable = os.fsdecode(b"web-\xff")
    assert faults(tmp_path, "", SYSMON_NAME=undecodable) == [
        "SYSMON_NAME: `name` is too long or holds characters that cannot be shown; keep it within 4096 bytes"
    ]


def test_an_overridden_value_is_still_checked(tmp_path: Path) -> None:
    """A wrong value in the file is reported even where a variable overrides it."""
    assert len(faults(tmp_path, "log_level: loud", SYSMON_LOG_LEVEL="info")) == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: a\nname: b\n", "agent.yaml:2: `name` stands here twice; remove this or the one in line 1"),
        ("labels:\n  a: 1\n  a: 2\n", "agent.yaml:3: `a` stands here twice; remove this or the one in line 2"),
        ("- a\n", "agent.yaml:1: a settings file must consist of settings; write `name: value` lines"),
        ("a: &x 1\nb: *x\n", "agent.yaml:2: this is no valid YAML: anchors and aliases are not used here; "),
        ("? [a]\n: b\n", "agent.yaml:1: a name must be a word; write `name: value`"),
        ("name: a\n---\nname: b\n", "agent.yaml:2: this is no valid YAML: but found another document; "),
        ("spool:\n\tmax_bytes: 3\n", "agent.yaml:2: this is no valid YAML: "),
        ("name: a: b\n", "agent.yaml:1: this is no valid YAML: mapping values are not allowed here; quote "),
        ("name: !!python/name:os.system", "agent.yaml:1: this is no valid YAML: tags are not used here; "),
        ("[" * 5000, "agent.yaml:1: this is no valid YAML: values are nested too deeply; "),
        ("name: \x00", "agent.yaml: this is no settings file: "),
        ("labels: {a: }", "agent.yaml:1: there is no value; "),
        ('labels: {"": b}', "agent.yaml:1: `labels` cannot have an entry named ''; "),
        ('name: "a\\nb"', "agent.yaml:1: `name` is too long or holds characters that cannot be shown; "),
    ],
)
def test_bad_yaml_is_told_by_line(tmp_path: Path, text: str, fault: str) -> None:
    """What is no settings file is refused with its line and what to write."""
    assert [said[: len(fault)] for said in faults(tmp_path, text)] == [fault]


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A file beyond a mebibyte is refused before it is parsed."""
    assert "larger than" in faults(tmp_path, "#" * (1 << 21))[0]


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    """A settings file that was named must exist."""
    with pytest.raises(ConfigError, match="No such file"):
        read(AgentSettings, path=tmp_path / "none.yaml", environ={}, overrides={})


def test_an_unknown_option_is_a_fault() -> None:
    """An option that names no setting is reported with the setting that was probably meant."""
    with pytest.raises(ConfigError) as caught:
        read(AgentSettings, path=None, environ={}, overrides={"spool.maxbytes": 1})
    assert str(caught.value.faults[0]) == (
        "option spool.maxbytes: there is no such setting; did you mean `spool.max_bytes`?"
    )


@dataclass(frozen=True, slots=True)
class Vault:
    token: str = setting("", "A token.", secret=True)


@dataclass(frozen=True, slots=True)
class WithSecret:
    vault: Vault = section(Vault)


def test_a_secret_comes_from_a_file_and_is_never_shown(tmp_path: Path) -> None:
    """A secret may lie in a file that a variable names, and no listing shows it."""
    (tmp_path / "token").write_text("s3cret\n")
    environ = {"SYSMON_VAULT__TOKEN_FILE": str(tmp_path / "token")}
    reading = read_with_sources(WithSecret, path=None, environ=environ, overrides={})
    assert reading.settings.vault.token == "s3cret"
    assert [(row.value, row.source) for row in reading.rows] == [("(secret)", "SYSMON_VAULT__TOKEN_FILE")]


def test_a_secret_file_that_is_missing_is_a_fault() -> None:
    """A variable that names a missing file is reported by its name."""
    with pytest.raises(ConfigError, match="SYSMON_VAULT__TOKEN_FILE: the file /none cannot be read"):
        read(WithSecret, path=None, environ={"SYSMON_VAULT__TOKEN_FILE": "/none"}, overrides={})


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """No content of a settings file ends in anything but settings or a list of faults."""
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(ConfigError):
        assert isinstance(read(AgentSettings, path=file, environ={}, overrides={}), AgentSettings)
