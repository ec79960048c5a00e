"""Selectors choose hosts by what is known of them: role=db,env!=dev,rack,!retired.

Keys are labels; `name`, `id`, `status` and `tag` are keys too, unless a label of that name hides them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sysmon_appliance.errors import BadRequestError

MAX_TERMS = 20


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; without a value it asks whether the key is there."""

    key: str
    value: str | None
    negated: bool

    def matches(self, facts: Mapping[str, Collection[str]]) -> bool:
        values = facts.get(self.key, ())
        found = bool(values) if self.value is None else self.value in values
        return found != self.negated


@dataclass(frozen=True, slots=True)
class Selector:
    """Conditions that must all hold; none at all chooses every host."""

    terms: tuple[Term, ...] = ()

    def matches(self, facts: Mapping[str, Collection[str]]) -> bool:
        """Tell whether a host with these facts, each with its values, is chosen."""
        return all(term.matches(facts) for term in self.terms)


def parse(text: str) -> Selector:
    """Read a selector.

    Raises
    ------
    BadRequestError
        A term is no condition, or there are too many.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MAX_TERMS:
        raise BadRequestError(f"A selector may have {MAX_TERMS} terms, this one has {len(parts)}.")
    return Selector(tuple(_term(part) for part in parts))


def _term(text: str) -> Term:
    key, equals, value = text.partition("=")
    negated = key.endswith("!") if equals else key.startswith("!")
    key = key.rstrip("!") if equals else key.removeprefix("!")
    if not key.strip() or "!" in key or " " in key.strip():
        raise BadRequestError(
            f"The selector's term {text!r} is none of key=value, key!=value, key and !key.",
            hint="sysmon hosts list --selector role=db,env!=dev",
        )
    return Term(key.strip(), value.strip() if equals else None, negated)
