"""Programs of the repository that are no modules of a package."""

import importlib.util
from types import ModuleType

from tests.support.tree import ROOT


def load_program(path: str) -> ModuleType:
    """Load a program as a module; `path` is relative to the repository."""
    spec = importlib.util.spec_from_file_location(path.rpartition("/")[2].removesuffix(".py"), ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
