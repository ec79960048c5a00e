"""Why a program cannot be had."""


class CannotGetError(Exception):
    """One sentence for whoever ran `make tools`."""
