"""What the shell that started us allows: open files and address space (``ulimit -n`` and ``-v``)."""

from __future__ import annotations

import errno
import sys

from wire.protocol import ErrorCode, InsertObjectError

if sys.platform != "win32":
    import resource

LEAST_FILES = 64  # that a service with a few clients has open
WANTED_FILES = 1024  # as most systems grant
LEAST_ADDRESS_SPACE_MB = 1100  # a service with the shipped networks on one thread; libraries map most of it

# What PyTorch says, on Windows in the second way, as a RuntimeError.
_OUT_OF_MEMORY = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
)
# What the dynamic loader, threads and others say under a limit, each as an error of another kind; without one
# it can have other reasons.
_OUT_OF_LIMITED_MEMORY = (
    "failed to map segment",
    "annot allocate memory",
    "can't allocate memory",
    "can't start new thread",
)


class LimitTooLow(InsertObjectError):
    """The shell allows less than the program cannot do without."""

    def __init__(self, sentence: str, command: str) -> None:
        hint = f"Allow more with “{command}”, or start it where that is allowed."
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


def check_limits() -> None:
    """Takes as many open files as we may have; raises LimitTooLow where that, or memory, is too little.

    Programs that are started from here inherit the limits, so what is true of us is true of the service.
    """
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < WANTED_FILES and soft != hard:
        soft = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if 0 <= soft < LEAST_FILES:
        raise LimitTooLow(
            f"Only {soft} files may be open at a time here, and Insert Object needs {LEAST_FILES}.",
            f"ulimit -n {WANTED_FILES}",
        )
    space, _ = resource.getrlimit(resource.RLIMIT_AS)
    if 0 <= space < LEAST_ADDRESS_SPACE_MB << 20:
        raise LimitTooLow(
            f"Only {space >> 20} MB of address space may be used here, and Insert Object needs "
            f"{LEAST_ADDRESS_SPACE_MB}.",
            "ulimit -v unlimited",
        )


def memory_is_limited() -> bool:
    """Whether this process may have less memory than the computer: it was started under ``ulimit -v``."""
    return sys.platform != "win32" and resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def is_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory has run out, under whatever name libraries tell it."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    told = str(error)
    if any(words in told for words in _OUT_OF_MEMORY):
        return True
    return memory_is_limited() and any(words in told for words in _OUT_OF_LIMITED_MEMORY)


def memory_hint() -> str:
    """What to do when memory runs out: lift the limit, if there is one."""
    if memory_is_limited():
        return "Lift the limit on memory that is set here: ulimit -v unlimited"
    return "Close other programs."
