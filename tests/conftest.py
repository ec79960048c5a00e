"""What every test of the house shares."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Machines differ in speed, so no property has a deadline, and a slow generator is no failure.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("house"), max_examples=200, print_blob=True, database=None)
# For a search of an hour: make test-python ARGS="--hypothesis-profile=thorough tests/agent/wire".
settings.register_profile("thorough", settings.get_profile("house"), max_examples=20_000)
settings.load_profile("ci" if os.environ.get("CI") else "house")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many damaged inputs were tried; what tests record reaches this also from other processes."""
    properties = [each for report in terminalreporter.getreports("passed") for each in report.user_properties]
    if tried := sum(value for name, value in properties if name == "inputs"):
        terminalreporter.write_line(f"{tried} damaged inputs were tried.")
