"""Text files that options and variables name."""

from pathlib import Path

from sysmon_agent.errors import ConfigError


def text_of(file: Path) -> str:
    """Read a file; raises ConfigError where that fails."""
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.", hint=f"ls -l {file}") from error
