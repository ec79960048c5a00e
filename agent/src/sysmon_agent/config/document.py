"""Reads one YAML file into located values.

PyYAML's composer gives each node with its line, and builds no Python objects, so a settings file can hold data only.
Scalars stay text: what `no` or `12` means is for the setting's type to say, which spares people YAML's surprises.
Anchors are refused, because they let a small file describe a huge one, and no settings file needs them.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any

import yaml

from sysmon_agent.config.declared import Declared, Path, sections
from sysmon_agent.config.sources import Found, Report
from sysmon_agent.errors import Fault

MAX_FILE_BYTES = 1 << 20
MAX_DEPTH = 8

_NULL = "tag:yaml.org,2002:null"


class _Loader(yaml.SafeLoader):
    """Composes nodes, refusing aliases, tags and deep nesting before they cost anything."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call] # the stubs leave it open
        if isinstance(event, yaml.AliasEvent):
            raise _refused("anchors and aliases are not used here", event)
        if getattr(event, "tag", None):
            raise _refused("tags are not used here", event)
        if self.depth == MAX_DEPTH:
            raise _refused("values are nested too deeply", event)
        self.depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _refused(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type] # either mark


class Document:
    """One settings file."""

    def __init__(self, file: FilePath, table: dict[Path, Declared], report: Report) -> None:
        self._file = file
        self._table = table
        self._sections = sections(table)
        self._report = report

    def values(self) -> Iterator[tuple[Path, Found]]:
        """Yield each setting that the file has; what is no setting is reported."""
        root = self._compose()
        if root is not None:
            yield from self._section(root, ())

    def _compose(self) -> yaml.Node | None:
        try:
            return yaml.compose(_read(self._file), Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            self._report(self._bad_yaml(error))
        except (yaml.YAMLError, ValueError) as error:
            self._report(Fault(str(self._file), f"this is no settings file: {_first_line(error)}", "write it as YAML"))
        except OSError as error:
            self._report(
                Fault(str(self._file), f"the file cannot be read: {error.strerror}", "check its path and mode")
            )
        return None

    def _bad_yaml(self, error: yaml.MarkedYAMLError) -> Fault:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "it cannot be understood"
        advice = "indent with spaces" if "\\t" in problem else "quote texts that hold : or #, and check the indentation"
        place = f"{self._file}:{mark.line + 1}" if mark else str(self._file)
        return Fault(place, f"this is no valid YAML: {problem}", advice)

    def _section(self, node: yaml.Node, above: Path) -> Iterator[tuple[Path, Found]]:
        if node.tag == _NULL:  # a section whose lines are all comments
            return
        if not isinstance(node, yaml.MappingNode):
            what = f"the section `{'.'.join(above)}`" if above else "a settings file"
            self._fault(node, f"{what} must consist of settings", "write `name: value` lines")
            return
        for name, key, value in self._entries(node):
            path = (*above, name)
            if path in self._sections:
                yield from self._section(value, path)
            elif path not in self._table:
                self._fault(key, f"there is no setting `{'.'.join(path)}`", self._advice(path))
            elif (found := self._found(value)) is not None:
                yield path, found

    def _entries(self, node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Yield name, key and value of each line of a mapping; the second of two equal names is reported."""
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fault(key, "a name must be a word", "write `name: value`")
            elif key.value in lines:
                self._fault(
                    key, f"`{key.value}` stands here twice", f"remove this or the one in line {lines[key.value]}"
                )
            else:
                lines[key.value] = key.start_mark.line + 1
                yield key.value, key, value

    def _found(self, node: yaml.Node) -> Found | None:
        """Locate a value and all inside it; what has none is reported and left out."""
        match node:
            case yaml.ScalarNode() if node.tag != _NULL or node.style is not None:
                return self._located(node, node.value)
            case yaml.SequenceNode():
                return self._located(node, tuple(item for item in map(self._found, node.value) if item is not None))
            case yaml.MappingNode():
                found = {name: self._found(value) for name, _, value in self._entries(node)}
                return self._located(node, {name: item for name, item in found.items() if item is not None})
        self._fault(node, "there is no value", "write one, or remove the line to get the default")
        return None

    def _located(self, node: yaml.Node, value: Any) -> Found:
        return Found(value, self._place(node), self._file.parent)

    def _place(self, node: yaml.Node) -> str:
        return f"{self._file}:{node.start_mark.line + 1}"

    def _fault(self, node: yaml.Node, problem: str, suggestion: str) -> None:
        self._report(Fault(self._place(node), problem, suggestion))

    def _advice(self, path: Path) -> str:
        """Find the setting that was probably meant: a similar name here, or the same name elsewhere."""
        level = len(path)
        names = [*self._table, *self._sections]
        here = {known[level - 1] for known in names if len(known) >= level and known[: level - 1] == path[:-1]}
        elsewhere = [".".join(known) for known in self._table if known[-1] == path[-1]]
        close = get_close_matches(path[-1], sorted(here), n=1) or elsewhere
        return f"did you mean `{close[0]}`?" if close else f"there are {', '.join(sorted(here))}"


def _read(file: FilePath) -> str:
    with file.open("rb") as opened:
        raw = opened.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise ValueError(f"it is larger than {MAX_FILE_BYTES} bytes")
    return raw.decode()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
