"""The page about the architecture."""

import tomllib

import pytest

from tests.support.tree import read

CONTRACTS = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
LAYERS = {contract["name"]: contract["layers"] for contract in CONTRACTS if contract["type"] == "layers"}


@pytest.mark.parametrize("contract", sorted(LAYERS))
def test_layers_are_shown_as_imports_are_checked(contract: str) -> None:
    """The page shows the layers of each package in the order in which imports may point."""
    shown = " ".join(read("docs/explanation/architecture.md").split())
    assert " → ".join(layer for layer in LAYERS[contract] if layer != "__main__") in shown
