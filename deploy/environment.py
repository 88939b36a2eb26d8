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
EVERYTHING = "requirements-dev.lock"


def stop(sentence: str) -> None:
    """Ends with a sentence; a traceback would not tell a newcomer what to do."""
    sys.exit(f"trawl: {sentence}")


def check_python() -> None:
    """The interpreter must be new enough and able to make environments."""
    version = ".".join(map(str, sys.version_info[:2]))
    if sys.version_info < OLDEST:
        stop(
            f"this needs Python 3.11 or newer, and {sys.executable} is {version}. "
            "Name another one: make PYTHON=/path/to/python3.12"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        stop(
            f"{sys.executable} cannot make virtual environments. "
            f"On Debian and Ubuntu: apt-get install python{version}-venv"
        )


def fingerprint(lock: str) -> str:
    """What the environment is made of: the lock, the project's own metadata, the interpreter, the place."""
    digest = hashlib.sha256(f"{sys.version} {os.getcwd()}".encode())
    for name in (lock, "pyproject.toml"):
        with open(name, "rb") as source:
            digest.update(source.read())
    return digest.hexdigest()


def stamp_of(venv: str, lock: str) -> str:
    """The file that remembers which lock the environment was laid from."""
    return os.path.join(venv, f".laid-{os.path.basename(lock)}")


def is_laid(venv: str, lock: str) -> bool:
    """True when this lock, or the development lock that holds all of it, is what the environment was laid from."""
    for candidate in {lock, EVERYTHING}:
        try:
            with open(stamp_of(venv, candidate)) as stamp:
                if stamp.read() == fingerprint(candidate):
                    return True
        except OSError:
            continue
    return False


def run(*command: str) -> "tuple[int, str]":
    """Runs quietly; returns the exit code and what was said."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def entry(lock: str, package: str) -> str:
    """The lines of one package in a lock: version and hashes."""
    with open(lock) as source:
        found = re.search(rf"^{re.escape(package)}==(?:.*\\\n)*.*\n", source.read(), re.MULTILINE)
    return found.group(0) if found else ""


def install(python: str, lock: str) -> None:
    """Installs the lock. uv is far faster than pip; where it cannot reach the packages, pip's own settings may."""
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes", "-r"]
    with tempfile.TemporaryDirectory() as folder:
        only_uv = os.path.join(folder, "uv.lock")
        with open(only_uv, "w") as target:
            target.write(entry(EVERYTHING, "uv"))
        code, _ = run(*pip, only_uv)
    if code == 0:
        code, _ = run(python, "-m", "uv", "pip", "install", "--python", python, "--require-hashes", "-r", lock)
    if code != 0:
        code, said = run(*pip, lock)
        if code != 0:
            stop(f"the packages of {lock} could not be installed. pip says:\n{said[-3000:]}")


def install_project(python: str) -> None:
    """The project itself, editable: the code that runs is the code that is read."""
    command = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    code, said = run(*command, "--no-build-isolation", "--editable", ".")
    if code != 0:
        stop(f"the project could not be installed. pip says:\n{said[-3000:]}")


def main() -> None:
    """Lays the environment when it is not what the lock says."""
    lock = sys.argv[1]
    venv = sys.argv[2] if len(sys.argv) > 2 else ".venv"
    check_python()
    if is_laid(venv, lock):
        return
    started = time.monotonic()
    print(f"Setting up {venv} from {lock}: some 400 MB to download, once …", flush=True)
    python = os.path.join(venv, "bin", "python")
    if not os.path.exists(python):
        code, said = run(sys.executable, "-m", "venv", venv)
        if code != 0:
            stop(f"{venv} could not be made: {said[-1000:]}")
    install(python, lock)
    install_project(python)
    with open(stamp_of(venv, lock), "w") as stamp:
        stamp.write(fingerprint(lock))
    print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)


if __name__ == "__main__":
    main()
