"""Tying the programs that this one starts to itself."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_this_one(how: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """Make what a new process runs before its program, so that not even `kill -9` of this one leaves it behind.

    The kernel ends it with the *thread* that started it. None where the system has no such thing. It runs between fork
    and exec, and is loaded before: only the kernel can see a parent die in every case.
    """
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, how)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return die_with_parent
