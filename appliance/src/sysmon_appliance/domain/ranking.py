"""What processes are compared by."""

from enum import StrEnum


class Ranking(StrEnum):
    """What the top is told by."""

    CPU = "cpu"
    MEMORY = "memory"
    IO = "io"
