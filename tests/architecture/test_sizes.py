"""Small files and small functions, because they read well."""

import ast

from tests.support.tree import SOURCES, modules

LARGEST_FILE = 500
LARGEST_FUNCTION = 60


def lines_of_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines without its decorators and its docstring."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is None:
        return length
    return length - ((first.end_lineno or first.lineno) - first.lineno + 1)


def test_no_file_is_too_large_to_overlook() -> None:
    """No source file is longer than a reader can keep in mind."""
    sizes = {module.name: module.text.count("\n") for module in modules(*SOURCES)}
    assert not {name: size for name, size in sizes.items() if size > LARGEST_FILE}


def test_no_function_has_to_be_scrolled() -> None:
    """No function of the sources is longer than a screen."""
    sizes = {
        f"{module.name}:{function.lineno} {function.name}": lines_of_body(function)
        for module in modules(*SOURCES)
        for function in module.functions()
    }
    assert not {name: size for name, size in sizes.items() if size > LARGEST_FUNCTION}
