"""Names of users."""


class UserNames:
    """Looks user ids up once each: the directory that answers may be a network away."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def __call__(self, uid: int) -> str:
        """Return the user's name, or the number itself where it has none."""
        if uid not in self._names:
            self._names[uid] = _look_up(uid)
        return self._names[uid]


def _look_up(uid: int) -> str:
    import pwd  # noqa: PLC0415 - the module exists on Unix only, and this one is imported everywhere

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
