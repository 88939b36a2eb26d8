"""python -m streams.extraction.children.nursery SOCKET PARENT MEMORY: forks a child for each connection it is handed.

It has what reading needs already imported, no threads, no connections, and never reads a page itself.
"""

import contextlib
import ctypes
import gc
import os
import signal
import sys
import traceback
from importlib import import_module
from socket import AF_UNIX, SOCK_STREAM, recv_fds, socket

from streams.extraction.children.worker import limit_memory, serve

_LOADED = ("pypdf", "trafilatura")
"""What is imported where it is used, and would otherwise be imported by each child anew."""

_PR_SET_PDEATHSIG = 1
_LINUX = sys.platform == "linux"


def main(control_fd: int, parent: int, memory: int) -> None:
    """Until the parent's end of the control socket is closed."""
    end_with(parent)
    # Who may end it is its parent alone, which drains first; a terminal and a service manager signal everybody.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the children
    for name in _LOADED:
        import_module(name)
    gc.collect()
    gc.freeze()
    with socket(AF_UNIX, SOCK_STREAM, fileno=control_fd) as control:
        while True:
            word, handed, _, _ = recv_fds(control, 1, 1)
            if not word:
                return
            for fd in handed:
                _fork(control, fd, memory)


def end_with(parent: int) -> None:
    """The kernel kills this process when `parent` dies (prctl(2)); elsewhere than on Linux the socket's end must do."""
    if _LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _fork(control: socket, fd: int, memory: int) -> None:
    nursery = os.getpid()
    if os.fork():
        os.close(fd)
        return
    try:
        end_with(nursery)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        limit_memory(memory)
        with contextlib.suppress(ConnectionError):  # nobody waits for the answer any more
            serve(socket(AF_UNIX, SOCK_STREAM, fileno=fd))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
