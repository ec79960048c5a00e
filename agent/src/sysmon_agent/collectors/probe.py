"""Asking filesystems that may never answer.

A dead NFS server makes every call on its mounts hang, for hours and without a way to interrupt it. Each question is
therefore put by a thread of its own that may be left behind. A mount whose thread still hangs is not asked again, so at
most one thread per mount exists, whatever happens.
"""

import os
from collections.abc import Callable, Iterable
from threading import Event, Thread

Statvfs = Callable[[bytes], os.statvfs_result]


class Probe:
    """Asks several filesystems at once and waits for them together, `patience` seconds at most."""

    def __init__(self, statvfs: Statvfs, patience: float = 0.5) -> None:
        self._statvfs = statvfs
        self._patience = patience
        self._hanging: dict[bytes, Thread] = {}

    def ask(self, mountpoints: Iterable[bytes]) -> dict[bytes, os.statvfs_result]:
        """Return the answers that came in time; errors count as no answer."""
        self._hanging = {path: thread for path, thread in self._hanging.items() if thread.is_alive()}
        round_ = _Round(self._statvfs, [path for path in mountpoints if path not in self._hanging])
        self._hanging |= round_.threads
        round_.finished.wait(self._patience)
        return dict(round_.answers)


class _Round:
    """One question to each of some filesystems."""

    def __init__(self, statvfs: Statvfs, paths: list[bytes]) -> None:
        self._statvfs = statvfs
        self._waiting = set(paths)
        self.answers: dict[bytes, os.statvfs_result] = {}
        self.finished = Event()
        if not paths:
            self.finished.set()
        self.threads = {path: Thread(target=self._ask, args=(path,), name="statvfs", daemon=True) for path in paths}
        for thread in self.threads.values():
            thread.start()

    def _ask(self, path: bytes) -> None:
        try:
            self.answers[path] = self._statvfs(path)
        except OSError:
            pass
        finally:
            self._waiting.discard(path)
            if not self._waiting:
                self.finished.set()
