"""Tests are sentences about the product."""

import ast

from tests.support.tree import modules


def sentence_fault(text: str | None) -> str:
    """Say what keeps a docstring from being one sentence; empty when it is one."""
    if not text:
        return "no docstring"
    if "\n\n" in text:
        return "more than one paragraph"
    return "" if text.endswith((".", "?")) else "no full stop at its end"


def test_each_test_states_the_behaviour() -> None:
    """Each test opens with one sentence that would make sense in a changelog."""
    faults = {
        f"{module.name}:{function.lineno} {function.name}": sentence_fault(ast.get_docstring(function))
        for module in modules("tests")
        for function in module.functions()
        if function.name.startswith("test_")
    }
    assert not {place: fault for place, fault in faults.items() if fault}


def test_no_test_uses_mocks() -> None:
    """Tests use fakes and real parts, never mocks, which agree with whatever the code happens to do."""
    users = {
        module.name
        for module in modules("tests")
        for node in module.nodes()
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unittest"))
        or (isinstance(node, ast.Import) and any(alias.name.startswith(("unittest", "mock")) for alias in node.names))
    }
    assert not users
