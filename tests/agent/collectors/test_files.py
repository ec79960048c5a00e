"""Reading the kernel's files."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.collectors.files import KernelFile, folder_names, read_word, text


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    """A kept-open file shows what it holds now, whether that is longer or shorter than before."""
    path = tmp_path / "stat"
    file = KernelFile(str(path))
    for content in (b"one", b"a longer one", b"", b"x" * 100_000):
        path.write_bytes(content)
        assert file.read() == content


def test_a_file_is_opened_again_after_an_error(tmp_path: Path) -> None:
    """When reading fails, as with a device that was replugged, the file is opened anew."""
    path = tmp_path / "stat"
    path.write_bytes(b"before")
    file = KernelFile(str(path))
    file.read()
    os.close(file._descriptor)
    file._descriptor = os.open(path, os.O_WRONLY)  # reading it fails, as reading of a device that is gone
    path.write_bytes(b"after")

    assert file.read() == b"after"


def test_a_missing_file_raises_and_leaks_nothing(tmp_path: Path) -> None:
    """A file that does not exist raises at each reading and is found once it is there."""
    file = KernelFile(str(tmp_path / "absent"))
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            file.read()
    (tmp_path / "absent").write_bytes(b"here")
    assert file.read() == b"here"


def test_files_are_closed_with_their_reader(tmp_path: Path) -> None:
    """A reader that is thrown away leaves no open file behind."""
    path = tmp_path / "stat"
    path.write_bytes(b"content")
    before = len(folder_names("/proc/self/fd"))
    for _ in range(50):
        KernelFile(str(path)).read()
    assert len(folder_names("/proc/self/fd")) == before


def test_absent_words_and_folders_are_empty(tmp_path: Path) -> None:
    """What a machine does not have reads as nothing."""
    assert read_word(str(tmp_path / "absent")) == ""
    assert folder_names(str(tmp_path / "absent")) == []


@given(st.binary(max_size=5000))
def test_text_can_be_shown_and_sent(data: bytes) -> None:
    """Whatever bytes the kernel shows, their text is printable, is UTF-8, and fits the wire."""
    shown = text(data)
    assert shown.isprintable()
    assert len(shown.encode("utf-8")) <= 4096
