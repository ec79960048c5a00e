"""Secrets do not leave the host in command lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.collectors.redact import MAX_CHARACTERS, redact

SECRETS = [
    ["app", "--password", "hunter2"],
    ["app", "--password=hunter2"],
    ["app", "--password=hunter2 and more"],
    ["app", "--db-password", "hunter2 and more"],
    ["app", "-password", "hunter2"],
    ["app", "--token=hunter2", "--verbose"],
    ["app", "--api-key", "hunter2"],
    ["app", "--client_secret=hunter2"],
    ["app", "--password", "--token", "hunter2"],
    ["app", "--password", "--password", "hunter2"],
    ["env", "PGPASSWORD=hunter2", "psql"],
    ["env", "AWS_SECRET_ACCESS_KEY=hunter2", "aws", "s3", "ls"],
    ["java", "-Djavax.net.ssl.keyStorePassword=hunter2", "-jar", "x.jar"],
    ["psql", "postgresql://user:hunter2@db.example/shop"],
    ["psql", "postgresql://user:p/w@hunter2@db.example/shop"],
    ["redis-server", "redis://:hunter2@localhost"],
    ["curl", "https://host.example/?page=2&token=hunter2&x=1"],
    ["curl", "-H", "Authorization: Bearer hunter2", "https://host.example"],
    ["curl", "-H", "authorization:hunter2"],
    ["curl", "-H", "X-Api-Key: hunter2"],
    ["curl", "--cookie", "hunter2", "https://host.example"],
    ["curl", "-u", "me:hunter2", "https://host.example"],
    ["curl", "-ume:hunter2", "https://host.example"],
    ["/usr/bin/mysql", "-u", "root", "-phunter2", "shop"],
    ["mysqldump", "-p", "hunter2", "shop"],
    ["sshpass", "-p", "hunter2", "ssh", "host"],
    ["sudo", "mysql", "-phunter2"],
    ["redis-cli", "-a", "hunter2"],
    ["ldapsearch", "-x", "-w", "hunter2"],
    ["sh", "-c", "export PGPASSWORD=hunter2; psql"],
    ["sh", "-c", "PASSWORD='hunter2 and more' app --fast"],
    ["sh", "-c", "mysql -uroot -phunter2 shop"],
    ["sh", "-c", 'curl -H "Authorization: Basic hunter2" host'],
    ["app --password hunter2 (main)"],
    ["app", '{"user": "me", "password": "hunter2"}'],
    ["app", '{"user":"me","password":"hunter2"}'],
    ["app", "user=me;password=hunter2;host=db"],
    ["app", "passphrase:hunter2"],
    ["app", "https://me:hunter2@host.example/?session=1"],
    ["mysql", "-phunter2"],
    ["mariadb-dump", "--all-databases", "-phunter2"],
    ["app", "--password", "hunter2", "--user", "me"],
    ["env", "SYSMON_TOKEN=hunter2", "sysmon", "hosts", "list"],
    ["env", "SYSMON_VAULT__TOKEN=hunter2", "sysmon-aggregator", "run"],
    ["docker", "run", "-e", "API_TOKEN=hunter2", "image"],
    ["git", "clone", "https://oauth2:hunter2@git.example/project.git"],
    ["mongosh", "mongodb://root:hunter2@db1,db2/admin?replicaSet=rs0"],
    ["amqp-consume", "--url", "amqp://guest:hunter2@mq:5672/%2f"],
]


@pytest.mark.parametrize("argv", SECRETS, ids=" ".join)
def test_secrets_are_hidden(argv: list[str]) -> None:
    """Passwords, tokens and keys are hidden, in whichever way a program takes them."""
    assert "hunter2" not in redact(argv)


@pytest.mark.parametrize(
    "key",
    [
        "0123456789abcdef0123456789abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "glpat-aBcDeFgHiJkLmNoPqRsT",
        "xoxb-123456789012-abcdef",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0aB9.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY99",
        "smapi_3f9c2ab1_qwertyuiopasdfghjkl",
        "sysmon1.eyjpijoidgvzdcisinmioijzzwnyzxqifq",
    ],
)
def test_words_that_look_like_keys_are_hidden(key: str) -> None:
    """Long words of hexadecimal or mixed characters, and the known forms of keys, are hidden wherever they stand."""
    shown = redact(["app", key, f"--id={key}", f"https://{key}@host.example", f"id={key}&token=x"])
    assert not any(part in shown for part in key.split(".") if len(part) > 16)


@pytest.mark.parametrize(
    "argv",
    [
        ["/usr/sbin/nginx", "-g", "daemon off;"],
        ["/usr/lib/jvm/java-17-openjdk-amd64/bin/java", "-Xmx4g", "-jar", "/opt/shop/shop-1.2.3.jar"],
        ["postgres: walwriter"],
        ["python3", "-m", "http.server", "--bind", "127.0.0.1", "8000"],
        ["ssh", "-p", "2222", "git@host.example"],
        ["rsync", "-av", "/srv/data", "backup.example:/srv"],
        ["app", "--author=me", "--uuid", "123e4567-e89b-12d3-a456-426614174000"],
        ["kubelet", "--node-labels=pool=blue", "--v=2"],
        ["git", "clone", "https://host.example:8443/project.git"],
    ],
    ids=" ".join,
)
def test_ordinary_commands_are_shown_whole(argv: list[str]) -> None:
    """Commands without secrets are shown as they are."""
    assert redact(argv) == " ".join(argv)


def test_the_rest_of_a_command_stays_readable() -> None:
    """Only the secret is hidden: program, options and what is not secret stay."""
    argv = ["/usr/bin/app", "--host=db", "--password=hunter2", "--port", "5432"]
    assert redact(argv) == "/usr/bin/app --host=db --password=*** --port 5432"
    assert redact(["psql", "postgresql://me:hunter2@db/shop"]) == "psql postgresql://me:***@db/shop"


def test_long_commands_are_cut() -> None:
    """A command line is cut to what a table can show."""
    shown = redact(["app", *["argument"] * 500])
    assert len(shown) == MAX_CHARACTERS
    assert shown.endswith("…")


@given(st.lists(st.text(max_size=40), max_size=8), st.text(st.characters(categories=["L", "N"]), min_size=8))
def test_no_surroundings_reveal_an_option_value(before: list[str], secret: str) -> None:
    """Whatever else stands on a command line, the value of a password option is hidden."""
    others = [argument for argument in before if secret not in argument]
    shown = redact([*others, "--password", secret])
    assert secret not in shown


@given(st.lists(st.text(st.sampled_from("ab -='\"\t:@/") | st.characters(), max_size=60), max_size=8))
def test_any_command_can_be_redacted(argv: list[str]) -> None:
    """Any arguments at all give a command line, never an error."""
    assert len(redact(argv)) <= MAX_CHARACTERS
