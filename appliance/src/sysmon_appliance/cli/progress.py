"""A bar on the terminal for what takes a while; scripts see none of it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int, int], None]
"""Takes how much is done, and how much there is to do."""


@contextmanager
def progress(label: str) -> Iterator[Advance]:
    """Draw a bar on standard error until the end of the block, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    from rich.console import Console  # noqa: PLC0415 - rich takes a while, and scripts see none of it
    from rich.progress import Progress  # noqa: PLC0415 - as above

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
