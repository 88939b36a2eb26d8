"""Lays the virtual environment: `python deploy/environment.py LOCK [VENV]`, for make and CI.

Every package comes by hash from the lock; nothing is done when the environment already is what the lock says. It runs
on any Python from 3.6, before anything is installed, so that a Python that is too old gets a sentence.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time

OLDEST = (3, 11)


def stop(sentence):
    """Ends with a sentence; a traceback would not tell a newcomer what to do."""
    sys.exit("trawl: " + sentence)


def check_python():
    """The interpreter must be new enough and able to make environments."""
    if sys.version_info < OLDEST:
        stop(
            "this needs Python 3.11 or newer, and %s is %d.%d. Name another one: make PYTHON=/path/to/python3.12"
            % (sys.executable, sys.version_info[0], sys.version_info[1])
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        stop(
            "%s cannot make virtual environments. On Debian and Ubuntu: apt-get install python%d.%d-venv"
            % (sys.executable, sys.version_info[0], sys.version_info[1])
        )


def fingerprint(lock):
    """What the environment is made of: the lock, the project's own metadata, the interpreter."""
    digest = hashlib.sha256(sys.version.encode())
    for name in (lock, "pyproject.toml"):
        with open(name, "rb") as source:
            digest.update(source.read())
    return digest.hexdigest()


def stamp_of(venv, lock):
    """The file that remembers which lock the environment was laid from."""
    return os.path.join(venv, ".laid-" + os.path.basename(lock))


def is_laid(venv, lock):
    """True when this lock, or the development lock that holds all of it, is what the environment was laid from."""
    for candidate in {lock, "requirements-dev.lock"}:
        try:
            with open(stamp_of(venv, candidate)) as stamp:
                if stamp.read() == fingerprint(candidate):
                    return True
        except OSError:
            continue
    return False


def run(command, **more):
    """Runs quietly; on failure shows what the command said."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **more)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def entry(lock, package):
    """The lines of one package in a lock: version and hashes."""
    with open(lock) as source:
        found = re.search(r"^%s==(?:.*\\\n)*.*\n" % re.escape(package), source.read(), re.MULTILINE)
    return found.group(0) if found else ""


def install(python, lock):
    """Installs the lock. uv is ten times faster than pip; where it cannot reach the packages, pip's own settings may."""
    with tempfile.TemporaryDirectory() as folder:
        only_uv = os.path.join(folder, "uv.lock")
        with open(only_uv, "w") as target:
            target.write(entry("requirements-dev.lock", "uv"))
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
        code, _ = run(pip + ["-r", only_uv])
    if code == 0:
        code, _ = run([python, "-m", "uv", "pip", "install", "--python", python, "--require-hashes", "-r", lock])
    if code != 0:
        code, said = run(pip + ["-r", lock])
        if code != 0:
            stop("the packages of %s could not be installed. pip says:\n%s" % (lock, said[-3000:]))


def install_project(python):
    """The project itself, editable: the code that runs is the code that is read."""
    command = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    code, said = run(command + ["--no-build-isolation", "--editable", "."])
    if code != 0:
        stop("the project could not be installed. pip says:\n%s" % said[-3000:])


def main():
    """Lays the environment when it is not what the lock says."""
    lock = sys.argv[1]
    venv = sys.argv[2] if len(sys.argv) > 2 else ".venv"
    check_python()
    if is_laid(venv, lock):
        return
    started = time.monotonic()
    print("Setting up %s from %s: some 600 MB to download, once …" % (venv, lock), flush=True)
    python = os.path.join(venv, "bin", "python")
    if not os.path.exists(python):
        code, said = run([sys.executable, "-m", "venv", venv])
        if code != 0:
            stop("%s could not be made: %s" % (venv, said[-1000:]))
    install(python, lock)
    install_project(python)
    with open(stamp_of(venv, lock), "w") as stamp:
        stamp.write(fingerprint(lock))
    print("Set up in %.0f s." % (time.monotonic() - started), flush=True)


if __name__ == "__main__":
    main()
