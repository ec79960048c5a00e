"""`sysmon-agent enroll`, as people and Ansible use it."""

import json
from pathlib import Path

import pytest

from sysmon_agent.wire.token import TOKEN_PREFIX
from tests.support.joining_commands import Host
from tests.support.region import Region
from tests.support.system import eventually


def test_a_token_from_standard_input_enrols(region: Region, host: Host) -> None:
    """The token may come from standard input; what was done and what comes next is said."""
    done = host.run("enroll", "--token-file", "-", text=region.token() + "\n")
    (host_id,) = region.hosts()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"This host is enrolled as {host_id}.\n")
    assert done.stdout.endswith(f"Next: sysmon-agent run --config {host.config}\n")


def test_a_token_in_a_file_enrols(region: Region, host: Host, tmp_path: Path) -> None:
    """The token may lie in a file, as configuration management leaves it."""
    (tmp_path / "token").write_text(region.token())
    assert host.run("enroll", "--token-file", str(tmp_path / "token")).returncode == 0
    assert host.run("enroll", "--force", "--token-file", str(tmp_path / "none")).returncode == 2


@pytest.mark.fault
def test_a_token_on_the_command_line_leaves_the_list_of_processes(region: Region, host: Host) -> None:
    """While an enrolment waits, no process shows its token, though it was given as an argument."""
    with host.start("enroll", region.token(approval=True)) as enrolling:
        region.waiting()
        shown = Path(f"/proc/{enrolling.pid}/cmdline").read_bytes()
        assert b"sysmon_agent" in shown
        assert TOKEN_PREFIX.encode() not in shown
        region.approve()
        output, log = enrolling.communicate(timeout=60)
    assert (enrolling.returncode, log.count("An operator must approve this host")) == (0, 1)
    assert "is enrolled as" in output


def test_waiting_can_be_left_to_later(region: Region, host: Host) -> None:
    """With --no-wait an enrolment that must be approved ends with 7 and the command that approves it."""
    token = region.token(approval=True)
    waiting = host.run("enroll", "--no-wait", "--token-file", "-", text=token)
    assert waiting.returncode == 7
    assert f"hint: sysmon enrolments approve {region.waiting().id}" in waiting.stderr
    region.approve()
    assert host.run("enroll", "--no-wait", "--token-file", "-", text=token).returncode == 0


@pytest.mark.parametrize(("cut", "said"), [(slice(None, 60), "was cut short"), (slice(1, None), "is no join token")])
def test_a_damaged_token_is_told_before_anybody_is_asked(region: Region, host: Host, cut: slice, said: str) -> None:
    """A token that lost its end is told from one that is none; both are wrong usage."""
    done = host.run("enroll", "--token-file", "-", text=region.token()[cut])
    assert done.returncode == 2
    assert said in done.stderr
    assert not host.pki.exists()


def test_a_refused_token_is_a_matter_of_permission(region: Region, host: Host) -> None:
    """A token that lets nobody in any more ends with 4 and the aggregator's own words."""
    token = region.token()
    host.run("enroll", "--token-file", "-", text=token)
    done = host.run("enroll", "--force", "--token-file", "-", text=token)
    assert done.returncode == 4
    assert done.stderr.startswith("error[token_used_up]: ")


def test_nobody_there_is_unreachable(region: Region, host: Host) -> None:
    """Where no address of the token answers the command ends with 5."""
    done = host.run("enroll", "--token-file", "-", text=region.token(addresses=("127.0.0.1:1",)))
    assert done.returncode == 5


def test_an_enrolled_host_is_left_alone(region: Region, host: Host) -> None:
    """A second enrolment is a conflict and costs no token; --force makes the machine another host."""
    host.run("enroll", "--token-file", "-", text=region.token())
    before = region.hosts()
    token = region.token()
    refused = host.run("enroll", "--token-file", "-", text=token)
    assert (refused.returncode, region.hosts()) == (6, before)
    assert host.run("enroll", "--force", "--token-file", "-", text=token).returncode == 0
    assert len(region.hosts()) == 2


def test_a_host_can_be_put_in_the_place_of_another(region: Region, host: Host, tmp_path: Path) -> None:
    """With --replace an operator is asked whether this machine may continue the other's history."""
    host.run("enroll", "--token-file", "-", text=region.token())
    (old,) = region.hosts()
    new = Host(tmp_path / "new", region.address)
    token = region.token()
    waiting = new.run("enroll", "--replace", old, "--no-wait", "--token-file", "-", text=token)
    assert (waiting.returncode, region.waiting().about) == (7, old)
    region.approve()
    assert new.run("enroll", "--replace", old, "--token-file", "-", text=token).returncode == 0
    assert region.hosts() == {old}


def test_the_addresses_are_remembered(region: Region, tmp_path: Path) -> None:
    """Where no aggregators are set, those of the region are written beside the settings, and used from then on."""
    host = Host(tmp_path / "unset")
    done = host.run("enroll", "--token-file", "-", text=region.token())
    file = host.folder / "conf.d" / "agent-enrolment.yaml"
    assert f"written to {file}" in done.stdout
    rows = json.loads(host.run("config", "show", "-o", "json").stdout)
    (row,) = (row for row in rows if row["setting"] == "aggregators")
    assert row["source"].startswith(str(file))
    again = host.run("enroll", "--force", "--token-file", "-", text=region.token())
    assert f"written to {file}" in again.stdout


def test_addresses_that_are_set_stay(region: Region, host: Host) -> None:
    """Aggregators that the operator has set are not overridden."""
    done = host.run("enroll", "--token-file", "-", text=region.token())
    assert f"{region.address}, as the settings say" in done.stdout
    assert not (host.folder / "conf.d").exists()


def test_a_host_that_is_not_enrolled_learns_how(host: Host) -> None:
    """Without a certificate `check` and `renew` name the command that gets one."""
    checked, renewed = host.run("check"), host.run("renew")
    assert "hint: sysmon-agent enroll" in checked.stdout
    assert renewed.returncode == 4
    assert "hint: sysmon-agent enroll" in renewed.stderr


@pytest.mark.fault
def test_the_first_sample_follows_the_token(region: Region, host: Host) -> None:
    """A host that is enrolled and started delivers, without another word of anybody."""
    host.run("enroll", "--token-file", "-", text=region.token())
    (host_id,) = region.hosts()
    with host.start("run"):
        eventually(lambda: region.delivered(host_id), "the first tick is delivered")
        checked = host.run("check")
    assert checked.returncode == 0, checked.stdout
    assert f"agent {host_id} of region local, serial " in checked.stdout
