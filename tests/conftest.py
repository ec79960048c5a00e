"""What every test of the house shares."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.clusters.consul import ConsulCluster, consul_cluster
from tests.support.clusters.garage import GarageCluster, garage_cluster

# Machines differ in speed, so no property has a deadline, and a slow generator is no failure.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("house"), max_examples=200, print_blob=True, database=None)
# For a search of an hour: make test-python ARGS="--hypothesis-profile=thorough tests/agent/wire".
settings.register_profile("thorough", settings.get_profile("house"), max_examples=20_000)
settings.load_profile("ci" if os.environ.get("CI") else "house")


@pytest.fixture(scope="session")
def consul_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsulCluster]:
    """Three Consul servers that all tests of a process share; whoever ends one starts it again."""
    with consul_cluster(tmp_path_factory.mktemp("consul")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def garage_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GarageCluster]:
    """Three Garage nodes with one bucket that all tests of a process share; each takes a prefix of its own."""
    with garage_cluster(tmp_path_factory.mktemp("garage")) as cluster:
        yield cluster


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs several servers at once: one such test at a time is as much as a small machine bears."""
    for item in items:
        if isinstance(item, pytest.Function) and _runs_servers(item):
            item.add_marker(pytest.mark.region)


def _runs_servers(item: pytest.Function) -> bool:
    if {"consul_servers", "garage_nodes"} & set(item.fixturenames):
        return True
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    if {"real", "garage"} & {each for each in parameters if isinstance(each, str)}:
        return True
    modules = {getattr(each, "__module__", None) or "" for each in vars(item.module).values()}
    return any(module.startswith(("tests.support.clusters", "tests.chaos")) for module in modules)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many damaged inputs were tried; what tests record reaches this also from other processes."""
    properties = [each for report in terminalreporter.getreports("passed") for each in report.user_properties]
    if tried := sum(value for name, value in properties if name == "inputs"):
        terminalreporter.write_line(f"{tried} damaged inputs were tried.")
