"""The log file of a program that local mode runs, and what its present run says there."""

import os
from pathlib import Path
from typing import IO

MAX_LOG_BYTES = 8 << 20


class RunLog:
    """A file that each run appends to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = 0  # where in the file the present run begins

    def begin(self) -> IO[bytes]:
        """Open it for a run; a large one makes room first, and one older log is kept."""
        if self._path.exists() and self._path.stat().st_size > MAX_LOG_BYTES:
            self._path.replace(self._path.with_suffix(".log.1"))
        file = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
        self._start = file.seek(0, os.SEEK_END)
        return file

    def last_words(self, code: int) -> str:
        """Quote the last error, or else the last line, that the run which ended has logged, and name the log.

        A program that was ended by a signal had no say in it, so it is not quoted.
        """
        lines = self._logged() if code >= 0 else []
        errors = [line for line in lines[-20:] if line.startswith("error[")]
        words = (errors or lines)[-1:]
        return f"Its last words: {words[0]} ({self._path})" if words else f"Its log: {self._path}"

    def _logged(self) -> list[str]:
        """Read the lines of the present run; older ones in the same file would mislead."""
        with self._path.open("rb") as log:
            log.seek(self._start)
            return [line for line in log.read().decode(errors="replace").splitlines() if line]
