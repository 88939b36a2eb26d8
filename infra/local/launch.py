"""Becomes another program, after arranging that it does not outlive its parent.

    python -I -S launch.py PARENT SIGNAL UID GID -- PROGRAM ARGUMENT…

Runs between fork and exec, in place of a `preexec_fn`, which is not safe in a program with threads. Imports as little
as it can: it delays every start. The parent-death signal (prctl(2), Linux) must be set after the user was changed,
which clears it, and the parent looked at after that, for it may have died before.
"""

import ctypes
import os
import resource
import sys

PR_SET_PDEATHSIG = 1
OPEN_FILES = 65_536
_SEPARATOR = 5


def main(words: list[str]) -> None:
    """Never returns: either the program runs in this process, or the process ends."""
    parent, signal, uid, gid = (int(word) for word in words[1:_SEPARATOR])
    argv = words[_SEPARATOR + 1 :]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    # A broker and a database hold many files open; what a shell allows (1024) is meant for people.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    try:
        os.execv(argv[0], argv)
    except OSError as error:
        sys.stderr.write(f"{argv[0]} cannot be run: {error.strerror}\n")
        os._exit(126)


if __name__ == "__main__":
    main(sys.argv)
