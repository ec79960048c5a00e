"""Texts that must not be shown."""

HIDDEN = "(secret)"
"""What stands wherever a secret would be shown."""


class Secret(str):
    """A text whose `repr` hides it: settings that end up in a log or a traceback do not give it away."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN
